import JobRuntime

/// `--instance`: only what is of one installation; without it of that which `JOB_INSTANCE` names, if it does.
///
/// - Returns: empty for those that have no name, `nil` for all.
func instanceOption(from arguments: inout Arguments, _ env: inout Environment, help: String) -> String? {
  let given: String? = arguments.custom(
    "instance", .text("INSTANCE"), default: nil, help: help + "; --instance= for the one without a name"
  ) { text in
    text.isEmpty || InstanceName.isValid(text) ? .success(text) : .failure("is «\(text)», not of \(InstanceName.form)")
  }
  let name = InstanceName.read(from: &env, help: "What --instance is where it is not given.")
  return given ?? name
}

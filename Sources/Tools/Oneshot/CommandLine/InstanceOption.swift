import JobRuntime

/// `--instance`: only one installation; without it the one that `JOB_INSTANCE` names, if it is set.
///
/// - Returns: empty for the installation without a name, `nil` for all.
func instanceOption(from arguments: inout Arguments, _ env: inout Environment, help: String) -> String? {
  let given: String? = arguments.custom(
    "instance", .text("INSTANCE"), default: nil, help: help + "; --instance= for the one without a name"
  ) { text in
    text.isEmpty || InstanceName.isValid(text) ? .success(text) : .failure("is «\(text)», not of \(InstanceName.form)")
  }
  let name = InstanceName.read(from: &env, help: "The value of --instance where that is not given.")
  return given ?? name
}

import JobRuntime

/// A job of one installation, as `pause`, `resume` and `run-now` name it.
struct JobOfInstance: Sendable {
  let name: String
  let instance: String

  init(from arguments: inout Arguments, _ env: inout Environment) {
    instance = instanceOption(from: &arguments, &env, help: "the job of this installation") ?? ""
    name = arguments.operand(.job, help: "the job, also one that job-exec runs")
  }

  var qualified: String { RunIdentity.qualified(name, instance) }
}

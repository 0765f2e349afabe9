/// What a job's binary is asked for. Without arguments it runs the job.
enum JobRequest: String, CaseIterable, Sendable {
  case plan, check, help, version, describe

  /// What is asked for; `nil` for a run.
  static func read(from arguments: inout Arguments) -> JobRequest? {
    arguments.oneFlag(of: JobRequest.self, help: \.help)
  }

  private var help: String {
    switch self {
    case .plan: "do everything but write: report what would change"
    case .check: "look at settings, connections, privileges and schema; write nothing"
    case .help: "this text"
    case .version: "the version"
    case .describe: "name, settings, tables and exit codes as one line of JSON, for tools that generate manifests"
    }
  }

  /// What is answered without a run; `nil` for what needs one. Only a description looks at the environment, for what the
  /// job is with these settings.
  func answer<J: Job>(of job: J.Type, in environment: [String: String]) -> String? {
    switch self {
    case .help: JobHelp.text(of: J.self)
    case .version: "\(J.name) \(oneshotVersion)\n"
    case .describe: Description.json(of: J.self, environment).text + "\n"
    case .plan, .check: nil
    }
  }
}

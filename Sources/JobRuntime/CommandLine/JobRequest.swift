/// What the arguments of a job's binary request.
///
/// Without arguments it runs the job.
enum JobRequest: String, CaseIterable, Sendable {
  case plan, check, help, version, describe

  /// The request; `nil` for a run.
  static func read(from arguments: inout Arguments) -> JobRequest? {
    arguments.oneFlag(of: JobRequest.self, help: \.help)
  }

  private var help: String {
    switch self {
    case .plan: "do everything except write: report what would change"
    case .check: "look at settings, connections, privileges and schema; write nothing"
    case .help: "this text"
    case .version: "the version"
    case .describe: "name, settings, tables and exit codes as one line of JSON, for tools that generate manifests"
    }
  }

  /// The answer to a request that needs no run; `nil` for one that does.
  ///
  /// Only a description reads the environment, to describe the job with these settings.
  func answer<J: Job>(of job: J.Type, in environment: [String: String]) -> String? {
    switch self {
    case .help: JobHelp.text(of: J.self)
    case .version: "\(J.name) \(oneshotVersion)\n"
    case .describe: Description.json(of: J.self, environment).text + "\n"
    case .plan, .check: nil
    }
  }
}

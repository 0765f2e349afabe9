import JSONReading
import JobRuntime

/// `oneshot check [JOB …]`: runs `--check` of every job.
struct Check: Command {
  static let name = "check"
  static let summary = "check every job at once: settings, connections, privileges, schema"
  static let discussion =
    """
    Runs JOB --check for each job, with the environment of this command, which writes nothing. Shows one line for each, \
    and below it what is wrong. Ends with the worst of their exit codes: one that a retry does not help before one that \
    it may help, then the higher number.
    """

  private let jobs: InstalledJobs
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "the result of each job's check, as one JSON array")
    jobs = InstalledJobs(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: NoServer) async throws -> Int32 {
    let outcomes = try await outcomes(of: jobs.all())
    if isJSON {
      try console.say(JSON.array(outcomes.map(\.result)))
    } else {
      try console.say(Self.table(outcomes, width: console.width))
    }
    return outcomes.map(\.exitCode).max { Self.rank($0) < Self.rank($1) } ?? 0
  }

  /// How one job's check ended.
  private struct Outcome: Sendable {
    var job: String
    var exitCode: Int32
    var result: JSON
    var problems: [String] = []
  }

  /// Four at a time: each opens connections.
  private func outcomes(of jobs: [InstalledJob]) async throws -> [Outcome] {
    try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
      var outcomes = [Outcome?](repeating: nil, count: jobs.count)
      for (index, job) in jobs.enumerated() {
        if index >= 4, let (number, outcome) = try await group.next() { outcomes[number] = outcome }
        group.addTask { (index, await Self.check(job)) }
      }
      for try await (number, outcome) in group { outcomes[number] = outcome }
      return outcomes.compactMap(\.self)
    }
  }

  private static func check(_ job: InstalledJob) async -> Outcome {
    do {
      let (json, exitCode) = try await job.answer(to: "--check")
      var outcome = Outcome(job: job.name, exitCode: exitCode, result: JSON(json))
      if case .list(let errors)? = json["errors"] { outcome.problems = errors.compactMap { $0["message"]?.text } }
      if outcome.problems.isEmpty, let error = json["error"] {
        outcome.problems = [[error["message"]?.text, error["hint"]?.text].compactMap(\.self).joined(separator: ". ")]
      }
      return outcome
    } catch {
      let failure = JobFailure(classifying: error)
      return Outcome(
        job: job.name, exitCode: failure.kind.exitCode,
        result: ["job": .string(job.name), "problem": .string(failure.description)], problems: [failure.description])
    }
  }

  private static func table(_ outcomes: [Outcome], width: Int?) -> String {
    var table = Table("job", .number("exit"), "check")
    for outcome in outcomes {
      table.add(
        outcome.job, "\(outcome.exitCode)",
        outcome.exitCode == 0 ? "ok" : "\(outcome.problems.count) wrong")
    }
    var text = table.text(width: width)
    for outcome in outcomes where !outcome.problems.isEmpty {
      text += "\n\(printable(outcome.job)):\n" + outcome.problems.map { "  \(printable($0))\n" }.joined()
    }
    return text
  }

  private static func rank(_ code: Int32) -> (Int, Int32) {
    if code == 0 { return (0, 0) }
    return (ExitCode.all.contains { $0.codes.contains(code) && $0.advice.retries } ? 1 : 2, code)
  }
}

/// One run as a value: surroundings become a result.
///
/// It can happen any number of times in one process, several at once too: it depends on nothing but its surroundings,
/// and ends nothing but itself.
///
/// The one place that assembles a run from its parts, for binaries and for tests
/// (docs/decisions/0021-a-run-is-a-value.md).
package struct Invocation<J: Job>: Sendable {
  private let surroundings: Surroundings
  private let makeJob: @Sendable (J.Settings) -> J

  /// - Parameter job: makes the job from its settings; a test may pass a job that it has made already.
  package init(_ surroundings: Surroundings, making job: @escaping @Sendable (J.Settings) -> J = { J(settings: $0) }) {
    self.surroundings = surroundings
    makeJob = job
  }

  /// The outcome of an invocation.
  package enum Answer: Sendable {
    /// A text to print: help, for example.
    case text(String)
    case result(RunResult)
  }

  /// Does all of it: reads arguments and settings, runs the job, and returns how it ended.
  package func answer() async -> Answer {
    switch prepare() {
    case .text(let text):
      _ = surroundings.output.write(text)
      return .text(text)
    case .run(let run):
      let result = await run.result()
      run.delivery.deliver(result)
      return .result(result)
    }
  }

  /// What is left to do once arguments and settings are read.
  enum Prepared {
    case text(String)
    case run(PreparedRun)
  }

  /// Reads arguments and settings.
  ///
  /// Contacts nothing, and writes nothing but warnings to the log.
  func prepare() -> Prepared {
    var arguments = Arguments(surroundings.arguments)
    let request = JobRequest.read(from: &arguments)
    var env = Environment(surroundings.environment, arguments: arguments)
    let servers = Servers(from: &env)
    var settings = RuntimeSettings(from: &env)
    let own = J.Settings(from: &env)
    env.arguments.end()
    arguments = env.arguments
    if arguments.problems.isEmpty, let text = request?.answer(of: J.self, in: surroundings.environment) {
      return .text(text)
    }
    if request == .plan { settings.isDryRun = true }
    let name = env.jobName ?? J.name

    let startedAt = surroundings.now()
    var generator = SystemRandomNumberGenerator()
    let runID = RunID(at: startedAt, using: &generator)
    // A URL may hold the job's name too, which is no secret.
    let redactor = Redactor(env.secrets.filter { $0 != name })
    let log = Log(
      to: surroundings.terminal, format: settings.logFormat, level: settings.logLevel, job: name,
      runID: runID.description, redactor: redactor, now: surroundings.now)
    var warning: String?
    let logicalTime = LogicalTime.decide(
      setting: settings.scheduledAt, kubernetesName: settings.kubernetesName, now: startedAt, warning: &warning)
    if let warning { log.warning(warning) }
    if let id = settings.executionID { log.info("started by the scheduler", ["execution_id": .string(id)]) }
    let unread = env.unread
    for variable in unread { log.warning(variable.description) }

    let delivery = ResultDelivery(to: surroundings, path: settings.resultFile, log: log, redactor: redactor)
    let identity = RunIdentity(
      instance: settings.instance, job: name, server: J.facts.keepsDataInRedis ? servers?.server ?? "" : "",
      variant: env.variant, series: env.series, shard: settings.shard)
    var refused = RunResult(
      identity: identity, version: oneshotVersion, runID: runID.description, status: .failed, exitCode: 0,
      logicalTime: logicalTime, startedAt: startedAt)
    guard arguments.problems.isEmpty else {
      refused.fail(
        JobFailure(
          .usage, arguments.problems.joined(separator: "; "),
          hint: "\(J.name) --help lists the arguments; settings come from the environment."))
      return .run(PreparedRun(refused, delivery))
    }
    guard env.problems.isEmpty, let servers else {
      refused.errors = env.problems.map { .init(item: $0.name, kind: "setting", message: "\($0.name) \($0.message)") }
      refused.errorsTotal = env.problems.count
      let all = env.problems.map { "\($0.name) \($0.message)" }.joined(separator: "; ")
      refused.fail(
        JobFailure(.misconfigured, all, hint: "\(J.name) --help lists every setting. Nothing has been contacted."))
      return .run(PreparedRun(refused, delivery))
    }

    let channels = Channel.all(settings.telemetry, terminal: surroundings.terminal)
    let runner = JobRunner(
      job: makeJob(own), servers: servers, settings: settings, zones: env.zones, unread: unread, identity: identity,
      logicalTime: logicalTime, runID: runID, startedAt: startedAt, log: log, surroundings: surroundings,
      telemetry: Telemetry(channels, redactor: redactor, log: log))
    return .run(PreparedRun(of: runner, isCheck: request == .check, delivery))
  }
}

extension RunResult {
  fileprivate mutating func fail(_ failure: JobFailure) { (error, exitCode) = (failure, failure.kind.exitCode) }
}

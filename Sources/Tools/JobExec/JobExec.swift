import BlockingIO
import ChildProcess
import JobRuntime
import Postgres

/// Runs any program under the contract of a job: one lock, one slot, one row in the ledger, one result.
///
/// - Reads and writes: nothing but the runtime's own tables; what the program does is its own affair.
/// - Safe to run twice because: it is as safe as the program. One that writes to this database calls
///   `oneshot.check_fence` first; any other has to bear being run again, as under cron.
/// - Safe to stop halfway because: as above; the program and all of its process group end with the run.
/// - If it is late: the program finds in its environment which time it is for, and which window it covers.
@main
struct JobExec: Job {
  static let facts = JobFacts(
    name: "job-exec",
    summary: "runs any program under the contract of a job: lock, slot, ledger, fence, deadline, result",
    schema: [MigrationNeed("core", 5)])

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    let path: String
    do throws(ProgramPath.Problem) {
      path = try ProgramPath.find(settings.command[0], in: settings.environment["PATH"])
    } catch { throw JobFailure(error) }
    guard let fence = run.fence else { return Report(wouldRun: [path] + settings.command.dropFirst()) }
    let window = try await Self.window(of: run)
    run.setWindow(window)
    var program = Program(
      path: path, arguments: settings.command,
      environment: ChildVariables(of: run, fence: fence, window).added(to: settings.environment))
    program.read = [1, 2, ProgramOutput.countsDescriptor]
    program.grace = StopLimits.program
    // It may be the first process of a container.
    program.reapsOrphans = true
    let (end, output, report) = try await Self.watching(run) { [program] in
      var (end, output) = await program.run(ProgramOutput(of: path, run.log))
      output.finish(end)
      let report = Report(path, end, output)
      // Also of a program that was stopped.
      try run.checkpoint(report)
      return (end, output, report)
    }
    try Task.checkCancellation()
    return try settings.codes.judge(end, of: settings.command[0], output.lastLines, report)
  }

  /// From the slot of the last run that succeeded to this one's.
  private static func window(of run: JobRun) async throws -> Window? {
    let identity = run.identity
    let since: Timestamp? = try await run.read(
      """
      select max(scheduled_at) as since from oneshot.job_runs
      where instance = \(identity.instance) and job = \(identity.job) and variant = \(identity.variant)
        and shard = \(identity.shard.index) and shard_count = \(identity.shard.count)
        and status = 'succeeded' and scheduled_at < \(run.scheduledAt)
      """
    ).only().optional("since")
    return since.flatMap { Window(start: $0, end: run.scheduledAt) }
  }

  /// Lets the program run for as long as no newer run has started.
  private static func watching<Value: Sendable>(
    _ run: JobRun, _ work: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await work() }
      group.addTask {
        try await watchFence(run)
        return nil
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() ?? nil else { throw CancellationError() }
      return value
    }
  }

  /// How often the fence is looked at: between two looks a program may work on whose run is no longer the newest.
  private static let patience = Duration.seconds(5)

  /// - Throws: once the run may no longer write. A server that cannot be reached ends no program: whether the run
  ///   counts is decided when it is closed.
  private static func watchFence(_ run: JobRun) async throws {
    while true {
      try await Task.sleep(for: patience)
      do { try await run.transaction { _ in } } catch let failure as JobFailure
        where [.fenced, .failover, .lockLost].contains(failure.kind)
      {
        throw failure
      } catch {
        try Task.checkCancellation()
        run.log.warning("the fence could not be read; the program continues", ["error": .string("\(error)")])
      }
    }
  }
}

extension JobExec: Checkable {
  /// Looks for the program, and does not start it.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    do throws(ProgramPath.Problem) {
      _ = try ProgramPath.find(settings.command[0], in: settings.environment["PATH"])
      return []
    } catch { return [JobFailure(error)] }
  }
}

extension JobFailure {
  fileprivate init(_ problem: ProgramPath.Problem) {
    let hint =
      switch problem {
      case .missing:
        "The words after -- are a program and its arguments. For a line of shell write: -- sh -c '…'"
      case .notExecutable(let file): "chmod +x \(file), or run it by its interpreter: -- sh \(file)"
      }
    self.init(.misconfigured, "\(problem)", hint: hint)
  }
}

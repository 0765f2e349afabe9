import JobRuntime
import Postgres

/// Brings rows from stdin, from a file or from a program into a table: all of them or none.
///
/// - Reads and writes: the table of `STAGE_TABLE`.
/// - Safe to run twice: rows that are in the table already, equal, are not written again.
/// - Safe to stop halfway: rows are gathered in a temporary table, and go over in one transaction.
/// - If it is late: it brings what the producer gives it then; a window is that of its scheduled time.
@main
struct StageTable: Job {
  static let facts = JobFacts(
    name: "stage-table",
    summary: "brings rows from stdin, a file or a program into a table, all of them or none",
    letterKinds: [.badRow])

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    if let failure = Self.complaint(about: run.shard) { throw failure }
    let target = try await run.reading { session in try Target.look(for: settings, session) }
    let window = settings.window(of: run.scheduledAt)
    run.setWindow(window)
    let merge = Merge(target, settings, window)
    return try await withSource(run) { source in
      var losses = 0
      while true {
        let staged = try await Stage(target, settings).fill(from: source, run)
        try run.checkpoint(staged)
        do { return try await write(staged, by: merge, run) } catch let lost as StageLost {
          losses += 1
          guard losses < 3 else { throw lost.cause }
          run.log.warning("the connection was lost, and what was staged with it; loading again")
        }
      }
    }
  }

  /// One stream has no shares.
  static func complaint(about shard: Shard) -> JobFailure? {
    guard !shard.isWhole else { return nil }
    return JobFailure(
      .misconfigured, "JOB_SHARD_COUNT is \(shard.count), and a stream cannot be shared",
      hint: "Where there are several streams for one table, give each its STAGE_SOURCE and a mode that removes nothing."
    )
  }

  /// Lends the stream of rows.
  private func withSource<Value>(_ run: JobRun, _ body: (any Source) async throws -> Value) async throws -> Value {
    if let command = settings.command {
      return try await CommandSource(command, settings, run).lent(to: body)
    }
    if let file = settings.file { return try await body(FileSource(file)) }
    return try await run.withInput { input in
      guard !input.isTerminal else {
        throw JobFailure(
          .misconfigured, "stdin is a terminal, and there is no producer",
          hint: #"Pipe the rows in: { producer && echo '\.'; } | stage-table"#)
      }
      let source = StreamSource(input, spool: settings.spool)
      try await input.hasBegun()
      return try await body(source)
    }
  }

  /// Writes what is staged, in one transaction.
  private func write(_ staged: Report, by merge: Merge, _ run: JobRun) async throws -> Report {
    do {
      return try await run.transaction { tx in
        var report = staged
        if settings.badRows == .skip { try BadRows(settings, merge.target).cast(&report, tx, run) }
        try merge.check(report, tx, run)
        try merge.write(&report, tx, run)
        return report
      }
    } catch let error as PostgresError where Stage.isLost(error) {
      throw StageLost()
    } catch {
      throw Refused.explained(error, in: settings.table)
    }
  }
}

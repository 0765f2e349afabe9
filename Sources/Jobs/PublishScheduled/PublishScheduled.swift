import Events
import JobRuntime
import Postgres

/// Publishes the posts that are due: once, in order, with their event, however late the run starts.
///
/// - Reads and writes: the tables of `PUBLISH_TABLE`; `oneshot.events`.
/// - Safe to run twice: a post that is published is no longer scheduled the second time.
/// - Safe to stop halfway: each batch is its own transaction, with its events; the next run continues from there.
/// - If it is late: it publishes what is due all the same, the oldest first, and reports how late.
@main
struct PublishScheduled: Job {
  static let facts = JobFacts(
    name: "publish-scheduled",
    summary: "publishes posts when they are due, each once and with its event",
    schema: [Outbox.schema],
    tables: [Outbox.need],
    letterKinds: [.refused, .gaveUp, .unreadable])

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    var pass = MovePass(settings, run)
    let standings = try await pass.look(at: moves(for: run.shard))
    if run.isDryRun {
      try await pass.plan(standings.map(\.move))
    } else {
      try await pass.rejectUnreadable()
      for (move, isDue) in standings where isDue || pass.hasPublished(move.table) {
        try await pass.sparingOthers(move) { pass in try await pass.carryOut(move) }
      }
      try await pass.tryAgain()
      try await pass.resolve(standings.map(\.move))
    }
    try pass.conclude()
    return pass.report
  }

  /// What happens to the tables of this share: all of them are published before anything is unpublished.
  func moves(for shard: Shard) -> [Move] {
    let tables = settings.tables.enumerated().filter { $0.offset % shard.count == shard.index }.map(\.element)
    return tables.map(settings.publishing) + tables.compactMap(settings.unpublishing)
  }
}

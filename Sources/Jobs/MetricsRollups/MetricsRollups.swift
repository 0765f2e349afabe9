import JobRuntime
import Postgres

/// Keeps hourly, daily, weekly and monthly rollups of raw metric events, right whatever arrives late.
///
/// - Reads and writes: `metric_events` and other sources; `metric_rollups`, `oneshot.rollup_…`.
/// - Safe to run twice: a bucket is calculated from all of its parts and replaced, never added to.
/// - Safe to stop halfway: position and queue move together, and a bucket leaves the queue in the transaction that writes it.
/// - If it is late: it does what was touched meanwhile, in a transaction a day of events or several with few.
@main
struct MetricsRollups: Job {
  static let facts = JobFacts(
    name: "metrics-rollups",
    summary: "keeps hourly, daily, weekly and monthly rollups of metric events",
    schema: [MigrationNeed("rollups", 14)],
    tables: [
      TableNeed(
        "metric_events", columns: ["metric", "entity_type", "entity_id", "value", "occurred_at", "written_by"],
        privileges: [.select]),
      TableNeed(
        "metric_rollups",
        columns: [
          "granularity", "bucket_start", "source", "metric", "entity_type", "entity_id", "count", "sum", "sum_exact",
          "min", "max", "visitors", "visitor_hashes", "visitor_sketch",
        ], privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.rollup_positions", columns: ["source", "timezone", "seen", "raw_from", "calendar", "version"],
        privileges: [.select, .insert, .update]),
      TableNeed(
        "oneshot.rollup_queue", columns: ["source", "granularity", "bucket_start"],
        privileges: [.select, .insert, .delete]),
      TableNeed("oneshot.rollup_changes", columns: ["source", "occurred_at", "mark"], privileges: [.select, .delete]),
      TableNeed(
        "oneshot.rollup_tables", columns: ["source", "relation", "time_column", "relid"], privileges: [.select]),
      TableNeed(
        "oneshot.rollup_progress", columns: ["run_id", "granularity", "completed_at"],
        privileges: [.select, .insert, .update]),
    ],
    letterKinds: [.tooLate, .bucketFailed, .badRows, .sourceFailed, .trackingProblem, .emptied, .orphaned, .differs])

  let settings: Settings

  var writes: Bool { settings.mode != .verify }

  func run(_ run: JobRun) async throws -> Report {
    var pass = try await RollupPass(settings, run, opensBorders: writes)
    try await pass.rejectBrokenSources()
    try await pass.rejectTrackingProblems()
    guard writes else {
      pass.warnOfBordersAhead()
      try await pass.nameOrphans()
      try await pass.verify()
      return pass.report
    }
    try await pass.notice()
    guard !run.isDryRun else { return pass.report }
    for granularity in settings.levels { try await pass.recalculate(granularity) }
    try await pass.endRebuild()
    if settings.mode == .incremental { try await pass.removeOld() }
    try await pass.countQueued()
    return pass.report
  }
}

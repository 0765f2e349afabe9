import Postgres

/// The totals of a job's runs, from `oneshot.job_totals`: they outlast the ledger's rows, which are removed with time.
struct RunTotals: Sendable, Equatable {
  /// The ways in which a run that became leader can end, each the name of a column.
  static let endings: [RunStatus] = [.succeeded, .partial, .failed, .interrupted]
  static let columns = endings.map(\.rawValue)

  var runs: [RunStatus: Int64]
  var consecutiveFailures: Int64
  var lastSucceededAt: Timestamp?
  /// Failures of items.
  var deadLetters: Int64
}

extension Ledger {
  /// The totals, this run included; no row while this run is still open.
  func totals() -> Statement {
    """
    select succeeded, partial, failed, interrupted, dead_letters, consecutive_failures, last_succeeded_at
    from oneshot.job_totals
    where instance = \(identity.instance) and job = \(job) and server = \(identity.server)
      and variant = \(identity.series) and shard = \(shard.index)
      and exists (select from oneshot.job_runs where run_id = \(runID) and status <> 'running')
    """
  }

  func readTotals(_ rows: Rows) throws(PostgresError) -> RunTotals? {
    guard let row = rows.first else { return nil }
    var runs: [RunStatus: Int64] = [:]
    for status in RunTotals.endings { runs[status] = try row.value(status.rawValue) }
    return RunTotals(
      runs: runs, consecutiveFailures: try row.value("consecutive_failures"),
      lastSucceededAt: try row.optional("last_succeeded_at"), deadLetters: try row.value("dead_letters"))
  }
}

import Postgres

/// How a run knows whether it may still write.
extension Ledger {
  /// Reads the fence and holds a share lock on it until the transaction ends, so that no newer run can
  /// start in between.
  func fenceCheck() -> Statement {
    """
    select token, \(text: timelineNow) as timeline from oneshot.fences
    where instance = \(identity.instance) and job = \(job) and server = \(identity.server)
      and shard = \(shard.index) for share
    """
  }

  /// Yields a row if the transaction with this number has locked this run's fence, as every transaction of the
  /// run does: its number stays on the row (xmax) until the next one's.
  func trace(of transaction: String, fence: Int64) -> Statement {
    """
    select from oneshot.fences
    where instance = \(identity.instance) and job = \(job) and server = \(identity.server)
      and shard = \(shard.index) and token = \(fence)
      and xmax::text::numeric = \(transaction)::numeric % 4294967296
    """
  }

  /// - Throws: `JobFailure` of kind `fenced` when a newer run has started, of kind `failover` when the server's
  ///   timeline is not the one in which this run was opened.
  func check(_ rows: Rows, against fence: Int64) throws {
    if let failure = try failure(rows, fence) { throw failure }
  }

  /// Why a run may no longer write, by the row of its fence; `nil` if it may.
  func failure(_ rows: Rows, _ fence: Int64) throws -> JobFailure? {
    let newest = try rows.first?.value("token", as: Int64.self)
    if let timeline, let now = try rows.first?.optional("timeline", as: String.self), now != timeline {
      return Timeline.failure("its timeline was \(timeline) and is \(now)")
    }
    // Tokens only rise.
    guard let newest, newest >= fence else {
      return Timeline.failure(
        "this run's fence \(fence) is not there; the newest is \(newest.map(String.init) ?? "none")")
    }
    guard newest > fence else { return nil }
    return JobFailure(
      .fenced, "a newer run has started: this run's fence is \(fence), the newest is \(newest)",
      hint: "Nothing to do: what was not committed is rolled back, and the newer run does the work.")
  }
}

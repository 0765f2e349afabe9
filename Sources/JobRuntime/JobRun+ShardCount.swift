import Postgres

extension JobRun {
  /// Keeps runs apart that share the work among different numbers of shards.
  ///
  /// Lock, fence and the fence of the keys belong to one shard, so without this the second of three shards and a run
  /// with the whole work would not notice each other.
  ///
  /// The newest run decides; others of another number end at their next transaction, fenced (75).
  ///
  /// It first makes this run's number the one that holds, once no transaction of another number is open.
  ///
  /// - Parameter table: the job's table of the schema `oneshot`, whose one row has the number as `shard_count`.
  /// - Returns: the run, each transaction of which makes sure that its number still holds.
  public func keepingOtherShardCountsOut(by table: String) async throws -> JobRun {
    let count = shard.count
    let enter: Statement = """
      update oneshot.\(identifier: table) set shard_count = \(count) where shard_count <> \(count)
      """
    try await transaction { tx in try tx.execute(enter.limited(to: timeLeft)) }
    let check: Statement = "select shard_count from oneshot.\(identifier: table) for share"
    let job = identity.job
    return requiring { session in
      let newest: Int = try session.query(check).only().value("shard_count")
      guard newest == count else {
        throw JobFailure(
          .fenced, "a newer run with another JOB_SHARD_COUNT has started: \(newest) shards instead of \(count)",
          hint: "Let all schedules of \(job) have the same JOB_SHARD_COUNT, or never run at once. The next run goes on."
        )
      }
    }
  }
}

import JobRuntime
import Postgres

/// Keeps apart runs that share the work among different numbers of shards: the lock, the fence and the fence of the keys
/// are each shard's own, so the second of three would know nothing of a run that does all. The newest run decides; others
/// of another number end at their next transaction.
enum Sharding {
  /// Makes this run's number the one that holds, once no transaction of another number is open.
  ///
  /// - Returns: the run, each transaction of which makes sure that this is so until it ends.
  static func enter(_ run: JobRun) async throws -> JobRun {
    let count = run.shard.count
    let enter: Statement = """
      update oneshot.suggestion_state set shard_count = \(count) where shard_count <> \(count)
      """
    try await run.transaction { tx in try tx.execute(enter.limited(to: run.timeLeft)) }
    let check: Statement = "select shard_count from oneshot.suggestion_state for share"
    return run.requiring { session in
      let newest: Int = try session.query(check).only().value("shard_count")
      guard newest == count else {
        throw JobFailure(
          .fenced, "a newer run has started that shares the work otherwise: JOB_SHARD_COUNT was \(count), is \(newest)",
          hint:
            "Let all schedules of suggested-users have the same JOB_SHARD_COUNT, or never run at once. The next run goes on."
        )
      }
    }
  }
}

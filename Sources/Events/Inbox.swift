public import JobRuntime
import Postgres

/// Queries of the inbox beyond a single batch.
public enum Inbox {
  /// How many events of some partitions wait, and since when the oldest has waited.
  public static func waiting(
    _ source: String, _ partitions: [Int], _ run: JobRun
  ) async throws -> (events: Int, since: Timestamp?) {
    let waiting = try Statement(
      file: "waiting.sql", PackageResources.waiting_sql, binding: ["source": source, "partitions": partitions])
    let row = try await run.read(waiting).only()
    return (try row.value("waiting"), try row.optional("oldest"))
  }

  /// Whether an event of a partition is due.
  public static func hasDue(
    _ partition: Partition, at moment: Timestamp, heldUp: [String], _ run: JobRun
  ) async throws -> Bool {
    let statement = try SQLFragment(
      sql: "select exists (select from oneshot.event_inbox as w where {is_due}) as is_due"
    ).filling(["is_due": isDue]).binding([
      "source": partition.source, "partition": partition.number, "moment": moment, "held_up": heldUp,
    ]).statement()
    return try await run.read(statement).only().value("is_due")
  }

  static let isDue = SQLFragment("is_due.sql", PackageResources.is_due_sql)

  /// Forgets events that were done, or given up, before a moment, by Postgres' clock, too; but none that
  /// `oneshot.events` may still have: a position there may begin again (`oneshot after-restore`, a database of another
  /// server).
  ///
  /// - Parameter age: how old that is.
  public static func forget(before moment: Timestamp, age: Duration, _ run: JobRun) async throws {
    let isThere: Statement = """
      select exists (
          select from oneshot.event_inbox where seen_at < \(moment) and state <> 'waiting') as is_there,
        has_table_privilege('oneshot.events', 'select') as has_events
      """
    let row = try await run.read(isThere.limited(to: run.timeLeft)).only()
    guard try row.value("is_there") else { return }
    // Events that were done before the first row was written belong to rows that are gone.
    let first: Statement = "select written_at from oneshot.events order by seq limit 1"
    let oldest: Timestamp? = try row.value("has_events") ? await run.read(first).first?.value("written_at") : nil
    let forget = try Statement(
      file: "forget.sql", PackageResources.forget_sql,
      binding: ["before": min(moment, oldest ?? moment), "seconds": Int(age.inMilliseconds / 1000)])
    while try await run.transaction({ tx in try tx.execute(forget.limited(to: run.timeLeft)) }) == 10_000 {
      try Task.checkCancellation()
    }
  }
}

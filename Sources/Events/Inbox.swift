public import JobRuntime
import Postgres

/// What the inbox says of more than one batch.
public enum Inbox {
  /// How many events of some partitions wait, and since when the oldest does.
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

  /// Forgets what was done, or given up, before a moment, also by Postgres' clock.
  ///
  /// - Parameter age: how old that is.
  public static func forget(before moment: Timestamp, age: Duration, _ run: JobRun) async throws {
    let forget = try Statement(
      file: "forget.sql", PackageResources.forget_sql,
      binding: ["before": moment, "seconds": Int(age.inMilliseconds / 1000)])
    let isThere: Statement = """
      select exists (
        select from oneshot.event_inbox where seen_at < \(moment) and state <> 'waiting') as is_there
      """
    guard try await run.read(isThere.limited(to: run.timeLeft)).only().value("is_there") else { return }
    while try await run.transaction({ tx in try tx.execute(forget.limited(to: run.timeLeft)) }) == 10_000 {
      try Task.checkCancellation()
    }
  }
}

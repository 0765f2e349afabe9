public import JobRuntime
import Postgres

/// The table `oneshot.events`, read as a source of one partition.
public struct EventTable: Sendable {
  /// The only partition of the table.
  public let partition: Partition
  /// The most bytes that an event may have.
  let most: Int

  /// - Parameter most: the most bytes that an event may have; a larger one becomes a dead letter.
  public init(_ partition: Partition, atMost most: Int) { (self.partition, self.most) = (partition, most) }

  /// Rewrites rows whose transactions are ahead of this server, so that they belong to this transaction.
  ///
  /// A dump of another server has brought them, and once this server reaches those numbers, the rows would be new for a
  /// second time.
  public func adopt(_ run: JobRun) async throws {
    let isThere: Statement = """
      select exists (
        select from oneshot.events where written_by >= pg_snapshot_xmax(pg_current_snapshot())) as is_there
      """
    guard try await run.read(isThere.limited(to: run.timeLeft)).only().value("is_there") else { return }
    let adopt = try Statement(file: "adopt_events.sql", PackageResources.adopt_events_sql, binding: [:])
    while try await run.transaction({ tx in try tx.execute(adopt.limited(to: run.timeLeft)) }) == 10_000 {
      try Task.checkCancellation()
    }
  }

  /// Begins a pass, where there are rows that the position does not see.
  ///
  /// - Parameter snapshot: the snapshot up to which the pass reads.
  public func begin(_ position: TablePosition, until snapshot: String, _ run: JobRun) async throws -> TablePosition? {
    let first = try Statement(
      file: "first_event.sql", PackageResources.first_event_sql, binding: ["seen": position.seen, "until": snapshot])
    guard let seq: Int64 = try await run.read(first.limited(to: run.timeLeft)).only().optional("seq") else {
      return nil
    }
    return TablePosition(seen: position.seen, pass: .init(until: snapshot, seq: seq - 1))
  }

  /// Reads the next rows of a pass.
  ///
  /// - Parameters:
  ///   - count: how many at most.
  ///   - bytes: how many bytes of events at most; a larger event comes alone.
  /// - Returns: an empty page at the end of the pass.
  public func page(
    _ position: TablePosition, count: Int, bytes: Int, _ run: JobRun
  ) async throws -> [(seq: Int64, entry: Entry)] {
    guard let pass = position.pass else { return [] }
    let statement = try Statement(
      file: "next_events.sql", PackageResources.next_events_sql,
      binding: [
        "seen": position.seen, "until": pass.until, "seq": pass.seq, "limit": count, "most": most, "most_bytes": bytes,
      ])
    return try await run.read(statement.limited(to: run.timeLeft)).map { row in
      let seq: Int64 = try row.value("seq")
      let location = "\(partition.name)/\(seq)"
      guard let text: String = try row.optional("payload") else {
        return (seq, Entry.tooLarge(location, bytes: try row.optional("bytes"), most: most))
      }
      return (seq, Entry(location: location, id: try row.optional("dedup"), content: .envelope(text)))
    }
  }

  /// How many rows the position does not see, up to 100,000.
  public func behind(_ position: TablePosition, _ run: JobRun) async throws -> Int {
    let unread = try Statement(
      file: "unread_events.sql", PackageResources.unread_events_sql,
      binding: ["seen": position.seen, "seq": position.pass?.seq])
    return try await run.read(unread.limited(to: run.timeLeft)).only().value("events")
  }

  /// Removes rows that were written before a moment and that the position sees.
  ///
  /// - Returns: how many.
  public func trim(before moment: Timestamp, _ position: TablePosition, _ run: JobRun) async throws -> Int {
    guard let seen = position.seen else { return 0 }
    let remove = try Statement(
      file: "trim_events.sql", PackageResources.trim_events_sql, binding: ["seen": seen, "before": moment])
    var removed = 0
    while true {
      let now = try await run.transaction { tx in try tx.execute(remove.limited(to: run.timeLeft)) }
      removed += now
      guard now == 10_000 else { return removed }
    }
  }
}

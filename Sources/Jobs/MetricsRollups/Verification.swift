import JobRuntime
import Postgres

/// Compares the stored rollups of one source with the correct ones, and writes nothing.
struct Verification: Sendable {
  let noticing: Noticing
  let lookback: Duration

  struct Finding: Sendable {
    var compared = 0
    /// Hours that the next run will calculate anyway.
    var pending = 0
    /// How many rows differ; the first ones are named.
    var differences = 0
    var named: [ItemFailure] = []
  }

  /// The most differences that are named for one window.
  private static let mostNamed = 100

  /// Compares a window, in its own snapshot.
  func compare(_ granularity: Granularity, _ window: Bucket, _ session: borrowing Session) throws -> Finding {
    let (source, limit) = (noticing.source, noticing.limit)
    let calculated = CalculatedRollups(source: source, granularity: granularity, limit: limit)
    var values: [String: any PostgresEncodable] = [
      "source": source.name, "granularity": granularity.rawValue, "window_start": window.start,
      "window_end": window.end,
    ]
    var finding = Finding()
    let hasMoved = noticing.position.moved.map { $0.start < window.end && window.start < $0.end } ?? false
    let isPending: Bool = try session.query(
      Statement(file: "is_pending.sql", PackageResources.is_pending_sql, binding: values)
    ).only().value("is_pending")
    guard !isPending, !hasMoved else {
      finding.pending = 1
      return finding
    }
    let pending = granularity == .hourly ? try noticing.pendingHours(in: window, session) : []
    try session.query(Noticing.withoutCompiler)
    let stretch = Stretch(time: window, origin: window.start)
    let stretches = Stretches([stretch])
    if try calculated.calculate(stretches, session).hasBadRows { _ = try calculated.calculateGood(stretch, session) }
    values.merge(stretches.values) { $1 }
    values.merge(["pending": pending, "limit": Self.mostNamed]) { $1 }
    let differences = SQLFragment("differences.sql", PackageResources.differences_sql).filling(["stored": .stored])
    let rows = try session.query(differences.binding(values).statement().limited(to: limit))
    finding.compared = 1
    finding.pending = pending.count
    finding.differences = try rows.first?.value("total") ?? 0
    finding.named = try rows.map { row in
      let start: Timestamp = try row.value("bucket_start")
      let names = try ["metric", "entity_type", "entity_id"].map { try row.value($0, as: String.self) }
      return ItemFailure(
        item: "\(calculated.item(start)) \(names.joined(separator: " "))", kind: .differs,
        message:
          "stored is \(try row.value("stored", as: String.self)), right is \(try row.value("expected", as: String.self))"
      )
    }
    guard granularity == .hourly, noticing.kind == .recent, window.end > noticing.recentStart(lookback) else {
      return finding
    }
    // The next run calculates it again in any case.
    return Finding(compared: 1, pending: finding.differences)
  }
}

extension Noticing {
  /// Hours of a window that the next run will calculate.
  func pendingHours(in window: Bucket, _ session: borrowing Session) throws -> [Timestamp] {
    let file = source.pendingHours(noticed: kind == .exact ? .noticedNew : .noticedNothing)
    let values: [String: any PostgresEncodable] = [
      "source": source.name, "zone": timezone, "seen": position.seen, "raw_from": position.rawFrom,
      "window_start": window.start, "window_end": window.end, "calendar_start": Bucket.allEvents.start,
      "calendar_end": Bucket.allEvents.end,
    ]
    return try session.attempt(file, binding: values, limit: limit).map { try $0.value("bucket_start") }
  }

  /// The time from which the next run calculates a source without `written_by` again.
  func recentStart(_ lookback: Duration) -> Timestamp {
    (position.lookedUntil ?? Bucket.allEvents.start + lookback) - lookback
  }
}

import JobRuntime
import Postgres

/// The rules of a time zone may change under its name: a country abolishes daylight saving time. Buckets that begin at
/// another time by the new rules are calculated again.
extension Noticing {
  /// Finds the range of days that begin at another time than when the rollups were calculated.
  func withZoneRules(_ session: borrowing Session) throws -> Noticing {
    var noticing = self
    let row = try session.query(
      Statement(file: "moved_days.sql", PackageResources.moved_days_sql, binding: names)
    ).first
    guard let row, let start: Timestamp = try row.optional("moved_start"),
      let end: Timestamp = try row.optional("moved_until")
    else { return noticing }
    noticing.position.moved = Bucket(start: start, end: end)
    return noticing
  }

  /// Those days, of all levels.
  var movedDays: [Scope] {
    position.moved.map {
      [.all($0, levels: Granularity.allCases, moves: false, key: position.rebuilding)]
    } ?? []
  }

  /// Records by which rules the queued buckets are calculated, once they are queued: the next run notices a change
  /// during the calculation.
  func keepRules(_ tx: borrowing Transaction) throws {
    let hasMoved = position.moved != nil
    if hasMoved {
      try tx.execute(
        Statement(file: "remove_overlapping.sql", PackageResources.remove_overlapping_sql, binding: names))
    }
    let isOtherZone = !position.isOf(timezone)
    try tx.execute(
      Statement(
        file: "keep_calendar.sql", PackageResources.keep_calendar_sql,
        binding: names.merging(["has_moved": hasMoved, "is_other_zone": isOtherZone]) { $1 }))
  }

  /// The warning about days that begin at another time now.
  var rulesChanged: String? {
    position.moved.map { moved in
      let kept = position.hourlyFrom.flatMap {
        $0 > moved.start ? ", but for those before \($0), whose hours are no longer kept" : nil
      }
      return
        "the rules of the time zone \(timezone) have changed: the days of \(source.name) from \(moved.start) to \(moved.end) begin elsewhere, and are calculated again\(kept ?? "")"
    }
  }

  private var names: [String: any PostgresEncodable] { ["source": source.name, "zone": timezone] }
}

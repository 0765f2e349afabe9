import JobRuntime
import Postgres

/// What a rebuild or a verification covers, in whole days.
struct Range: Sendable {
  /// The events.
  var events: Bucket
  /// The buckets of each level that lie in it at least in part.
  private var buckets: [Granularity: Bucket] = [:]
  /// Whether it covers everything.
  let isWhole: Bool

  /// The range in which buckets of a level begin that lie in it.
  func buckets(of granularity: Granularity) -> Bucket { buckets[granularity] ?? .allBuckets }

  /// The range that covers everything.
  static let whole = Range(events: .allEvents)

  private init(events: Bucket) { (self.events, isWhole) = (events, true) }

  /// Reads the calendar of the time zone.
  ///
  /// Without a border, a side is open.
  init(from: Border?, to: Border?, timezone: String, _ session: borrowing Session) throws {
    let first = from ?? .moment(Bucket.allEvents.start + .days(366)), last = to ?? .moment(Bucket.allEvents.end)
    let statement = try Statement(
      file: "borders.sql", PackageResources.borders_sql,
      binding: [
        "from_day": first.day, "from_moment": first.moment, "to_day": last.day, "to_moment": last.moment,
        "zone": timezone, "levels": Granularity.allCases.map(\.rawValue),
      ])
    (events, isWhole) = (.allEvents, false)
    for row in try session.query(statement) {
      guard let granularity = Granularity(rawValue: try row.value("granularity")) else { continue }
      var range = Bucket(start: try row.value("bucket_start"), end: try row.value("bucket_end"))
      if from == nil { range.start = Bucket.allBuckets.start } else { events.start = try row.value("range_start") }
      if to == nil { range.end = Bucket.allBuckets.end } else { events.end = try row.value("range_end") }
      buckets[granularity] = range
    }
    guard events.start < events.end else {
      throw JobFailure(
        .misconfigured, "ROLLUPS_FROM=\(first.text) is not before ROLLUPS_TO=\(last.text)",
        hint: "ROLLUPS_TO is the first day or moment that is no longer in it.")
    }
  }
}

extension Border {
  fileprivate var day: CalendarDay? { if case .day(let day) = self { day } else { nil } }
  fileprivate var moment: Timestamp? { if case .moment(let moment) = self { moment } else { nil } }
}

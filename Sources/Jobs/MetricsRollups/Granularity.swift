import JobRuntime

/// A level of rollups.
///
/// Each is calculated from the one below it, the lowest from raw events.
enum Granularity: String, CaseIterable, Sendable {
  case hourly, daily, weekly, monthly

  /// The level from which its buckets are added up; `nil` for raw events.
  var child: Granularity? {
    switch self {
    case .hourly: nil
    case .daily: .hourly
    case .weekly, .monthly: .daily
    }
  }

  /// This level and all below it from which it is made, the lowest first.
  var withParts: [Granularity] { (child?.withParts ?? []) + [self] }

  /// The levels that have to be calculated again once one of its buckets has changed.
  var parents: [Granularity] { Self.allCases.filter { $0.child == self } }
}

/// A bucket of a level, `[start, end)`.
struct Bucket: Sendable, Equatable {
  var start: Timestamp
  var end: Timestamp
}

extension Bucket {
  /// The times that a source may hold: those that both Postgres and RFC 3339 can express, with months around them.
  static let allEvents = Bucket("0001-03-01T00:00:00Z", "9999-11-01T00:00:00Z")
  /// The times at which buckets of such events may begin.
  static let allBuckets = Bucket("0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z")

  private init(_ start: String, _ end: String) {
    self.start = Timestamp(rfc3339: start) ?? Timestamp(microseconds: .min)
    self.end = Timestamp(rfc3339: end) ?? Timestamp(microseconds: .max)
  }
}

import JobRuntime

/// A level of rollups. Each is calculated from the one below it, the lowest from raw events.
enum Granularity: String, CaseIterable, Sendable {
  case hourly, daily, weekly, monthly

  /// What its buckets are added up from; `nil` for raw events.
  var child: Granularity? {
    switch self {
    case .hourly: nil
    case .daily: .hourly
    case .weekly, .monthly: .daily
    }
  }

  /// It and all that its buckets are made of, the lowest first.
  var withParts: [Granularity] { (child?.withParts ?? []) + [self] }

  /// What has to be calculated again once one of its buckets has changed.
  var parents: [Granularity] { Self.allCases.filter { $0.child == self } }
}

/// A bucket of a level, `[start, end)`.
struct Bucket: Sendable, Equatable {
  var start: Timestamp
  var end: Timestamp
}

extension Bucket {
  /// All that a source may hold: what Postgres and RFC 3339 both can write down, and months around it.
  static let allEvents = Bucket("0001-03-01T00:00:00Z", "9999-11-01T00:00:00Z")
  /// Where buckets of it may begin.
  static let allBuckets = Bucket("0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z")

  private init(_ start: String, _ end: String) {
    self.start = Timestamp(rfc3339: start) ?? Timestamp(microseconds: .min)
    self.end = Timestamp(rfc3339: end) ?? Timestamp(microseconds: .max)
  }
}

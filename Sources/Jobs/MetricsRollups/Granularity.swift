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

  /// What has to be calculated again once one of its buckets has changed.
  var parents: [Granularity] { Self.allCases.filter { $0.child == self } }
}

/// A bucket of a level, `[start, end)`.
struct Bucket: Sendable, Equatable {
  var start: Timestamp
  var end: Timestamp
}

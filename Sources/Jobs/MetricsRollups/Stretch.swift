import JobRuntime
import Postgres

/// A stretch of time that is calculated at once: adjoining hours of one day, or one bucket of a longer level.
struct Stretch: Sendable, Equatable {
  var time: Bucket
  /// The origin from which hours are counted: the start of their day.
  ///
  /// For a longer level its bucket's start.
  let origin: Timestamp
}

extension [Stretch] {
  /// The time from the start of the first stretch to the end of the last.
  ///
  /// There is at least one.
  var span: Bucket { Bucket(start: self[0].time.start, end: self[count - 1].time.end) }

  /// Joins hours of one day that are at most this gap apart.
  func joined(over gap: Duration) -> [Stretch] {
    reduce(into: []) { joined, next in
      if let last = joined.last, last.origin == next.origin, next.time.start - last.time.end <= gap {
        joined[joined.count - 1].time.end = next.time.end
      } else {
        joined.append(next)
      }
    }
  }

}

/// Some stretches with the values that their statements bind: encoded once, because there may be thousands.
struct Stretches: Sendable {
  let all: [Stretch]
  private let encoded: [String: Parameter]

  init(_ stretches: [Stretch]) {
    all = stretches
    encoded = [
      "starts": stretches.map(\.time.start).postgresParameter, "ends": stretches.map(\.time.end).postgresParameter,
      "window_start": stretches.span.start.postgresParameter, "window_end": stretches.span.end.postgresParameter,
    ]
  }

  var values: [String: any PostgresEncodable] { encoded }
}

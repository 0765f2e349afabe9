import Synchronization

/// Spreads mails evenly over time.
final class Pace: Sendable {
  private let interval: Duration?
  private let next = Mutex(ContinuousClock.now)

  /// - Parameter rate: a second; `nil` is no limit.
  init(_ rate: Double?) { interval = rate.map { .seconds(1 / $0) } }

  /// Takes the next place.
  ///
  /// - Returns: when its time has come.
  func turn() -> ContinuousClock.Instant {
    guard let interval else { return .now }
    return next.withLock { next in
      let turn = max(next, .now)
      next = turn + interval
      return turn
    }
  }
}

import Synchronization

/// A wish that something ends that goes on over there.
///
/// What was not handed over ends at once; for the reply to what was handed over there is some time, for without it nobody
/// knows whether it was taken.
package final class StopMark: Sendable {
  private let since = Mutex<ContinuousClock.Instant?>(nil)

  package init() {}

  package func set() { since.withLock { $0 = $0 ?? .now } }

  /// How long the reply is waited for: what is left of `StopLimits.grace` is for noting what came of it.
  private static let patience = Duration.seconds(4)

  /// - Parameter isHandedOver: whether it may have been taken.
  package func ends(_ isHandedOver: Bool) -> Bool {
    since.withLock { since in
      guard let since else { return false }
      return !isHandedOver || ContinuousClock.now > since + Self.patience
    }
  }
}

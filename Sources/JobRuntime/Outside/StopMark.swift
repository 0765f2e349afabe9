import Synchronization

/// Whether something that goes on over there has to end: somebody wants it to, or the run may act no more.
///
/// What was not handed over ends at once; for the reply to what was handed over there is some time, for without it nobody
/// knows whether it was taken.
package final class StopMark: Sendable {
  private let since = Mutex<ContinuousClock.Instant?>(nil)

  private let mayAct: @Sendable () -> Bool

  /// - Parameter mayAct: whether the run may still do something outside. A process that was paused finds here that another
  ///   run has taken its place, before anybody could have sent a signal.
  package init(while mayAct: @escaping @Sendable () -> Bool = { true }) { self.mayAct = mayAct }

  package func set() { since.withLock { $0 = $0 ?? .now } }

  /// How long the reply is waited for: what is left of `StopLimits.grace` is for noting what came of it.
  private static let patience = Duration.seconds(4)

  /// - Parameter isHandedOver: whether it may have been taken.
  package func ends(_ isHandedOver: Bool) -> Bool {
    since.withLock { since in
      guard let since else { return !isHandedOver && !mayAct() }
      return !isHandedOver || ContinuousClock.now > since + Self.patience
    }
  }
}

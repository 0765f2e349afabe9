import Synchronization

/// Whether a transfer on another thread has to end: because it was requested, or because the run may act no more.
///
/// A transfer that was not handed over ends at once. The reply to one that was handed over is still waited for, because
/// only the reply says whether it was taken.
package final class StopMark: Sendable {
  private let since = Mutex<ContinuousClock.Instant?>(nil)

  private let mayAct: @Sendable () -> Bool

  /// - Parameter mayAct: whether the run may still do something outside. A process that was paused finds here that another
  ///   run has taken its place, before anybody could have sent a signal.
  package init(while mayAct: @escaping @Sendable () -> Bool = { true }) { self.mayAct = mayAct }

  package func set() { since.withLock { $0 = $0 ?? .now } }

  /// How long to wait for the reply: the rest of `StopLimits.grace` is for recording the outcome.
  private static let patience = Duration.seconds(4)

  /// - Parameter isHandedOver: whether the server may have taken it.
  package func ends(_ isHandedOver: Bool) -> Bool {
    since.withLock { since in
      guard let since else { return !isHandedOver && !mayAct() }
      return !isHandedOver || ContinuousClock.now > since + Self.patience
    }
  }
}

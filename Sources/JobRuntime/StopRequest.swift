import Synchronization

/// A request to stop: the signal that made it, and the action that answers it.
///
/// It stays in force: work that begins after it is stopped at once.
package final class StopRequest: Sendable {
  private struct State {
    var signal: Int32?
    var actions: [Int: @Sendable () -> Void] = [:]
    var nextAction = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// The first signal that came.
  package var signal: Int32? { state.withLock(\.signal) }

  /// Makes the request; only the first one counts.
  ///
  /// - Returns: whether this was the first.
  @discardableResult
  package func make(by signal: Int32) -> Bool {
    let actions = state.withLock { state -> [Int: @Sendable () -> Void]? in
      guard state.signal == nil else { return nil }
      state.signal = signal
      return state.actions
    }
    actions?.values.forEach { $0() }
    return actions != nil
  }

  /// Does a piece of work, and once the action if the request is made meanwhile or was made before.
  ///
  /// - Parameter action: must not block: other requests to stop wait for it.
  func answered<Value>(by action: @escaping @Sendable () -> Void, during work: () async -> Value) async -> Value {
    let (number, isLate) = state.withLock { state in
      state.nextAction += 1
      state.actions[state.nextAction] = action
      return (state.nextAction, state.signal != nil)
    }
    defer { state.withLock { $0.actions[number] = nil } }
    if isLate { action() }
    return await work()
  }
}

import Dispatch
import Synchronization

/// A bounded queue between two threads: one that fills, one that empties.
///
/// Both calls block their thread, so both belong inside an actor with a `ThreadExecutor`. The bound
/// keeps memory constant when one side is slower; either side ends the other by closing.
public final class Handoff<Element: Sendable>: Sendable {
  /// Thrown to the filling side after the emptying side has closed.
  public struct Closed: Error {}

  private struct State {
    var waiting: [Element] = []
    var isFinished = false
    var failure: (any Error)?
    var isClosed = false
    /// The task that waits for the first element.
    var waitsForFirst: CheckedContinuation<Bool, Never>?
  }

  private let state = Mutex(State())
  private let places: DispatchSemaphore
  private let filled = DispatchSemaphore(value: 0)
  private let capacity: Int

  /// - Parameter capacity: how many elements may wait before `send` blocks.
  public init(capacity: Int) {
    self.capacity = capacity
    places = DispatchSemaphore(value: capacity)
  }

  deinit {
    // Dispatch traps when a semaphore goes away below the value it was made with.
    for _ in 0..<capacity { places.signal() }
  }

  /// Waits for a free place and puts the element there.
  /// - Throws: `Closed` once the emptying side has closed.
  public func send(_ element: Element) throws(Closed) {
    places.wait()
    let (isClosed, first) = state.withLock { state in
      if !state.isClosed { state.waiting.append(element) }
      return (state.isClosed, state.waitsForFirst.take())
    }
    first?.resume(returning: !isClosed)
    if isClosed {
      places.signal()
      throw Closed()
    }
    filled.signal()
  }

  /// Ends the queue from the filling side: nothing more comes.
  /// - Parameter failure: thrown by `next()` at once, whatever still waits; `nil` after a good end.
  public func finish(throwing failure: (any Error)? = nil) {
    let first = state.withLock { state in
      state.isFinished = true
      state.failure = failure
      return state.waitsForFirst.take()
    }
    first?.resume(returning: false)
    filled.signal()
  }

  /// Waits for the first element without taking it, and without keeping a thread meanwhile.
  ///
  /// For one task only.
  ///
  /// - Returns: `false` when either side ends before there is one.
  public func hasBegun() async -> Bool {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state -> Bool? in
        if !state.waiting.isEmpty { return true }
        if state.isFinished || state.isClosed { return false }
        state.waitsForFirst = continuation
        return nil
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  /// Waits for the next element; `nil` once all were taken and the other side has finished.
  public func next() throws -> Element? {
    filled.wait()
    return try state.withLock { state in
      // A second call gets the end again.
      if state.failure != nil || state.waiting.isEmpty { filled.signal() }
      if let failure = state.failure { throw failure }
      guard !state.waiting.isEmpty else { return nil }
      places.signal()
      return state.waiting.removeFirst()
    }
  }

  /// Ends the queue from the emptying side: a `send` that waits, and every later one, throws.
  public func close() {
    let first = state.withLock { state in
      state.isClosed = true
      state.waiting = []
      return state.waitsForFirst.take()
    }
    first?.resume(returning: false)
    places.signal()
  }
}

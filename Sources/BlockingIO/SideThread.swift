import Dispatch
import Synchronization

/// Blocking work, one piece after the other, on a thread of its own.
///
/// A name server or a file system that never answers blocks this thread, which ends with the process, and not the
/// caller.
package final class SideThread: Sendable {
  private let queue: DispatchQueue

  /// - Parameter label: what a debugger shows for the thread.
  package init(label: String) { queue = DispatchQueue(label: label) }

  /// Does a piece of work without waiting for it.
  package func start(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

  /// Does a piece of work and blocks the calling thread until it is done, no longer than the limit.
  package func run(blockingAtMost limit: Duration, _ work: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    queue.async {
      work()
      done.signal()
    }
    _ = done.wait(timeout: .now() + limit.forDispatch)
  }

  /// Does a piece of work and waits for it, no longer than the limit.
  ///
  /// - Returns: `nil` when it was not done by then; it continues, and its answer is dropped.
  package func run<Value: Sendable>(
    waitingAtMost limit: Duration, _ work: @escaping @Sendable () -> Value
  ) async -> Value? {
    await withCheckedContinuation { continuation in
      let answer = FirstAnswer(continuation, orNilAfter: limit)
      queue.async { answer.give(work()) }
    }
  }
}

/// Does asynchronous work and waits for it, no longer than the limit.
///
/// - Returns: `nil` when it was not done by then; it is cancelled, and its answer is dropped.
package func waiting<Value: Sendable>(
  atMost limit: Duration, for work: @escaping @Sendable () async -> Value
) async -> Value? {
  let task = Task { await work() }
  let value = await withCheckedContinuation { continuation in
    let answer = FirstAnswer<Value>(continuation, orNilAfter: limit)
    Task { answer.give(await task.value) }
  }
  task.cancel()
  return value
}

/// The first answer, or `nil` when none has come in time.
private final class FirstAnswer<Value: Sendable>: Sendable {
  private let waiting: Mutex<CheckedContinuation<Value?, Never>?>

  init(_ continuation: CheckedContinuation<Value?, Never>, orNilAfter limit: Duration) {
    waiting = Mutex(continuation)
    DispatchQueue.global().asyncAfter(deadline: .now() + limit.forDispatch) { self.give(nil) }
  }

  func give(_ value: Value?) {
    let continuation = waiting.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }
    continuation?.resume(returning: value)
  }
}

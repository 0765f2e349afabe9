import BlockingIO
import Dispatch
import Testing

/// An actor whose work blocks its thread.
private actor Blocking {
  private let executor = ThreadExecutor(label: "blocking")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Says that it has begun, then blocks until the semaphore is signalled.
  func wait(for end: DispatchSemaphore, _ begun: AsyncStream<Void>.Continuation) async -> DispatchTimeoutResult {
    await interruptible { _ in
      begun.yield()
      return end.wait(timeout: .now() + .seconds(20))
    }
  }
}

@Suite struct ThreadExecutorTests {
  @Test func `more blocked actors than the pool has threads leave the pool free`() async {
    let end = DispatchSemaphore(value: 0)
    let (begun, hasBegun) = AsyncStream<Void>.makeStream()
    let blocked = (0..<20).map { _ in Task { await Blocking().wait(for: end, hasBegun) } }
    // If they stood on the pool's threads, only as many as it has could begin, and nobody could count them.
    var count = 0
    for await _ in begun {
      count += 1
      if count == blocked.count { break }
    }
    for _ in blocked { end.signal() }
    for task in blocked { #expect(await task.value == .success) }
  }
}

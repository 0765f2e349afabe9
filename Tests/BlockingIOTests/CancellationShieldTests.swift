import Synchronization
import Testing

@testable import BlockingIO

@Suite struct CancellationShieldTests {
  private struct Failure: Error, Equatable {}

  @Test func `work in a cancelled task is done to its end`() async {
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      let isCancelled = Task.isCancelled
      return await shieldedFromCancellation { (isCancelled, Task.isCancelled) }
    }
    let (outside, inside) = await task.value
    #expect(outside && !inside)
  }

  @Test func `a cancellation while the work goes on does not reach it, and its value is waited for`() async {
    let hasBegun = AsyncStream.makeStream(of: Void.self)
    let mayEnd = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      await shieldedFromCancellation {
        hasBegun.continuation.finish()
        for await _ in mayEnd.stream {}
        return !Task.isCancelled
      }
    }
    for await _ in hasBegun.stream {}
    task.cancel()
    mayEnd.continuation.finish()
    #expect(await task.value)
  }

  @Test func `an error keeps its type`() async {
    do {
      try await shieldedFromCancellation { () async throws(Failure) -> Void in throw Failure() }
      Issue.record("nothing was thrown")
    } catch {
      #expect(error == Failure())
    }
  }
}

/// The table is right: what it says adds up.
@Suite struct StopLimitsTests {
  @Test func `the ten seconds are ten seconds`() {
    #expect(StopLimits.contract == .seconds(10))
    #expect(StopLimits.grace + StopLimits.lastWord < StopLimits.contract)
    #expect(StopLimits.graceAfterDeadline + StopLimits.lastWord == StopLimits.contract)
    #expect(StopLimits.stuckWriter * 2 < StopLimits.lastWord)
  }

  @Test func `a server that does not answer leaves time for the lock`() {
    let postgres = max(StopLimits.cancelRequest, StopLimits.drain) + StopLimits.closingLedger
    #expect(postgres + .seconds(2) < StopLimits.grace)
    #expect(StopLimits.cancelAgain < StopLimits.drain && StopLimits.seenFromOutside > StopLimits.contract)
  }
}

import BlockingIO
import Dispatch
import Synchronization
import TestSupport
import Testing

@Suite struct HandoffTests {
  private struct Stop: Error {}

  /// Runs blocking work on a thread of its own.
  private func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) -> Task<Value, any Error> {
    Task {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test").async { continuation.resume(with: Result { try work() }) }
      }
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `elements come out in the order in which they went in`() async throws {
    let handoff = Handoff<Int>(capacity: 3)
    let filling = onThread {
      for number in 0..<10_000 { try handoff.send(number) }
      handoff.finish()
    }
    let emptying = onThread {
      var taken: [Int] = []
      while let number = try handoff.next() { taken.append(number) }
      return taken
    }
    #expect(try await emptying.value == Array(0..<10_000))
    try await filling.value
  }

  @Test(.timeLimit(.minutes(10)))
  func `no more elements wait than there are places`() async throws {
    let handoff = Handoff<Int>(capacity: 2)
    let counter = Counter()
    let filling = onThread {
      for number in 0..<1000 {
        try handoff.send(number)
        counter.add()
      }
      handoff.finish()
    }
    let emptying = onThread {
      var taken = 0
      var furthest = 0
      while try handoff.next() != nil {
        taken += 1
        furthest = max(furthest, counter.value - taken)
      }
      return furthest
    }
    // Two wait, and one more may have found its place just now.
    #expect(try await emptying.value <= 3)
    try await filling.value
  }

  @Test(.timeLimit(.minutes(10)))
  func `what waits is still taken after a good end`() async throws {
    let handoff = Handoff<String>(capacity: 5)
    try handoff.send("a")
    try handoff.send("b")
    handoff.finish()
    #expect(try handoff.next() == "a")
    #expect(try handoff.next() == "b")
    #expect(try handoff.next() == nil)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a failure is thrown at once whatever still waits`() async throws {
    let handoff = Handoff<String>(capacity: 5)
    try handoff.send("a")
    handoff.finish(throwing: Stop())
    #expect(throws: Stop.self) { try handoff.next() }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a failure wakes the side that waits for an element`() async throws {
    let handoff = Handoff<String>(capacity: 1)
    let emptying = onThread { try handoff.next() }
    handoff.finish(throwing: Stop())
    await #expect(throws: Stop.self) { try await emptying.value }
  }

  @Test(.timeLimit(.minutes(10)))
  func `closing wakes a sender that waits for a place`() async throws {
    let handoff = Handoff<Int>(capacity: 1)
    try handoff.send(1)
    // Whichever comes first: the sender meets the closing while it waits, or finds it closed.
    let filling = onThread { try handoff.send(2) }
    await Task.yield()
    handoff.close()
    await #expect(throws: Handoff<Int>.Closed.self) { try await filling.value }
    // And every later one.
    for number in 3...10 { #expect(throws: Handoff<Int>.Closed.self) { try handoff.send(number) } }
  }

  @Test(.timeLimit(.minutes(10)))
  func `the end is told as often as it is asked for`() async throws {
    let handoff = Handoff<Int>(capacity: 1)
    handoff.finish()
    let ends = Counter()
    // Not waited for: a thread that hangs must not hang the test.
    DispatchQueue(label: "test").async {
      for _ in 1...3 where (try? handoff.next()) == nil { ends.add() }
    }
    try await eventually(within: .seconds(10)) { ends.value == 3 }
  }

  @Test func `one that goes away while elements wait does no harm`() throws {
    for filled in 0...3 {
      let handoff = Handoff<Int>(capacity: 3)
      for number in 0..<filled { try handoff.send(number) }
    }
  }

  private final class Counter: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .sequentiallyConsistent) }
    func add() { number.add(1, ordering: .sequentiallyConsistent) }
  }
}

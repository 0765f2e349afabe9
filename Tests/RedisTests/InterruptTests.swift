import BlockingIO
import Dispatch
import Glibc
import Testing

@Suite struct InterruptTests {
  /// Two ends of a socket.
  private struct Ends: ~Copyable {
    let near: CInt
    let far: CInt

    init() throws {
      var ends: [CInt] = [-1, -1]
      try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
      (near, far) = (ends[0], ends[1])
    }

    deinit {
      close(near)
      close(far)
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a wait ends when bytes are there`() throws {
    let ends = try Ends()
    #expect(write(ends.far, "x", 1) == 1)
    guard case .ready(.read) = Interrupt().wait(for: .read, on: ends.near, until: .now + .seconds(30)) else {
      Issue.record("not ready")
      return
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a wait ends when the peer is gone`() throws {
    let ends = try Ends()
    #expect(shutdown(ends.far, CInt(SHUT_RDWR)) == 0)
    guard case .ready = Interrupt().wait(for: .read, on: ends.near, until: .now + .seconds(30)) else {
      Issue.record("not ready")
      return
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a wait ends at its deadline and not before`() throws {
    let ends = try Ends()
    let deadline = ContinuousClock.now + .milliseconds(50)
    guard case .timedOut = Interrupt().wait(for: .read, on: ends.near, until: deadline) else {
      Issue.record("did not time out")
      return
    }
    #expect(ContinuousClock.now >= deadline)
  }

  @Test(.timeLimit(.minutes(10)))
  func `firing wakes a thread that waits and every later wait`() throws {
    let ends = try Ends()
    let interrupt = Interrupt()
    DispatchQueue(label: "test").asyncAfter(deadline: .now() + .milliseconds(50)) { interrupt.fire() }
    for _ in 1...3 {
      guard case .interrupted = interrupt.wait(for: .read, on: ends.near, until: .now + .seconds(30)) else {
        Issue.record("not interrupted")
        return
      }
    }
    #expect(interrupt.isFired)
  }

  @Test func `firing any number of times does not block`() {
    let interrupt = Interrupt()
    for _ in 0..<100_000 { interrupt.fire() }
    #expect(interrupt.isFired)
  }

  @Test(.timeLimit(.minutes(10)))
  func `one who waits to read and to write is told what is ready`() throws {
    let ends = try Ends()
    guard
      case .ready(let direction) = Interrupt().wait(for: [.read, .write], on: ends.near, until: .now + .seconds(30))
    else {
      Issue.record("not ready")
      return
    }
    #expect(direction == .write)
  }

  @Test(.timeLimit(.minutes(10)))
  func `cancelling a task fires the interrupt of its work`() async throws {
    let task = Task {
      try await interruptible { interrupt in
        let ends = try Ends()
        withUnsafeCurrentTask { $0?.cancel() }
        if case .interrupted = interrupt.wait(for: .read, on: ends.near, until: .now + .seconds(30)) { return true }
        return false
      }
    }
    #expect(try await task.value)
  }

  @Test func `interrupts leave no descriptor behind`() throws {
    // The lowest free descriptor stays what it was, give or take what other tests do meanwhile.
    for _ in 0..<5000 { Interrupt().fire() }
    let ends = try Ends()
    #expect(ends.near < 4000)
  }
}

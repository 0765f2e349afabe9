import BlockingIO
import Dispatch
import Testing

@Suite(.timeLimit(.minutes(10))) struct SideThreadTests {
  @Test func `what is done in time is answered`() async {
    #expect(await SideThread(label: "test").run(waitingAtMost: .seconds(30)) { 5 } == 5)
  }

  @Test func `what is not done in time is left behind, and goes on`() async {
    let (stuck, done) = (DispatchSemaphore(value: 0), AsyncStream.makeStream(of: Void.self))
    let answer: Int? = await SideThread(label: "test").run(waitingAtMost: .milliseconds(50)) {
      stuck.wait()
      done.continuation.yield()
      return 5
    }
    #expect(answer == nil)
    stuck.signal()
    for await _ in done.stream { break }
  }

  @Test func `pieces are done one after the other, in their order`() async {
    let thread = SideThread(label: "test")
    let (stuck, told) = (DispatchSemaphore(value: 0), AsyncStream.makeStream(of: Int.self))
    thread.start {
      stuck.wait()
      told.continuation.yield(1)
    }
    let second = Task { await thread.run(waitingAtMost: .seconds(30)) { told.continuation.yield(2) } }
    stuck.signal()
    _ = await second.value
    told.continuation.finish()
    var order: [Int] = []
    for await number in told.stream { order.append(number) }
    #expect(order == [1, 2])
  }

  @Test func `what waits is left behind too, is cancelled, and goes on`() async {
    let done = AsyncStream.makeStream(of: Bool.self)
    let answer: Int? = await waiting(atMost: .milliseconds(50)) {
      try? await Task.sleep(for: .seconds(3600))
      done.continuation.yield(Task.isCancelled)
      return 5
    }
    #expect(answer == nil)
    var isCancelled = false
    for await answer in done.stream {
      isCancelled = answer
      break
    }
    #expect(isCancelled)
    #expect(await waiting(atMost: .seconds(30)) { 5 } == 5)
  }

  @Test func `many that are stuck do not keep others from being done`() async {
    let stuck = DispatchSemaphore(value: 0)
    let threads = (0..<32).map { _ in SideThread(label: "stuck") }
    for thread in threads { thread.start { stuck.wait() } }
    #expect(await SideThread(label: "test").run(waitingAtMost: .seconds(30)) { 5 } == 5)
    for _ in threads { stuck.signal() }
  }
}

import Synchronization
import Testing

@testable import JobRuntime

@Suite struct StopRequestTests {
  @Test func `only the first signal counts`() {
    let stop = StopRequest()
    #expect(stop.signal == nil)
    #expect(stop.make(by: 15))
    #expect(!stop.make(by: 2))
    #expect(stop.signal == 15)
  }

  @Test func `a request is answered once, by everybody who is at work, and by nobody who has ended`() async {
    let stop = StopRequest()
    let answers = Mutex<[String]>([])
    func answering(_ name: String, _ work: () async -> Void) async {
      await stop.answered(by: { answers.withLock { $0.append(name) } }, during: work)
    }
    await answering("ended") {}
    await answering("first") {
      await answering("second") {
        stop.make(by: 15)
        stop.make(by: 15)
      }
    }
    #expect(answers.withLock { $0.sorted() } == ["first", "second"])
    await answering("late") {}
    #expect(answers.withLock { $0.last } == "late")
  }
}

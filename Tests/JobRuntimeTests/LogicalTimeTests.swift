import Testing

@testable import JobRuntime

@Suite struct LogicalTimeTests {
  private static let now = Timestamp(seconds: 29_384_705 * 60 + 17)

  private func decide(_ setting: Timestamp?, _ name: String?) -> (time: LogicalTime, warning: String?) {
    var warning: String?
    let time = LogicalTime.decide(setting: setting, kubernetesName: name, now: Self.now, warning: &warning)
    return (time, warning)
  }

  @Test func `the setting comes first`() {
    let moment = Timestamp(seconds: 5)
    let decided = decide(moment, "usage-aggregation-29384705")
    #expect(decided.time == LogicalTime(moment: moment, source: .setting))
    #expect(decided.time.identifiesSlot)
    #expect(decided.warning == nil)
  }

  @Test func `then the minutes at the end of the Kubernetes Job's name`() {
    let decided = decide(nil, "usage-aggregation-29384705")
    #expect(decided.time == LogicalTime(moment: Timestamp(seconds: 29_384_705 * 60), source: .kubernetes))
    #expect(decided.time.identifiesSlot)
    #expect(decided.warning == nil)
  }

  @Test func `and the clock when nobody said`() {
    let decided = decide(nil, nil)
    #expect(decided.time == LogicalTime(moment: Self.now, source: .clock))
    #expect(!decided.time.identifiesSlot)
    #expect(decided.warning == nil)
  }

  @Test(arguments: [
    "manual", "manual-x7k2p", "usage-aggregation-", "job-5", "job-29384705x", "job-99999999999999999999",
    "job-100000000", "job-\(29_384_705 + 2 * 1440 + 1)", "job-\(29_384_705 - 2 * 1440)",
  ])
  func `a name without minutes near today is told and the clock decides`(name: String) {
    let decided = decide(nil, name)
    #expect(decided.time == LogicalTime(moment: Self.now, source: .clock))
    #expect(decided.warning?.contains(name) == true)
  }

  @Test(arguments: [-2 * 1440 + 1, -1, 0, 1, 2 * 1440])
  func `a name within two days of the clock counts`(minutes: Int) {
    #expect(decide(nil, "job-\(29_384_705 + minutes)").time.source == .kubernetes)
  }

  @Test func `a window is never empty`() {
    #expect(Window(start: Self.now, end: Self.now) == nil)
    #expect(Window(start: Self.now, end: Self.now - .seconds(1)) == nil)
    #expect(Window(start: Self.now, end: Self.now + .seconds(1)) != nil)
  }
}

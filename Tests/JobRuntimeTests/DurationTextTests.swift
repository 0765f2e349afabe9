import TestSupport
import Testing

@testable import JobRuntime

@Suite struct DurationTextTests {
  @Test(
    arguments: [
      ("500ms", .milliseconds(500)), ("30s", .seconds(30)), ("5m", .seconds(300)), ("1h", .seconds(3600)),
      ("7d", .seconds(604_800)), ("0s", .zero), ("0d", .zero), ("090s", .seconds(90)),
      ("36525d", .seconds(3_155_760_000)),
    ] as [(String, Duration)])
  func `a duration is read`(text: String, duration: Duration) {
    #expect(DurationText.parse(text) == duration)
  }

  @Test(arguments: [
    "", "s", "5", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5h", "1h30m", "5S", "5M", "5min", "5us", "5w", "٣s", "１s",
    "0x5s",
    "36526d", "99999999999999999999s", "9223372036854775807d", "5s\0",
  ])
  func `what is no duration is not read`(text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test func `what is written is read as the same duration`() {
    var generator = SeededGenerator(1)
    for _ in 0..<5000 {
      let factor = [1, 1000, 60_000, 3_600_000, 86_400_000][Int.random(in: 0..<5, using: &generator)]
      let duration = Duration.milliseconds(Int64.random(in: 0...30_000, using: &generator) * Int64(factor))
      #expect(DurationText.parse(DurationText.format(duration)) == duration)
    }
  }

  @Test(
    arguments: [
      (.milliseconds(1500), "1500ms"), (.seconds(90), "90s"), (.seconds(3600), "1h"), (.seconds(172_800), "2d"),
      (.zero, "0s"),
    ] as [(Duration, String)])
  func `a duration is written in its largest whole unit`(duration: Duration, text: String) {
    #expect(DurationText.format(duration) == text)
  }
}

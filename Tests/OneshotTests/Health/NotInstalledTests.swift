import Foundation
import JobRuntime
import TestSupport
import Testing

@testable import Operations

/// Jobs that are expected and not installed.
@Suite(.timeLimit(.minutes(10))) struct NotInstalledTests {
  private var expected: HealthSettings {
    var settings = HealthSettings.expecting("fraud-detection", every: .minutes(1))
    settings.lines = ["fraud-detection": ["fraud", "waitlist"]]
    return settings
  }

  @Test func `a job whose line was never applied and that never ran is not missed`() {
    var history = History()
    #expect(history.kinds(expected) == ["fraud-detection missed"], "nobody has looked at the lines")
    history.lines = ["core", "usage"]
    #expect(history.kinds(expected) == [])
    history.lines = ["core", "fraud"]
    #expect(history.kinds(expected) == [])
    history.lines = ["core", "fraud", "waitlist"]
    #expect(history.kinds(expected) == ["fraud-detection missed"])
    history.lines = ["core"]
    #expect(history.kinds(.expecting("fraud-detection", every: .days(1))) == ["fraud-detection missed"])
  }

  @Test func `a job that has run is missed, whatever became of its line`() {
    var history = History()
    history.lines = ["core"]
    history.addRegular("fraud-detection", every: .minutes(1), newest: .hours(3))
    #expect(history.kinds(expected) == ["fraud-detection missed"])
  }

  @Test func `health and the doctor name what is not installed, and end well`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.place.execute("delete from oneshot.migrations where line = 'fraud'")
    let lines = "fraud-detection=fraud,waitlist-positions=waitlist"
    let settings = ["HEALTH_EXPECT": "fraud-detection=1m,waitlist-positions=10m", "HEALTH_LINES": lines]
    let health = try await ledger.oneshot(["health"], settings)
    #expect(health.output.contains("Not installed, so that nothing is expected of them: fraud-detection ("))
    #expect(try await ledger.health(settings).troubles == ["waitlist-positions missed"])
    let doctor = try await ledger.doctor(["HEALTH_EXPECT": "fraud-detection=1m", "HEALTH_LINES": lines])
    #expect(doctor.exitCode == 0, "\(doctor.output)")
    #expect(doctor.result["details", "not_installed"].elements.map(\.string) == ["fraud-detection"])
  }

  @Test(arguments: ["fraud-detection", "=fraud", "a=b=c", "fraud-detection=fraud waitlist"])
  func `lines that cannot be read are refused with an example`(text: String) async throws {
    let ended = try await PlantedLedger().oneshot(["health"], ["HEALTH_LINES": text])
    #expect(ended.exitCode == 78 && ended.errors.contains("HEALTH_LINES"), "\(ended.errors)")
  }
}

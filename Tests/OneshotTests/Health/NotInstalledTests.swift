import Foundation
import JobRuntime
import TestSupport
import Testing

@testable import Operations

/// Jobs that are expected and not installed.
@Suite(.timeLimit(.minutes(10))) struct NotInstalledTests {
  private let expected = HealthSettings.expecting("fraud-detection", every: .minutes(1))

  @Test func `a job whose line was never applied and that never ran is not missed`() {
    var history = History()
    #expect(history.kinds(expected) == ["fraud-detection missed"], "nobody has looked at the lines")
    history.lines = ["core", "usage"]
    #expect(history.kinds(expected) == [])
    history.lines = ["core", "fraud"]
    #expect(history.kinds(expected) == ["fraud-detection missed"])
    #expect(history.kinds(.expecting("nightly-export", every: .days(1))) == ["nightly-export missed"])
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
    let settings = ["HEALTH_EXPECT": "fraud-detection=1m,waitlist-positions=10m"]
    let health = try await ledger.oneshot(["health"], settings)
    #expect(health.output.contains("Not installed, so that nothing is expected of them: fraud-detection ("))
    #expect(try await ledger.health(settings).troubles == ["waitlist-positions missed"])
    let doctor = try await ledger.doctor(["HEALTH_EXPECT": "fraud-detection=1m"])
    #expect(doctor.exitCode == 0, "\(doctor.output)")
    #expect(doctor.result["details", "not_installed"].elements.map(\.string) == ["fraud-detection"])
  }

  @Test func `each job's own line is one that its binary needs`() async throws {
    let watching: Set = ["job-doctor", "job-report"]
    for job in JobNames.all where !watching.contains(job) {
      let own = try #require(OwnLine.ofJob[job], "\(job)")
      let described = try await Binary(job).run(["--describe"], [:])
      #expect(described.result["needed_schema", own].isThere, "\(job): \(own)")
    }
  }
}

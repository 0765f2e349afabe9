import Foundation
import JobRuntime
import TestSupport
import Testing

@testable import Operations

/// Jobs that are paused, as health sees them.
@Suite(.timeLimit(.minutes(10))) struct PausedTests {
  private func paused(_ job: String = "job", from start: Duration, to end: Duration) -> JobPause {
    JobPause(job: job, start: History.now - start, end: History.now - end)
  }

  @Test func `a paused job is neither missed nor late nor silent, and another is`() {
    for settings in [HealthSettings.expecting(every: .hours(1)), HealthSettings()] {
      var history = History()
      history.addRegular(every: .hours(1), newest: .hours(9))
      #expect(!history.kinds(settings).isEmpty)
      history.pauses = [paused("other", from: .hours(9), to: .hours(-1))]
      #expect(!history.kinds(settings).isEmpty)
      history.pauses = [paused(from: .hours(8), to: .hours(-1))]
      #expect(history.kinds(settings) == [], "\(settings.expectations)")
    }
  }

  @Test func `after a pause the time is counted from its end`() {
    let settings = HealthSettings.expecting(every: .hours(1))
    var history = History()
    history.addRegular(every: .hours(1), newest: .hours(9))
    history.pauses = [paused(from: .hours(8), to: .minutes(30))]
    #expect(history.kinds(settings) == [])
    history.pauses = [paused(from: .hours(8), to: .hours(3))]
    #expect(history.kinds(settings) == ["job missed"])
  }

  @Test func `what was missed before the pause began is still missed`() {
    var history = History()
    history.addRegular(every: .hours(1), newest: .hours(9))
    history.pauses = [paused(from: .minutes(1), to: .hours(-1))]
    #expect(history.kinds(.expecting(every: .hours(1))) == ["job missed"])
  }

  @Test func `a job that never ran is not missed while it is paused`() {
    var history = History()
    #expect(history.kinds(.expecting(every: .hours(1))) == ["job missed"])
    history.pauses = [paused(from: .hours(1), to: .hours(-1))]
    #expect(history.kinds(.expecting(every: .hours(1))) == [])
  }

  @Test func `health lists what is paused, by whom and why`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("reindex", newest: "9 hours", count: 21)
    let settings = ["HEALTH_EXPECT": "reindex=1h"]
    #expect(try await ledger.health(settings).troubles == ["reindex missed"])
    try await ledger.place.execute(
      """
      insert into oneshot.pauses values ('', 'reindex', now() - interval '8 hours', now() + interval '1 hour', 'ada', E'moving\\x1b[2J'),
        ('', 'top-stats', now() - interval '8 hours', now() - interval '1 hour', 'ada', null)
      """)
    #expect(try await ledger.health(settings) == ([], 0))
    let shown = try await ledger.oneshot(["health"], settings).output
    #expect(shown.contains("reindex is paused until ") && shown.contains(", by ada: moving"), "\(shown)")
    #expect(!shown.contains("\u{1b}") && !shown.contains("top-stats is paused"))
    let json = try await ledger.oneshot(["health", "--json"], settings).result
    #expect(json["paused"].elements.map { $0["job"].string } == ["reindex"])
  }
}

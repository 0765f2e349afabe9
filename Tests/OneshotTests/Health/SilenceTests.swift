import TestSupport
import Testing

/// Jobs of which nobody said how often they run, by `oneshot health` on planted ledgers.
@Suite(.timeLimit(.minutes(15))) struct SilenceTests {
  @Test(arguments: [
    ("1 hour", "5 hours", false), ("1 hour", "5 hours 12 minutes", true), ("1 hour", "8 days", true),
    ("7 days", "34 days", false), ("7 days", "36 days", true), ("1 hour", "91 days", false),
  ])
  func `a job is silent after five of its own gaps and the grace`(gap: String, ago: String, isSilent: Bool) async throws
  {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", every: gap, newest: ago, count: 9)
    let health = try await ledger.health()
    #expect(health.troubles == (isSilent ? ["job silent"] : []) && health.exitCode == (isSilent ? 1 : 0))
    let text = try await ledger.oneshot(["health"]).output
    #expect(text.contains("Healthy") != isSilent)
    #expect(text.contains("job=never, if it is no longer needed") == isSilent, "\(text)")
  }

  @Test func `whoever says how often it runs, or that it does not, is believed`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", newest: "6 hours", count: 9)
    #expect(try await ledger.health(["HEALTH_EXPECT": "job=1h"]).troubles == ["job missed"])
    #expect(try await ledger.health(["HEALTH_EXPECT": "job=1d"]).exitCode == 0)
    let never = try await ledger.oneshot(["health"], ["HEALTH_EXPECT": "job=never"])
    #expect(never.exitCode == 0 && never.output.contains("never"), "\(never.output)")
    #expect(try await ledger.health(["HEALTH_EXPECT": "other=never"]).troubles == ["job silent"])
  }

  @Test func `too few runs tell no gap, nor do those that somebody started by hand`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", newest: "6 hours", count: 5)
    #expect(try await ledger.health().troubles == [])
    try await ledger.plant("job", every: "1 minute", newest: "5 hours", count: 12)
    #expect(try await ledger.health().troubles == ["job silent"])
    try await ledger.place.execute(
      "update oneshot.job_runs set by_hand = true where started_at > now() - interval '330 minutes'")
    #expect(try await ledger.health().troubles == [])
  }

  @Test func `work that goes on under another name or in another Redis is not silent`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", server: "old:6379/0", variant: "a", newest: "6 hours", count: 9)
    try await ledger.plant("job", server: "old:6379/0", variant: "b", newest: "1 minute", count: 9)
    #expect(try await ledger.health().troubles == ["job:a silent"])
    try await ledger.place.execute("delete from oneshot.job_runs where variant = 'b'")
    try await ledger.plant("job", server: "new:6379/0", variant: "c", newest: "1 minute", count: 5)
    #expect(try await ledger.health().troubles == [])
  }

  @Test func `while another variant holds the lock, a job is not silent`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", every: "1 minute", newest: "3 hours", count: 9)
    #expect(try await ledger.health().troubles == ["job silent"])
    try await ledger.plant("job", variant: "rebuild", newest: "179 minutes", took: "170 minutes")
    #expect(try await ledger.health().troubles == [])
  }
}

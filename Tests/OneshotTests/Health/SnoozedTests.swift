import JobRuntime
import Operations
import TestSupport
import Testing

/// Troubles that an operator has silenced for a while.
@Suite(.timeLimit(.minutes(10))) struct SnoozedTests {
  private func snooze(
    _ kind: Trouble.Kind = .failing, instance: String = "", job: String = "job", variant: String? = nil,
    to left: Duration = .hours(1)
  ) -> Snooze {
    Snooze(
      instance: instance, job: job, variant: variant, kind: kind, start: History.now - .hours(2),
      end: History.now + left)
  }

  /// A job that fails in two variants.
  private var history: History {
    var history = History()
    for variant in ["", "pending"] {
      history.add(variant: variant, ago: [.minutes(1)], .failed) { $0.errorKind = "internal" }
    }
    return history
  }

  @Test func `a snooze silences its kind of its job, in one variant or in all, until it is over`() {
    let settings = HealthSettings(expectations: [])
    let both = ["job failing", "job:pending failing"]
    #expect(history.kinds(settings) == both)
    for (snoozes, expected) in [
      ([snooze()], []), ([snooze(variant: "pending")], ["job failing"]),
      ([snooze(variant: "")], ["job:pending failing"]), ([snooze(.missed)], both), ([snooze(job: "other")], both),
      ([snooze(instance: "staging")], both), ([snooze(to: .zero)], both),
    ] {
      var history = history
      history.snoozes = snoozes
      #expect(history.kinds(settings) == expected, "\(snoozes)")
    }
  }

  @Test func `a trouble that two snoozes cover is silent until the later one is over`() {
    var history = history
    history.snoozes = [snooze(variant: "pending"), snooze(to: .hours(3))]
    let verdict = history.verdict(HealthSettings(expectations: []))
    #expect(verdict.troubles.isEmpty && verdict.snoozed == 2)
    #expect(verdict.all.map(\.snoozedUntil) == [History.now + .hours(3), History.now + .hours(3)])
    #expect(verdict.snoozes.map { $0.troubles.count } == [2, 0])
  }

  @Test func `health shows what is snoozed, counts it no more, and counts it again after that`() async throws {
    let ledger = try await PlantedLedger()
    let settings = ["HEALTH_EXPECT": "reindex=1h"]
    try await ledger.plant("reindex", newest: "9 hours", count: 21)
    #expect(try await ledger.health(settings) == (["reindex missed"], 1))
    let snoozed = try await ledger.oneshot(
      ["snooze", "reindex", "missed", "--for", "2h", "--by", "ada", "--reason", "moving\u{1b}[2J"])
    #expect(snoozed.exitCode == 0 && snoozed.output.hasPrefix("reindex: missed is snoozed until "), "\(snoozed.errors)")
    #expect(snoozed.errors.contains("no open incident"))
    #expect(try await ledger.health(settings) == ([], 0))
    let shown = try await ledger.oneshot(["health"], settings).output
    #expect(shown.contains("Snoozed:\nreindex: missed, until ") && shown.contains(", by ada: moving"), "\(shown)")
    #expect(shown.contains("nothing was started since") && shown.contains("Healthy: nothing else is wrong"))
    #expect(!shown.contains("\u{1b}"))
    let json = try await ledger.oneshot(["health", "--json"], settings).result["snoozed"].elements
    #expect(json.map { $0["kind"].string } == ["missed"] && json[0]["troubles"].elements.count == 1)

    #expect(try await ledger.oneshot(["unsnooze", "reindex", "late"]).exitCode == 1)
    #expect(try await ledger.oneshot(["unsnooze", "reindex", "missed"]).exitCode == 0)
    #expect(try await ledger.health(settings) == (["reindex missed"], 1))
    #expect(try await ledger.oneshot(["unsnooze", "reindex", "missed"]).exitCode == 1)
  }

  @Test(arguments: [
    ["reindex", "missed"], ["reindex", "--for", "1h"], ["reindex", "broken", "--for", "1h"],
    ["reindex", "missed", "--until", "2020-01-01T00:00:00Z"], ["reindex", "missed", "--for", "1h", "--variant", "*"],
  ])
  func `a snooze without an end, or of no kind, is refused`(words: [String]) async throws {
    let ledger = try await PlantedLedger()
    let ended = try await ledger.oneshot(["snooze"] + words)
    #expect(ended.exitCode == 64 && !ended.errors.isEmpty, "\(ended.errors)")
    #expect(try await ledger.place.value("select count(*) from oneshot.snoozes") == "0")
  }
}

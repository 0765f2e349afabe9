import TestSupport
import Testing

/// Incidents that an operator has silenced for a while.
@Suite(.timeLimit(.minutes(10))) struct SnoozeTests {
  private let settings = ["HEALTH_EXPECT": "job=1h", "DOCTOR_SETTLE": "0s"]

  @Test func `a snoozed incident stays open and calls nobody, until the snooze is over`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", newest: "90 minutes", count: 9)
    #expect(try await ledger.doctor(settings).exitCode == 65)
    // As if somebody had been notified.
    try await ledger.place.execute("update oneshot.incidents set opening_told = '{mail}'")
    let snoozed = try await ledger.oneshot(["snooze", "job", "missed", "--for", "1h"])
    #expect(snoozed.exitCode == 0 && snoozed.errors.isEmpty, "\(snoozed.errors)")
    let state = """
      select concat_ws(' ', count(*), bool_and(closed_at is null), bool_and(snoozed_until is not null),
        string_agg(opening_told::text, ''), sum(times_snoozed)) from oneshot.incidents
      """
    for _ in 1...2 {
      let run = try await ledger.doctor(settings)
      #expect(run.exitCode == 0 && run.result["status"].string == "succeeded", "\(run.output)")
      #expect(run.result["counts", "troubles"].int == 0 && run.result["counts", "snoozed"].int == 1)
      #expect(try await ledger.place.value(state) == "1 t t {mail} 0")
    }
    try await ledger.place.execute(
      "update oneshot.snoozes set snoozed_at = now() - interval '2 hours', snoozed_until = now()")
    for _ in 1...2 {
      #expect(try await ledger.doctor(settings).exitCode == 65)
      // Receivers are notified again, once.
      #expect(try await ledger.place.value(state) == "1 t f {} 1")
    }
  }

  @Test func `what begins while it is snoozed is recorded, and what ends meanwhile is over`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", newest: "90 minutes", count: 9)
    #expect(try await ledger.oneshot(["snooze", "job", "missed", "--for", "1h"]).exitCode == 0)
    let begun = try await ledger.doctor(settings)
    #expect(begun.exitCode == 0 && begun.result["counts", "opened"].int == 1, "\(begun.output)")
    try await ledger.plant("job")
    let over = try await ledger.doctor(settings)
    #expect(over.exitCode == 0 && over.result["counts", "over"].int == 1, "\(over.output)")
  }
}

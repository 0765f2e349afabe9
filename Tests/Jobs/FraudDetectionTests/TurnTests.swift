import TestSupport
import Testing

/// A run, a handler and a person at one entry in the same moment.
@Suite(.timeLimit(.minutes(10))) struct TurnTests {
  private func heldEntry() async throws -> Signups {
    let signups = try await Signups()
    try await signups.add("id, email, created_at", "values (1, 'x', timestamptz '2025-11-07')")
    #expect(try await signups.run().count("held") == 1)
    return signups
  }

  @Test func `a decision that is written without a function while a run waits for it is not overwritten`() async throws
  {
    let signups = try await heldEntry()
    let run = try await BlockedRun(
      behind: """
        update oneshot.fraud_reviews set state = 'approved', decided_by = 'ann', decided_at = now(), signals_at_decision = '{disposable_email}'
        """, in: signups.place, signups.environment(["FRAUD_MODE": "recheck"]), Signups.binary)
    // What is said of the entry changes as well, so that the run has something to write.
    try await signups.place.execute("update oneshot.fraud_signals set points = 5")
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    #expect(try await signups.states() == ["1 approved 90"])
    #expect(
      try await signups.place.value("select decided_by from oneshot.fraud_reviews") == "ann")
  }

  @Test func `a run that waits for a decision that does not end says who makes it`() async throws {
    let signups = try await heldEntry()
    let decision = try await OpenTransaction(
      in: signups.place, "select oneshot.fraud_decide(1, 'approved', 'ann')")
    try await signups.add("id, email, created_at", "values (2, 'y', timestamptz '2025-11-07')")
    let run = try await signups.run([], ["JOB_ATTEMPTS": "1"])
    #expect(run.exitCode == 75 && run.result["error", "kind"].string == "busy", "\(run.output)\(run.errors)")
    #expect(run.output.contains(" another"), "\(run.output)")
    try await decision.commit()
    #expect(try await signups.run().count("held") == 1)
    #expect(try await signups.states() == ["1 approved 90", "2 held 90"])
  }

  @Test func `two that check at once find what their entries have in common`() async throws {
    let signups = try await Signups()
    #expect(try await signups.run().exitCode == 0)
    try await signups.add(
      "id, email, referred_by, created_at",
      "values (1, 'ab@gmail.com', null::bigint, timestamptz '2025-11-07'), (2, 'a.b@gmail.com', 1, '2025-11-07')")
    // event-drain's handler has checked the one and has not committed; the run comes to both.
    let handler = try await OpenTransaction(
      in: signups.place,
      "select oneshot.fraud_check('{1}', rules, '2025-11-08') from oneshot.fraud_rules")
    let run = try Signups.binary.start([], signups.environment())
    try await signups.place.until(
      orEndOf: run,
      "select exists (select from pg_locks where locktype = 'advisory' and not granted and objsubid = 1 and database = (select oid from pg_database where datname = current_database()))"
    )
    try await handler.commit()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0 && outcome.count("entries") == 2, "\(outcome.output)\(outcome.errors)")
    #expect(try await signups.states() == ["2 held 95"])
  }
}

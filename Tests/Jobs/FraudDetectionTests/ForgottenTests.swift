import TestSupport
import Testing

/// No check that is still to come is lost, and nothing that was found is undone by what is forgotten.
@Suite(.timeLimit(.minutes(10))) struct ForgottenTests {
  @Test func `what a recheck has noted when it is killed is checked by the next run`() async throws {
    let signups = try await Signups()
    try await signups.add("id, email, created_at", "values (1, 'x', timestamptz '2025-11-07')")
    #expect(try await signups.run().count("entries") == 1)
    try await signups.add("id, email, created_at", "values (2, 'y', timestamptz '2025-11-07')")
    let recheck = try await signups.start(
      ["FRAUD_MODE": "recheck"], until: "select count(*) = 2 from oneshot.fraud_facts")
    #expect(try await signups.states() == ["1 held 90"])
    try await signups.kill(recheck)
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("held") == 1, "\(run.output)\(run.errors)")
    #expect(try await signups.states() == ["1 held 90", "2 held 90"])
    #expect(try await signups.run().count("entries") == 0)
  }

  @Test func `runs of some checks each have their own, and one of all checks makes up for the rest`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, user_agent, honeypot, created_at", "values (1, 'x', 'curl/8.5', null, timestamptz '2025-11-07')")
    for (checks, states) in [("bot", "1 suspect 50"), ("disposable_email", "1 held 95"), ("velocity", "1 held 95")] {
      let run = try await signups.run([], ["FRAUD_CHECKS": checks])
      #expect(run.exitCode == 0 && run.count("entries") == 1, "\(checks): \(run.output)\(run.errors)")
      #expect(try await signups.states() == [states], "\(checks)")
    }
    try await signups.place.execute("update waitlist_entries set honeypot = 'filled'")
    #expect(try await signups.run().count("entries") == 1)
    #expect(try await signups.states() == ["1 held 99"])
    #expect(try await signups.run().count("entries") == 0)
  }

  @Test func `a recheck and a verification keep what was found by a referrer who is forgotten`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, referred_by, created_at",
      "values (1, 'ab@gmail.com', null::bigint, timestamptz '2025-10-01'), (2, 'a.b@gmail.com', 1, '2025-11-01')")
    #expect(try await signups.run([], ["FRAUD_KEEP": "60d"]).count("held") == 1)
    let keep = ["FRAUD_KEEP": "32d"]
    #expect(try await signups.run([], keep).count("forgotten") == 1)
    let verified = try await signups.run([], keep.merging(["FRAUD_MODE": "verify"]) { $1 })
    #expect(verified.exitCode == 0 && verified.count("differences") == 0, "\(verified.output)")
    let again = try await signups.run([], keep.merging(["FRAUD_MODE": "recheck"]) { $1 })
    #expect(again.exitCode == 0 && again.count("cleared") == 0, "\(again.output)")
    #expect(try await signups.states() == ["2 held 95"])
  }

  @Test func `an entry that is forgotten keeps its state, whomever it refers`() async throws {
    let signups = try await Signups()
    try await signups.add("id, email, created_at", "values (1, 'x', timestamptz '2025-09-01')")
    #expect(try await signups.run([], ["FRAUD_KEEP": "100d"]).count("held") == 1)
    let keep = ["FRAUD_KEEP": "32d"]
    #expect(try await signups.run([], keep).count("forgotten") == 1)
    try await signups.add(
      "id, email, referred_by, created_at",
      "select g, 'user' || g || '@mail.org', 1, timestamptz '2025-11-07' + g * interval '10 seconds' from generate_series(2, 20) g"
    )
    let run = try await signups.run([], keep)
    #expect(run.exitCode == 0 && run.count("cleared") == 0 && run.count("entries") == 19, "\(run.output)")
    #expect(try await signups.states().first == "1 held 90")
    #expect(try await signups.events().allSatisfy { !$0.hasPrefix("fraud.cleared") })
  }
}

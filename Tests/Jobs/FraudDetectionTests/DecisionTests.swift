import TestSupport
import Testing

/// A person's word, and what is kept of whom.
@Suite(.timeLimit(.minutes(10))) struct DecisionTests {
  @Test func `an approved entry stays approved, and an event says what is new of it`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, user_agent, created_at",
      "values (1, 'a@localhost', 'Mozilla/5.0', timestamptz '2025-11-07'), (2, 'b@localhost', 'Mozilla/5.0', '2025-11-07')"
    )
    #expect(try await signups.run().count("held") == 2)
    try await signups.place.execute(
      """
      select oneshot.fraud_decide(1, 'approved', 'ann@desk', 'a tester'), oneshot.fraud_decide(2, 'rejected', 'ann@desk');
      update waitlist_entries set user_agent = 'curl/8.5'
      """)
    let again = try await signups.run([], ["FRAUD_MODE": "recheck"])
    #expect(again.exitCode == 0 && again.count("entries") == 2, "\(again.output)\(again.errors)")
    #expect(try await signups.states() == ["1 approved 95", "2 rejected 95"])
    #expect(try await signups.events() == ["fraud.held 1", "fraud.held 2", "fraud.held 1"])
    #expect(
      try await signups.place.value("select event -> 'data' ->> 'state' from oneshot.events order by seq desc limit 1")
        == "approved")
    _ = try await signups.run([], ["FRAUD_MODE": "recheck"])
    #expect(try await signups.events().count == 3)
    #expect(
      try await signups.place.value("select decided_by || ' ' || note from oneshot.fraud_reviews where entry_id = 1")
        == "ann@desk a tester")
  }

  @Test func `evidence, events and logs hold no address and no mail`() async throws {
    let signups = try await Signups(["JOB_LOG_LEVEL": "debug"])
    try await signups.add(
      "id, email, ip, device_fingerprint, referred_by, created_at",
      """
      select g, 'secretname+' || g || '@trash.org', '198.51.100.77', 'secretdevice', case when g > 1 then 1 end,
        timestamptz '2025-11-07' + g * interval '10 seconds' from generate_series(1, 20) g
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0 && (run.count("held") ?? 0) > 10, "\(run.output)\(run.errors)")
    let kept = try await signups.place.value(
      """
      select (select string_agg(event::text, '') from oneshot.events) || (select string_agg(s::text, '') from oneshot.fraud_signals s)
        || (select string_agg(r::text, '') from oneshot.fraud_reviews r) || (select string_agg(r::text, '') from oneshot.job_runs r)
      """)
    #expect(kept.contains("self_referral"))
    for text in [kept, run.output, run.errors] {
      for secret in ["secretname", "198.51.100", "secretdevice", "trash.org"] { #expect(!text.contains(secret)) }
    }
  }

  @Test func `what is older than it is kept is removed, and what is forgotten is gone at once`() async throws {
    let signups = try await Signups(["FRAUD_KEEP": "40d"])
    try await signups.add(
      "id, email, created_at",
      "values (1, 'x', timestamptz '2025-09-01'), (2, 'x', '2025-10-09'), (3, 'x', '2025-11-07')")
    let run = try await signups.run()
    #expect(run.count("entries") == 2, "\(run.output)")
    let later = try await signups.run([], ["JOB_SCHEDULED_AT": "2025-11-20T00:00:00Z"])
    #expect(later.count("forgotten") == 1 && later.count("entries") == 0, "\(later.output)")
    #expect(try await signups.place.value("select string_agg(entry_id::text, ' ') from oneshot.fraud_facts") == "3")
    try await signups.place.execute("delete from waitlist_entries; select oneshot.fraud_forget(3)")
    #expect(
      try await signups.place.value(
        "select (select count(*) from oneshot.fraud_facts) + (select count(*) from oneshot.fraud_signals)") == "0")
    #expect(try await signups.states() == ["2 held 90", "3 held 90"])
  }

  @Test func `a decision on what no run has looked at is refused`() async throws {
    let signups = try await Signups()
    for (call, complaint) in [
      ("17, 'approved', 'ann'", "entry 17 is none that fraud-detection has looked at"),
      ("17, 'held', 'ann'", "an entry is approved or rejected, not held"),
      ("17, 'approved', ''", "needs to say whose it is"),
    ] {
      let refusal = await #expect(throws: (any Error).self) {
        try await signups.place.execute("select oneshot.fraud_decide(\(call))")
      }
      #expect("\(refusal.map(String.init(describing:)) ?? "")".contains(complaint))
    }
  }
}

import TestSupport
import Testing

/// Sign-ups that wait for a person's decision, as the page shows them.
@Suite(.timeLimit(.minutes(5))) struct ReviewTests {
  @Test func `entries that wait are listed with why and with the command, the highest score first`() async throws {
    let reports = try await Reports()
    try await reports.place.execute(
      """
      insert into oneshot.fraud_facts
      select g, 3, '', '', null, null, null, '2025-11-07', '{}', false, true from generate_series(1, 40) g;
      insert into oneshot.fraud_signals values (7, 'bot', 95, '{"honeypot": {}}', now(), now());
      insert into oneshot.fraud_reviews (entry_id, score, state, changed_at)
      select g, 50 + g, 'suspect', now() - interval '3 hours' from generate_series(8, 35) g;
      insert into oneshot.fraud_reviews (entry_id, score, state, changed_at)
      values (7, 95, 'held', now() - interval '3 hours'), (1, 99, 'rejected', now()), (2, 30, 'clear', now())
      """)
    #expect(try await reports.run().exitCode == 0)
    // Where fraud-detection does not run, nothing is said of it.
    #expect(!reports.page().contains("Sign-ups to decide on"))
    try await reports.add("fraud-detection", ago: "5 minutes")
    let run = try await reports.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let text = ReportTests.text(of: reports.page())
    #expect(text.contains("Sign-ups to decide on 29 waiting"), "\(text)")
    #expect(text.contains("7 3 held 95 3h ago bot 95 oneshot fraud show 7"), "\(text)")
    #expect(!text.contains("oneshot fraud show 1 ") && !text.contains("oneshot fraud show 2 "))
    #expect(text.contains("4 more entries"), "\(text)")
    try await reports.place.execute("update oneshot.fraud_reviews set state = 'approved'")
    _ = try await reports.run()
    #expect(ReportTests.text(of: reports.page()).contains("Sign-ups to decide on None is waiting."))
  }
}

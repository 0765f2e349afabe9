import TestSupport
import Testing

/// `oneshot fraud`: what waits for a decision, and the decision.
@Suite(.timeLimit(.minutes(5))) struct FraudCommandTests {
  private func operatorPlace() async throws -> Place {
    let place = try await Place()
    try await place.execute(
      """
      insert into oneshot.fraud_facts
      select g, 3, '', '', null, null, null, '2025-11-07', '{}', false, true from generate_series(1, 3) g;
      insert into oneshot.fraud_signals values
        (1, 'bot', 50, '{"form": {}}', now(), now()), (2, 'bot', 95, '{"honeypot": {}}', now(), now()),
        (2, 'velocity', 40, '{"burst": {"referrer": 1}}', now(), now());
      insert into oneshot.fraud_reviews (entry_id, score, state, changed_at) values (1, 50, 'suspect', now()), (2, 97, 'held', now())
      """)
    return place
  }

  @Test func `what waits is listed with its reasons, the highest score first, and a decision takes it off the list`()
    async throws
  {
    let place = try await operatorPlace()
    let oneshot = Binary("oneshot")
    let list = try await oneshot.run(["fraud", "list"], place.environment)
    let lines = list.output.split(separator: "\n")
    #expect(list.exitCode == 0 && lines.count == 3, "\(list.output)\(list.errors)")
    #expect(lines[1].contains("held") && lines[1].hasSuffix("bot 95, velocity 40"), "\(list.output)")
    let held = try await oneshot.run(["fraud", "list", "--held"], place.environment)
    #expect(held.output.split(separator: "\n").count == 2, "\(held.output)")
    let show = try await oneshot.run(["fraud", "show", "2"], place.environment)
    #expect(show.exitCode == 0 && show.output.contains("\"referrer\": 1"), "\(show.output)\(show.errors)")
    let approve = try await oneshot.run(
      ["fraud", "approve", "2", "--by", "ann", "--note", "a tester"], place.environment)
    #expect(approve.exitCode == 0 && approve.output == "approved 2, by ann\n", "\(approve.output)\(approve.errors)")
    let reject = try await oneshot.run(["fraud", "reject", "1", "--by", "ann"], place.environment)
    #expect(reject.exitCode == 0, "\(reject.output)\(reject.errors)")
    #expect(
      try await place.value(
        "select string_agg(concat_ws(' ', entry_id, state, decided_by, note), ', ' order by entry_id) from oneshot.fraud_reviews"
      ) == "1 rejected ann, 2 approved ann a tester")
    let after = try await oneshot.run(["fraud", "list"], place.environment)
    #expect(after.exitCode == 0 && after.output.isEmpty && after.errors.contains("no entry waits"), "\(after.output)")
  }

  @Test func `an entry that no run has looked at cannot be decided on`() async throws {
    let place = try await operatorPlace()
    for words in [["fraud", "show", "17"], ["fraud", "approve", "17"]] {
      let run = try await Binary("oneshot").run(words, place.environment)
      #expect(run.exitCode == 1 && run.errors.contains("has not looked at an entry 17"), "\(run.output)\(run.errors)")
    }
    let wrong = try await Binary("oneshot").run(["fraud", "reject", "ann"], place.environment)
    #expect(wrong.exitCode == 64 && wrong.errors.contains("not the number of an entry"), "\(wrong.errors)")
    #expect(try await place.value("select count(*) from oneshot.fraud_reviews where decided_by is not null") == "0")
  }
}

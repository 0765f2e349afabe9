import TestSupport
import Testing

/// The handler `fraud`, which checks a sign-up as fraud-detection does.
@Suite(.timeLimit(.minutes(10))) struct FraudHandlerTests {
  private func event(_ entry: String) -> String {
    #"{"id":"f\#(entry)","type":"job.fraud.detect","data":{"entry_id":\#(entry)}}"#
  }

  @Test func `an event has its entry checked at once, by fraud-detection's last settings, and the job looks once more`()
    async throws
  {
    let drained = try await Drained()
    let place = drained.place
    // Ids of 19 digits, as generators of ids make them that put the time in front.
    try await place.execute(
      """
      create table waitlist_entries (
        id bigint primary key, campaign_id bigint, email text, referred_by bigint, user_agent text, created_at timestamptz);
      insert into waitlist_entries values
        (1790000000000000001, 1, 'ab@gmail.com', null, 'Mozilla/5.0', '2025-11-07'), (-5, 1, 'x', null, 'curl/8.5', '2025-11-07')
      """)
    let job = place.environment.merging([
      "JOB_SCHEDULED_AT": Drained.now, "JOB_FORCE": "true", "FRAUD_POINTS": "bot=60",
    ]) { $1 }
    #expect(try await Binary("fraud-detection").run([], job).count("entries") == 2)
    try await place.execute(
      """
      insert into waitlist_entries values
        (1790000000000000002, 1, 'a.b@gmail.com', 1790000000000000001, 'curl/8.5', '2025-11-07');
      update waitlist_entries set email = 'ok@mail.org' where id = -5
      """)
    try await drained.add([event("1790000000000000002"), event("-5"), event("9223372036854775808")])
    let drain = try await drained.run()
    #expect(
      drain.exitCode == 65 && drain.count("done") == 2 && drain.count("failed") == 1, "\(drain.output)\(drain.errors)")
    #expect(drain.output.contains("no entry_id that is a number of an entry"), "\(drain.output)")
    let states =
      "select string_agg(concat_ws(' ', entry_id, state, score), ', ' order by entry_id) from oneshot.fraud_reviews"
    #expect(try await place.value(states) == "-5 suspect 60, 1790000000000000002 held 98")
    #expect(try await Binary("fraud-detection").run([], job).count("entries") == 2)
    #expect(try await place.value(states) == "-5 suspect 60, 1790000000000000002 held 98")
    #expect(try await Binary("fraud-detection").run([], job).count("entries") == 0)
  }
}

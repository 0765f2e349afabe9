import TestSupport
import Testing

/// What cannot be placed, and what becomes of the others.
@Suite(.timeLimit(.minutes(10))) struct FailureTests {
  @Test(arguments: [
    "raise exception 'not this one'", "raise exception 'not this one' using errcode = 'UE001'",
    "raise exception 'not this one' using errcode = 'insufficient_privilege'",
    "perform * from \"not this one\"",
  ])
  func `a campaign that a trigger refuses is a dead letter, and the others are placed`(body: String) async throws {
    let waitlist = try await Waitlist()
    try await waitlist.place.execute(
      """
      insert into waitlist_campaigns values (2, 'live');
      create function refuse() returns trigger language plpgsql as $$
      begin if new.id = 2 then \(body); end if; return new; end $$;
      create trigger refuse before update on waitlist_entries for each row execute function refuse()
      """)
    try await waitlist.add(1...3)
    try await waitlist.add(11...13, to: 2)
    // Alone, it is its own failure all the same.
    for chosen in ["1", "1,2"] {
      let run = try await waitlist.run([], ["WAITLIST_CAMPAIGN": chosen])
      #expect(run.exitCode == 65 && run.count("failed") == 1, "\(run.output)\(run.errors)")
      #expect(run.output.contains("not this one") && run.output.contains("refuse()"), "\(run.output)")
    }
    #expect(try await waitlist.order() == [])
    #expect(try await waitlist.order(2) == ["11", "12", "13"])
    #expect(try await waitlist.letters() == ["failed campaign/1 pending"])
    try await waitlist.place.execute("drop trigger refuse on waitlist_entries")
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.letters() == ["failed campaign/1 resolved"])
    #expect(try await waitlist.order() == ["1", "2", "3"])
  }

  @Test func `a grant that one campaign lacks stops no other; one that all lack is no campaign's failure`() async throws
  {
    let waitlist = try await Waitlist()
    try await waitlist.place.execute("insert into waitlist_campaigns values (2, 'live')")
    try await waitlist.add(1...3)
    try await waitlist.add(11...13, to: 2)
    for _ in 1...2 { #expect(try await waitlist.run().exitCode == 0) }
    let restricted = try await waitlist.place.restricted("waitlist-positions")
    let role = waitlist.place.own("jobs")
    try await waitlist.place.execute(
      """
      grant select on oneshot.fraud_reviews to \(role);
      revoke update (position) on waitlist_entries from \(role);
      update waitlist_entries set position = 9 where id in (2, 12)
      """)
    let denied = try await waitlist.run([], restricted)
    #expect(denied.exitCode == 77 && denied.output.contains("update"), "\(denied.output)\(denied.errors)")
    #expect(try await waitlist.letters() == [])
    // The second one is as it was, and nothing has to be written.
    try await waitlist.place.execute("update waitlist_entries set position = 2 where id = 12")
    let run = try await waitlist.run([], restricted)
    #expect(
      run.exitCode == 65 && run.count("unchanged_campaigns") == 1 && run.count("failed") == 1,
      "\(run.output)\(run.errors)")
    #expect(try await waitlist.letters() == ["failed campaign/1 pending"])
  }
}

import TestSupport
import Testing

/// What is wrong with rows, columns and settings, and what becomes of the rest.
@Suite(.timeLimit(.minutes(10))) struct GuardTests {
  @Test func `odd referrals do not count, and are one dead letter until they are corrected`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.add(1...6)
    // A circle of 1, 2 and 3; an entry of nobody's campaign; itself; a later one.
    try await waitlist.place.execute(
      """
      insert into waitlist_entries (id, campaign_id, original_position) values (100, 2, 1);
      update waitlist_entries e set referred_by = v.b from (values (1, 3), (2, 1), (3, 2), (4, 100), (5, 5)) as v (a, b)
      where e.id = v.a
      """)
    let run = try await waitlist.run()
    #expect(run.exitCode == 65 && run.count("odd_referrals") == 5, "\(run.output)\(run.errors)")
    #expect(try await waitlist.order() == ["1", "2", "3", "4", "5", "6"])
    #expect(try await waitlist.letters() == ["odd_referrals campaign/1/odd_referrals pending"])
    #expect(
      try await waitlist.place.value("select payload ->> 'entries' from oneshot.dead_letters") == "[1, 2, 3, 4, 5]")
    #expect(try await waitlist.place.value("select count(*) from oneshot.waitlist_placements") == "0")
    // As long as they are there, each run says so, and so does one that was asked to do the letter again.
    for _ in 1...2 { #expect(try await waitlist.run().exitCode == 65) }
    try await waitlist.place.askForReplay("waitlist-positions", "campaign/1/odd_referrals")
    #expect(try await waitlist.run().replayed == [1, 0, 1, 0])
    try await waitlist.place.execute("update waitlist_entries set referred_by = null where id <= 5")
    let next = try await waitlist.run()
    #expect(next.exitCode == 0 && next.count("odd_referrals") == 0, "\(next.output)")
    #expect(try await waitlist.letters() == ["odd_referrals campaign/1/odd_referrals resolved"])
  }

  @Test func `a circle that somebody has left is none, whatever was odd before`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "3"])
    try await waitlist.add(1...9)
    try await waitlist.place.execute(
      """
      update waitlist_entries e set referred_by = v.b from (values (6, 8), (7, 6), (8, 7)) as v (a, b) where e.id = v.a;
      update waitlist_entries set status = 'withdrawn' where id = 6
      """)
    for other in ["null", "2", "null"] {
      try await waitlist.place.execute("update waitlist_entries set referred_by = \(other) where id = 2")
      #expect(try await waitlist.run().count("odd_referrals") == (other == "2" ? 1 : 0))
      #expect(try await waitlist.order() == ["1", "2", "3", "4", "7", "5", "8", "9"])
    }
    try await waitlist.place.execute("update waitlist_entries set status = null where id = 6")
    #expect(try await waitlist.run().count("odd_referrals") == 3)
  }

  @Test(arguments: ["status = 'ended'", "id = 2"])
  func `letters of a campaign that is not live any more are resolved`(change: String) async throws {
    let waitlist = try await Waitlist()
    try await waitlist.add(1...2)
    try await waitlist.place.execute("update waitlist_entries set referred_by = 1 where id = 1")
    #expect(try await waitlist.run().exitCode == 65)
    try await waitlist.place.execute("update waitlist_campaigns set \(change)")
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.letters() == ["odd_referrals campaign/1/odd_referrals resolved"])
  }

  @Test func `a referrer who has left or shares an original position is not odd`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.add(1...4)
    try await waitlist.place.execute(
      """
      update waitlist_entries set original_position = 2 where id = 3;
      update waitlist_entries set status = 'withdrawn' where id = 1;
      update waitlist_entries set referred_by = 1 where id = 4;
      update waitlist_entries set referred_by = 2 where id = 3
      """)
    let run = try await waitlist.run()
    #expect(
      run.exitCode == 0 && run.count("odd_referrals") == 0 && run.count("twins") == 2, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("share their original position"))
    #expect(try await waitlist.order() == ["2", "3", "4"])
    // Without its referrer's lower id it would be.
    try await waitlist.place.execute(
      "update waitlist_entries set referred_by = case id when 2 then 3 end where id in (2, 3)")
    #expect(try await waitlist.run().count("odd_referrals") == 1)
  }

  @Test func `entries without an original position are last by their ids, and named`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "1000000"])
    try await waitlist.add(1...4)
    try await waitlist.refer(5...5, by: 2)
    try await waitlist.place.execute("update waitlist_entries set original_position = null where id in (1, 3)")
    let run = try await waitlist.run()
    #expect(run.exitCode == 0 && run.count("unplaced") == 2, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("have no original position"))
    #expect(try await waitlist.order() == ["2", "4", "5", "1", "3"])
  }

  @Test(arguments: ["-1", "1000001"])
  func `points that cannot be are refused, and the other campaigns are placed`(points: String) async throws {
    let waitlist = try await Waitlist()
    #expect(try await waitlist.run([], ["WAITLIST_POINTS": points]).exitCode == 78)
    try await waitlist.place.execute(
      """
      update waitlist_campaigns set points_per_referral = \(points);
      insert into waitlist_campaigns values (2, 'live', 1000000)
      """)
    try await waitlist.add(1...2)
    try await waitlist.add(3...4, to: 2)
    for arguments in [["--check"], []] {
      let run = try await waitlist.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("in campaigns 1"), "\(run.output)")
    }
    #expect(try await waitlist.order() == [])
    #expect(try await waitlist.order(2) == ["3", "4"])
  }

  @Test(arguments: [
    ["WAITLIST_CAMPAIGN": "one"], ["WAITLIST_CAMPAIGN": "1,,2"], ["WAITLIST_PLACES": "dense"],
    ["WAITLIST_TARGET": "redis"],
    ["WAITLIST_MAX_REFERRALS": "-1"], ["WAITLIST_NOTIFY_MOVE": "5%,6%"], ["WAITLIST_NOTIFY_MOVE": "0"],
    ["WAITLIST_NOTIFY_MOVE": "101%"], ["WAITLIST_NOTIFY_MOVE": "nan%"], ["WAITLIST_NOTIFY_TOP": "0"],
    ["WAITLIST_NOTIFY_TOP": "10,x"], ["WAITLIST_NOTIFY_EVERY": "daily"],
  ])
  func `a setting that cannot be is refused`(setting: [String: String]) async throws {
    let run = try await Waitlist.binary.run(
      [], ["DATABASE_URL": "x", "REDIS_URL": "redis://h"].merging(setting) { $1 })
    let name = try #require(setting.keys.first)
    #expect(run.exitCode == 78 && run.output.contains(name), "\(run.output)")
  }

  @Test func `nobody is notified of a place that a trigger leaves as it was`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.add(1...40)
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute(
      """
      create function leave() returns trigger language plpgsql as $$
      begin if new.id = 20 then return null; end if; return new; end $$;
      create trigger leave before update of position on waitlist_entries for each row execute function leave();
      update waitlist_entries set referred_by = 20 where id > 21
      """)
    let run = try await waitlist.run(day: 9)
    #expect(run.exitCode == 0 && run.count("refused") == 1 && run.count("notified") == 0, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("prevents the change"))
    try await waitlist.place.execute("drop trigger leave on waitlist_entries")
    #expect(try await waitlist.run(day: 10).count("notified") == 1)
    #expect(try await waitlist.events() == ["20 20 2 10"])
  }

  @Test func `the first time, a plan counts the moves that a run makes, and a trigger's refusals are no moves`()
    async throws
  {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "2"])
    try await waitlist.add(1...40)
    try await waitlist.place.execute(
      """
      update waitlist_entries set position = id + case when id > 30 then 5 else -5 end;
      update waitlist_entries set referred_by = 20 where id = 21;
      create function leave() returns trigger language plpgsql as $$
      begin if new.id in (7, 20) then new.position := old.position; end if; return new; end $$;
      """)
    let plan = try await waitlist.run(["--plan"])
    #expect(plan.count("moved") == 40 && plan.count("up") == 10 && plan.count("down") == 30, "\(plan.output)")
    try await waitlist.place.execute(
      "create trigger leave before update of position on waitlist_entries for each row execute function leave()")
    let run = try await waitlist.run()
    #expect(
      run.exitCode == 0 && run.count("moved") == 38 && run.count("up") == 10 && run.count("down") == 28
        && run.count("refused") == 2 && run.count("notified") == 0, "\(run.output)\(run.errors)")
    try await waitlist.place.execute("drop trigger leave on waitlist_entries")
    #expect(try await waitlist.run().count("moved") == 2)
    #expect(try await waitlist.order().prefix(20).suffix(2) == ["20", "19"])
  }
}

import TestSupport
import Testing

/// Which places entries get.
@Suite(.timeLimit(.minutes(10))) struct PlaceTests {
  @Test func `referrals that count move an entry ahead, and places are 1 to N`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "2"])
    try await waitlist.add(1...4)
    try await waitlist.refer(5...6, by: 4)
    let run = try await waitlist.run()
    #expect(run.exitCode == 0 && run.count("entries") == 6 && run.count("moved") == 6, "\(run.output)\(run.errors)")
    // 4 has the priority 0.
    #expect(try await waitlist.order() == ["4", "1", "2", "3", "5", "6"])
    #expect(try await waitlist.events() == [])
    #expect(
      try await waitlist.place.rows(
        "select entry_id as a, priority as b, referrals as c from oneshot.waitlist_placements")
        == [["4", "0", "2"]])
  }

  @Test func `a campaign's points count before the setting's`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "1"])
    try await waitlist.place.execute("update waitlist_campaigns set points_per_referral = 3")
    try await waitlist.add(1...3)
    try await waitlist.refer(4...4, by: 3)
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.order() == ["3", "1", "2", "4"])
    try await waitlist.place.execute("alter table waitlist_campaigns drop points_per_referral")
    #expect(try await waitlist.run().count("moved") == 3)
    // Now 2 and 3 share the priority 2.
    #expect(try await waitlist.order() == ["1", "2", "3", "4"])
  }

  @Test func `raw places are priorities of at least 1, with duplicates`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "10", "WAITLIST_PLACES": "raw"])
    try await waitlist.add(1...12)
    try await waitlist.refer(13...13, by: 12)
    try await waitlist.refer(14...14, by: 3)
    try await waitlist.place.execute("update waitlist_entries set original_position = null where id = 5")
    let run = try await waitlist.run()
    #expect(run.exitCode == 0 && run.count("unplaced") == 1, "\(run.output)\(run.errors)")
    #expect(
      try await waitlist.place.value(
        "select string_agg(id || ':' || position, ' ' order by id) from waitlist_entries where id in (3, 5, 11, 12, 13)"
      )
        == "3:1 11:11 12:2 13:13")
  }

  @Test func `no more referrals count than the maximum`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_MAX_REFERRALS": "2"])
    try await waitlist.add(1...9)
    try await waitlist.refer(10...15, by: 9)
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.order().prefix(9) == ["1", "2", "3", "4", "5", "6", "7", "9", "8"])
  }

  @Test func `the withdrawal of an entry closes the gap, and its referral no longer counts`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "5"])
    try await waitlist.add(1...5)
    try await waitlist.refer(6...6, by: 5)
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.order() == ["5", "1", "2", "3", "4", "6"])
    try await waitlist.place.execute("update waitlist_entries set status = 'withdrawn' where id in (2, 6)")
    let run = try await waitlist.run()
    #expect(run.exitCode == 0 && run.count("entries") == 4, "\(run.output)")
    #expect(try await waitlist.order() == ["1", "3", "4", "5"])
    #expect(try await waitlist.place.value("select count(position) from waitlist_entries where id in (2, 6)") == "0")
    // Who comes back has a place again, and a row that is gone takes with it what was kept of it.
    try await waitlist.place.execute(
      "update waitlist_entries set status = null where id = 2; delete from waitlist_entries where id = 5")
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.order() == ["1", "2", "3", "4"])
    #expect(
      try await waitlist.place.value("select count(*) from oneshot.waitlist_placements where entry_id in (5, 6)") == "0"
    )
  }

  @Test func `a referral that is held or rejected later is taken back by the next run`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "5"])
    try await waitlist.add(1...3)
    try await waitlist.refer(4...5, by: 3)
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.order() == ["3", "1", "2", "4", "5"])
    for state in ["held", "rejected"] {
      try await waitlist.place.execute(
        """
        insert into oneshot.fraud_reviews (entry_id, score, state, changed_at)
        values (4, 90, '\(state)', now()), (5, 90, '\(state)', now())
        """)
      #expect(try await waitlist.run().count("moved") == 3)
      #expect(try await waitlist.order() == ["1", "2", "3", "4", "5"])
      try await waitlist.place.execute("update oneshot.fraud_reviews set state = 'approved'")
      #expect(try await waitlist.run().count("moved") == 3)
      #expect(try await waitlist.order() == ["3", "1", "2", "4", "5"])
      try await waitlist.place.execute("delete from oneshot.fraud_reviews")
    }
  }

  @Test func `without the tables of fraud-detection all verified referrals count`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "5"])
    try await waitlist.place.execute("drop table oneshot.fraud_reviews")
    try await waitlist.add(1...3)
    try await waitlist.refer(4...5, by: 3)
    try await waitlist.place.execute("update waitlist_entries set verified_at = null where id = 5")
    let check = try await waitlist.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.order() == ["3", "1", "2", "4", "5"])
    #expect(try await waitlist.place.value("select priority from oneshot.waitlist_placements") == "-2")
  }

  @Test func `places of placements leave the application's rows alone`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_TARGET": "placements", "WAITLIST_POINTS": "5"])
    try await waitlist.add(1...3)
    try await waitlist.refer(4...4, by: 3)
    let run = try await waitlist.run()
    #expect(run.exitCode == 0 && run.count("moved") == 4, "\(run.output)\(run.errors)")
    #expect(try await waitlist.order() == [])
    #expect(
      try await waitlist.place.value(
        "select string_agg(entry_id::text, ' ' order by position) from oneshot.waitlist_placements") == "3 1 2 4")
    for _ in 1...2 { #expect(try await waitlist.run().count("moved") == 0) }
    // What somebody else has done to them is corrected.
    try await waitlist.place.execute(
      """
      delete from oneshot.waitlist_placements where entry_id = 1;
      update oneshot.waitlist_placements set position = 1 where entry_id = 2
      """)
    #expect(try await waitlist.run().count("moved") == 2)
    #expect(
      try await waitlist.place.value(
        "select string_agg(entry_id::text, ' ' order by position) from oneshot.waitlist_placements") == "3 1 2 4")
  }

  @Test func `each change of a place is kept where that is wanted`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_HISTORY": "true"])
    try await waitlist.add(1...2)
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute("update waitlist_entries set status = 'withdrawn' where id = 1")
    #expect(try await waitlist.run(day: 9).exitCode == 0)
    #expect(
      try await waitlist.place.rows(
        """
        select entry_id as a, coalesce(from_position, 0) as b, coalesce(to_position, 0) as c
        from oneshot.waitlist_position_history order by moved_at, entry_id
        """) == [["1", "0", "1"], ["2", "0", "2"], ["1", "1", "0"], ["2", "2", "1"]])
  }

  @Test func `only the campaigns that are named, and are live, are placed`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.place.execute(
      "insert into waitlist_campaigns (id, status) values (2, 'live'), (3, 'ended'), (4, 'live')")
    for campaign in 1...4 { try await waitlist.add(campaign * 10...campaign * 10 + 1, to: campaign) }
    let some = try await waitlist.run([], ["WAITLIST_CAMPAIGN": "2, 3"])
    #expect(some.exitCode == 0 && some.count("campaigns") == 1, "\(some.output)\(some.errors)")
    #expect(try await waitlist.order(2) == ["20", "21"])
    #expect(try await waitlist.order(1) == [])
    let all = try await waitlist.run()
    #expect(all.count("campaigns") == 3 && all.count("moved") == 4, "\(all.output)")
    #expect(try await waitlist.order(3) == [])
    let twice = try await waitlist.run([], ["WAITLIST_CAMPAIGN": "2,2"])
    #expect(twice.count("campaigns") == 1 && twice.count("entries") == 2, "\(twice.output)")
    try await waitlist.place.execute(
      "alter table waitlist_campaigns alter status drop not null; insert into waitlist_campaigns (id) values (5)")
    let stateless = try await waitlist.run([], ["WAITLIST_CAMPAIGN": "5"])
    #expect(stateless.exitCode == 0 && stateless.count("campaigns") == 0, "\(stateless.output)")
    let none = try await waitlist.run([], ["WAITLIST_CAMPAIGN": "7"])
    #expect(none.exitCode == 78 && none.output.contains("no such campaign"), "\(none.output)")
  }

  @Test func `shards divide the campaigns`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.place.execute("insert into waitlist_campaigns (id, status) values (-2, 'live'), (3, 'live')")
    for shard in 0...1 {
      let run = try await waitlist.run([], ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "\(shard)"])
      #expect(run.exitCode == 0 && run.count("campaigns") == (shard == 0 ? 1 : 2), "\(run.output)")
    }
  }
}

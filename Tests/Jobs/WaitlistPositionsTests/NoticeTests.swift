import TestSupport
import Testing

/// Who is notified, and when.
@Suite(.timeLimit(.minutes(10))) struct NoticeTests {
  /// A list of which entry 50 has climbed, by as many places as are named.
  private func climbed(_ places: Int, _ more: [String: String] = [:]) async throws -> (Waitlist, Binary.Outcome) {
    let waitlist = try await Waitlist(["WAITLIST_NOTIFY_TOP": "none"].merging(more) { $1 })
    try await waitlist.add(1...50)
    try await waitlist.add(51...90)
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute(
      "update waitlist_entries set referred_by = 50 where id between 51 and \(50 + places + 1)")
    return (waitlist, try await waitlist.run(day: 9))
  }

  @Test(arguments: [
    ("10,5%", 2, 0), ("10,5%", 3, 1), ("10", 9, 0), ("10", 10, 1), ("50%", 24, 0), ("50%", 25, 1), ("2,50%", 2, 1),
  ])
  func `a climb of so many places, or of a share of the old place, is an event`(
    move: String, places: Int, events: Int
  ) async throws {
    // Of two who share a priority the one who was first is ahead, so it takes one more.
    let (waitlist, run) = try await climbed(places, ["WAITLIST_NOTIFY_MOVE": move])
    #expect(run.exitCode == 0 && run.count("notified") == events && run.count("up") == 1, "\(run.output)\(run.errors)")
    #expect(try await waitlist.events() == (events == 0 ? [] : ["50 50 \(50 - places)"]))
  }

  @Test func `an event says from where to where, why, and for which slot; it has one name for the slot`() async throws {
    let (waitlist, run) = try await climbed(20, ["WAITLIST_NOTIFY_TOP": "100,30,10"])
    let event = ResultLine(text: try await waitlist.place.value("select event from oneshot.events"))
    #expect(event["id"].string == "waitlist_entries/50/2025-11-09T02:00:00Z" && event["campaign_id"].string == "1")
    #expect(event["type"].string == "waitlist.position_update", "\(run.output)")
    #expect(event["timestamp"].string == "2025-11-09T02:00:00+00:00")
    let data = event["data"]
    #expect(data["entry_id"].int == 50 && data["from"].int == 50 && data["to"].int == 30 && data["top"].int == 30)
    #expect(data["referrals"].int == 21 && data["priority"].int == 29)
    #expect(
      try await waitlist.place.value("select dedup || ' ' || run_id from oneshot.events")
        == "waitlist_entries/50/2025-11-09T02:00:00Z \(run.result["run_id"].string ?? "")")
  }

  @Test func `a threshold that is crossed is an event however small the climb`() async throws {
    let (waitlist, _) = try await climbed(1, ["WAITLIST_NOTIFY_TOP": "49,10", "WAITLIST_NOTIFY_MOVE": "20"])
    #expect(try await waitlist.events() == ["50 50 49 49"])
  }

  @Test func `small climbs add up to one event, and a fall with a climb after it is none`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_NOTIFY_TOP": "none", "WAITLIST_NOTIFY_MOVE": "4"])
    try await waitlist.add(1...30)
    #expect(try await waitlist.run().exitCode == 0)
    for step in 1...5 {
      try await waitlist.place.execute("update waitlist_entries set referred_by = 20 where id = \(20 + step)")
      #expect(try await waitlist.run(day: 8 + step).count("notified") == (step == 5 ? 1 : 0))
    }
    #expect(try await waitlist.events() == ["20 20 16"])
    // 19 has fallen behind 20, and now comes back.
    try await waitlist.place.execute("update waitlist_entries set referred_by = null")
    #expect(try await waitlist.run(day: 14).count("notified") == 0)
    try await waitlist.place.execute("update waitlist_entries set referred_by = 20 where id between 21 and 25")
    #expect(try await waitlist.run(day: 15).count("notified") == 0)
    #expect(try await waitlist.events().count == 1)
  }

  @Test func `falls are events only where that is wanted`() async throws {
    for isDown in [false, true] {
      let (waitlist, _) = try await climbed(20, ["WAITLIST_NOTIFY_DOWN": "\(isDown)"])
      try await waitlist.place.execute("update waitlist_entries set referred_by = null")
      let run = try await waitlist.run(day: 11)
      #expect(run.count("notified") == (isDown ? 1 : 0), "\(run.output)")
      #expect(try await waitlist.events() == ["50 50 30"] + (isDown ? ["50 30 50"] : []))
    }
  }

  @Test func `an entry has one event a day; what is held back is sent later, though nothing else happens`() async throws
  {
    let (waitlist, _) = try await climbed(10)
    try await waitlist.place.execute("update waitlist_entries set referred_by = 50 where id between 62 and 75")
    let held = try await waitlist.run([], ["JOB_SCHEDULED_AT": "2025-11-09T12:00:00Z"])
    #expect(held.count("notified") == 0 && held.count("suppressed") == 1 && held.count("up") == 1, "\(held.output)")
    let quiet = try await waitlist.run([], ["JOB_SCHEDULED_AT": "2025-11-09T13:00:00Z"])
    #expect(quiet.count("suppressed") == 1 && quiet.count("moved") == 0, "\(quiet.output)")
    let skipped = try await waitlist.run([], ["JOB_SCHEDULED_AT": "2025-11-09T14:00:00Z"])
    #expect(skipped.count("unchanged_campaigns") == 1, "\(skipped.output)")
    let sent = try await waitlist.run(day: 10)
    #expect(sent.count("notified") == 1 && sent.count("moved") == 0, "\(sent.output)")
    #expect(try await waitlist.events() == ["50 50 40", "50 40 26"])
  }

  @Test func `the place that the application gave at the sign-up is what a new entry was told`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_NOTIFY_TOP": "none", "WAITLIST_NOTIFY_MOVE": "5"])
    try await waitlist.add(1...10)
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute(
      """
      insert into waitlist_entries (id, campaign_id, original_position, position) values (11, 1, 11, 40), (12, 1, 12, null)
      """)
    #expect(try await waitlist.run(day: 9).count("notified") == 1)
    #expect(try await waitlist.events() == ["11 40 11"])
  }

  @Test func `a second run for a slot writes no second event, and tells the climb to the next one`() async throws {
    let (waitlist, _) = try await climbed(10, ["WAITLIST_NOTIFY_EVERY": "0s"])
    try await waitlist.place.execute("update waitlist_entries set referred_by = 50 where id between 62 and 75")
    #expect(try await waitlist.run(day: 9).count("notified") == 0)
    #expect(try await waitlist.run(day: 10).count("notified") == 1)
    #expect(try await waitlist.events() == ["50 50 40", "50 40 26"])
  }

  @Test func `a plan counts and names who would be notified, and writes nothing`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_NOTIFY_TOP": "none"])
    try await waitlist.add(1...90)
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute("update waitlist_entries set referred_by = 50 where id > 70")
    let before = try await waitlist.place.value("select md5(string_agg(s::text, '')) from oneshot.waitlist_standings s")
    let plan = try await waitlist.run(["--plan"], ["JOB_SCHEDULED_AT": "2025-11-09T02:00:00Z"])
    #expect(
      plan.exitCode == 0 && plan.count("notified") == 1 && plan.count("moved") == 20, "\(plan.output)\(plan.errors)")
    let notice = plan.result["details", "notices"][0]
    #expect(
      notice["entry"].int == 50 && notice["from"].int == 50 && notice["to"].int == 31 && notice["campaign"].int == 1)
    #expect(try await waitlist.events() == [])
    #expect(try await waitlist.order() == (1...90).map(String.init))
    #expect(
      try await waitlist.place.value("select md5(string_agg(s::text, '')) from oneshot.waitlist_standings s") == before)
  }
}

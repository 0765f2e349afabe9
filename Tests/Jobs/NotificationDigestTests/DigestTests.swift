import TestSupport
import Testing

/// What is in a digest, and who gets one.
@Suite(.timeLimit(.minutes(20))) struct DigestTests {
  @Test func `a user's items are one mail at the hour, and what comes later is in the next one`() async throws {
    let digests = try await Digests()
    try await digests.addUsers(1...3)
    try await digests.add(1...30, users: 3)
    #expect(try await digests.run(at: "2025-11-08T08:45:00Z").count("due") == 0)
    let run = try await digests.run()
    #expect(run.exitCode == 0 && run.count("made") == 3 && run.count("items") == 30, "\(run.output)\(run.errors)")
    #expect(run.result["details", "frequencies", "daily", "made"].int == 3, "\(run.output)")
    // One that was decided before nine and committed after it, and one of after nine.
    try await digests.add(31...31, at: "2025-11-08T08:59:59Z")
    try await digests.add(32...32, at: "2025-11-08T09:00:01Z")
    for moment in ["2025-11-08T09:00:00Z", "2025-11-08T09:15:00Z", "2025-11-08T23:45:00Z"] {
      #expect(try await digests.run(at: moment).count("due") == 0, "\(moment)")
    }
    #expect(try await digests.run(at: "2025-11-09T09:00:00Z").count("items") == 2)
    #expect(
      try await digests.made() == ["1 11-08 09:00 10", "2 11-08 09:00 10", "3 11-08 09:00 10", "1 11-09 09:00 2"])
    #expect(try await digests.mistakes() == [])
    #expect(
      try await digests.place.rows(
        """
        select dedup_key as a, recipient as b, category as c, template as d, on_doubt as e, expires_at::text as f
        from oneshot.deliveries order by dedup_key limit 1
        """) == [
          [
            "digest:daily:1:2025-11-08T09:00:00Z", "u1@example.org", "digest", "digest", "hold",
            "2025-11-09 09:00:00+00",
          ]
        ])
  }

  @Test func `items are the newest first, by category, and the others are a number`() async throws {
    let digests = try await Digests(["DIGEST_MAX_ITEMS": "5"])
    try await digests.addUsers(1...1)
    try await digests.add(1...12)
    #expect(try await digests.run().count("made") == 1)
    #expect(
      try await digests.place.value(
        "select string_agg(item ->> 'text', ', ') from oneshot.deliveries, jsonb_array_elements(data -> 'items') as item"
      )
        == "title 12, title 10, title 8, title 11, title 9")
    #expect(
      try await digests.place.value(
        "select (data ->> 'total') || ' ' || (data ->> 'more') || ' ' || (data ->> 'more_by_category') from oneshot.deliveries"
      )
        == #"12 7 [{"count": 3, "category": "social"}, {"count": 4, "category": "news"}]"#)
  }

  @Test func `who gets none keeps the items, and is not looked at twice for one due time`() async throws {
    let digests = try await Digests(["DIGEST_MIN_ITEMS": "2", "DIGEST_SKIP_READ": "true"])
    try await digests.addUsers(1...8)
    try await digests.add(1...16, users: 8)
    try await digests.place.execute(
      """
      update users set email = null where id = 2; update users set email = 'U3@example.org' where id = 3;
      update users set email = 'no address' where id = 8;
      insert into oneshot.suppressions (address, category, reason) values ('u3@example.org', 'digest', 'unsubscribed');
      insert into digest_preferences (user_id, frequency, enabled) values (4, 'daily', false), (5, 'daily', false), (5, 'weekly', true);
      delete from notifications where user_id = 6;
      insert into oneshot.notification_inbox select user_id, notification_id, 'social', now(), now()
      from oneshot.digest_items where user_id = '7' order by 2 limit 1
      """)
    let run = try await digests.run()
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    let counts = [
      "due": 8, "made": 1, "no_address": 1, "suppressed": 1, "unwanted": 2, "empty": 1, "few": 1, "failed": 1,
      "dropped": 3,
    ]
    for (name, count) in counts { #expect(run.count(name) == count, "\(name): \(run.output)") }
    #expect(try await digests.letters() == ["daily/8 invalid pending: users.email is not a valid address"])
    #expect(try await digests.run(at: "2025-11-08T09:15:00Z").count("due") == 0)
    // None is lost: those of user 5 wait for the week.
    #expect(
      try await digests.place.rows(
        "select user_id as a, frequency as b, count(*)::text as c from oneshot.digest_items where digest_id is null group by 1, 2 order by 1"
      )
        == [
          ["2", "daily", "2"], ["3", "daily", "2"], ["4", "daily", "2"], ["5", "weekly", "2"], ["7", "daily", "1"],
          ["8", "daily", "2"],
        ])
    #expect(
      try await digests.run(at: "2025-11-10T09:00:00Z").result["details", "frequencies", "weekly", "made"].int == 1)
    // Corrected and replayed in time, the same digest is made.
    try await digests.place.execute("update users set email = 'u8@example.org' where id = 8")
    try await digests.place.askForReplay("notification-digest", "daily/8")
    let replay = try await digests.run(at: "2025-11-10T09:30:00Z")
    #expect(replay.exitCode == 0 && replay.count("made") == 1, "\(replay.output)")
    #expect(try await digests.letters().allSatisfy { $0.contains(" resolved: ") })
    #expect(try await digests.mistakes() == [])
  }

  @Test func `runs that were missed are late within the grace, and after it the next digest holds all`() async throws {
    let digests = try await Digests()
    try await digests.addUsers(1...1)
    try await digests.add(1...2)
    let late = try await digests.run(at: "2025-11-08T14:59:00Z")
    #expect(late.count("made") == 1 && late.count("late") == 1, "\(late.output)")
    try await digests.add(3...4, at: "2025-11-08T20:00:00Z")
    let missed = try await digests.run(at: "2025-11-09T15:01:00Z")
    #expect(missed.count("made") == 0 && missed.count("missed") == 1, "\(missed.output)")
    #expect(try await digests.run(at: "2025-11-09T15:15:00Z").count("due") == 0)
    try await digests.add(5...5, at: "2025-11-09T20:00:00Z")
    #expect(try await digests.run(at: "2025-11-10T09:00:00Z").count("items") == 3)
    // A run for an earlier slot makes nothing.
    try await digests.add(6...6, at: "2025-11-07T20:00:00Z")
    #expect(try await digests.run(at: "2025-11-08T09:00:00Z").count("due") == 0)
  }

  @Test func `choices that are none are named, and the default counts`() async throws {
    let digests = try await Digests(["DIGEST_WEEKDAY": "saturday"])
    try await digests.addUsers(1...4)
    try await digests.add(1...4, users: 4)
    try await digests.add(11...14, users: 4, frequency: "weekly")
    try await digests.place.execute(
      """
      update users set timezone = 'Mars/Olympus' where id = 1;
      insert into digest_preferences (user_id, frequency, hour, minute, weekday) values
        (2, 'daily', '24', '75', null), (3, 'weekly', null, null, 'someday'), (4, 'weekly', '8', '30', '6'), (4, 'daily', '10', null, null)
      """)
    let run = try await digests.run()
    #expect(run.exitCode == 65 && run.count("made") == 7 && run.count("failed") == 4, "\(run.output)")
    #expect(
      try await digests.letters() == [
        "daily/1 invalid pending: the time zone is \"Mars/Olympus\", which is no name of one",
        "daily/2 invalid pending: the hour is \"24\", not 0 to 23; the minute is \"75\", not 0 to 59",
        "weekly/1 invalid pending: the time zone is \"Mars/Olympus\", which is no name of one",
        "weekly/3 invalid pending: the weekday is \"someday\", neither a name nor 1 to 7",
      ])
    #expect(try await digests.made().contains("4 11-08 08:30 1"))
  }

  @Test func `an item that has waited for too long is dropped, and a digest that Postgres refuses holds up nobody`()
    async throws
  {
    let digests = try await Digests(["DIGEST_BATCH": "3"])
    try await digests.addUsers(1...7)
    try await digests.add(1...7, users: 7)
    try await digests.place.execute(
      """
      create function refuse() returns trigger language plpgsql as
        $$ begin if new.user_id = '5' then raise exception 'not this one'; end if; return new; end $$;
      create trigger refuse before insert on oneshot.deliveries for each row execute function refuse();
      insert into oneshot.digest_items values ('99', 'daily', 'x', '2025-10-01', null)
      """)
    let run = try await digests.run()
    #expect(
      run.exitCode == 65 && run.count("made") == 6 && run.count("failed") == 1 && run.count("behind") == 1
        && run.count("dropped") == 1, "\(run.output)")
    try await digests.place.execute("drop trigger refuse on oneshot.deliveries")
    let next = try await digests.run(at: "2025-11-08T09:15:00Z")
    #expect(next.exitCode == 0 && next.count("made") == 1, "\(next.output)")
    #expect(try await digests.letters() == ["daily/5 refused resolved: not this one (SQLSTATE P0001)"])
    #expect(try await digests.mistakes() == [])
  }

  @Test func `a plan counts what a run then does, and writes nothing`() async throws {
    let digests = try await Digests()
    try await digests.addUsers(1...60)
    try await digests.add(1...300, users: 60)
    let plan = try await digests.run(["--plan"])
    #expect(try await digests.made() == [])
    let run = try await digests.run()
    for name in ["due", "made", "items"] { #expect(plan.count(name) == run.count(name), "\(plan.output)") }
    #expect(run.count("made") == 60)
  }

  @Test func `of many users only those who have items are read`() async throws {
    let digests = try await Digests()
    try await digests.addUsers(1...100_000)
    try await digests.add(1...3000, users: 3000)
    try await digests.place.execute("analyze")
    let before = try await digests.place.value("select seq_tup_read from pg_stat_user_tables where relname = 'users'")
    let run = try await digests.run()
    #expect(run.count("made") == 3000, "\(run.output)")
    try await digests.place.execute("select pg_stat_clear_snapshot()")
    #expect(
      try await digests.place.value("select seq_tup_read from pg_stat_user_tables where relname = 'users'") == before)
  }
}

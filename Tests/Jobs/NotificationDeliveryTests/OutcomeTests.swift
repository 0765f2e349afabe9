import TestSupport
import Testing

/// Each line of the page's table of outcomes.
@Suite(.timeLimit(.minutes(10))) struct OutcomeTests {
  @Test func `what is queued is shown and mailed, once, and a second run finds nothing`() async throws {
    let notices = try await Notices()
    try await notices.addUsers(1...3)
    try await notices.add(1...30, users: 3)
    let run = try await notices.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.count("taken") == 30 && run.count("in_app") == 30 && run.count("emails") == 30, "\(run.output)")
    #expect(run.result["details", "categories", "social", "emails"].int == 30, "\(run.output)")
    #expect(run.errors.contains("categories without a row"))
    #expect(try await notices.mistakes() == [])
    let mail = try await notices.place.rows(
      """
      select channel as a, category as b, recipient as c, user_id as d, locale as e, template as f, on_doubt as g,
        data ->> 'title' as h, data ->> 'notification_id' as i
      from oneshot.deliveries where dedup_key = 'notification:7:email'
      """)
    #expect(
      mail == [["email", "social", "u2@example.org", "2", "de", "notification", "hold", "a title", "7"]], "\(mail)")
    #expect(
      try await notices.place.value(
        """
        select bool_and(d.delivery_id = o.delivery_id) from oneshot.deliveries d
        join oneshot.notification_outcomes o on d.dedup_key = 'notification:' || o.notification_id || ':' || o.channel
        """) == "true")
    let second = try await notices.run()
    #expect(second.exitCode == 0 && second.count("taken") == 0, "\(second.output)")
  }

  @Test func `the first condition that applies decides`() async throws {
    let notices = try await Notices(["NOTIFY_WEBHOOK": "true"])
    try await notices.addUsers(1...6)
    try await notices.place.execute(
      """
      update users set email = null where id = 2;
      update users set email = 'U3@Example.org' where id = 3;
      insert into oneshot.suppressions (address, category, reason, until) values
        ('u3@example.org', '*', 'bounce', null), ('u4@example.org', 'social', 'unsubscribed', null),
        ('u5@example.org', '*', 'manual', '\(Notices.now)');
      insert into oneshot.notification_categories (category, email, webhook, can_be_left, on_doubt, template) values
        ('security', 'immediate', 'off', false, 'again', 'alert'), ('news', 'weekly', 'immediate', true, 'hold', 'notification');
      insert into oneshot.webhook_endpoints (endpoint_id, url, secrets, types, disabled_at) values
        ('all', 'https://a', '{}', '{}', null), ('some', 'https://a', '{}', '{notification.*}', null),
        ('other', 'https://a', '{}', '{order.*}', null), ('closed', 'https://a', '{}', '{}', now());
      insert into notification_preferences values
        (1, 'social', 'email', 'daily'), (1, 'security', 'email', 'off'), (1, 'security', 'in_app', 'off'),
        (6, 'social', 'email', 'off'), (6, 'social', 'in_app', 'off'), (6, 'news', 'email', null);
      insert into notifications (id, user_id, category, created_at, expires_at) values
        (1, 1, 'social', default, null), (2, 1, 'security', default, null), (3, 2, 'social', default, null),
        (4, 3, 'social', default, null), (5, 4, 'social', default, null), (6, 4, 'news', default, null),
        (7, 5, 'social', default, null), (8, 6, 'social', default, null), (9, 6, 'news', default, null),
        (10, 99, 'social', default, null), (11, 5, 'social', '2025-11-07T01:59:59Z', null),
        (12, 5, 'social', default, '2025-11-08T01:00:00Z'), (13, 2, 'security', default, null);
      insert into notifications (id, user_id) values (14, 5);
      delete from notifications where id = 14
      """)
    let run = try await notices.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(
      try await notices.mails() == [
        "1 daily", "2 immediate", "3 no_address", "4 suppressed", "5 suppressed", "6 weekly", "7 immediate", "8 off",
        "9 weekly", "11 too_old", "12 too_old", "13 no_address",
      ])
    let counts = [
      "taken": 14, "in_app": 11, "emails": 2, "webhooks": 4, "digested": 3, "suppressed": 2, "no_address": 2, "gone": 2,
      "failed": 0, "overflow": 0, "collapsed": 0,
    ]
    for (name, count) in counts { #expect(run.count(name) == count, "\(name): \(run.output)") }
    #expect(
      try await notices.place.rows(
        """
        select dedup_key as a, channel as b, category as c, recipient as d, template as e, on_doubt as f
        from oneshot.deliveries where dedup_key ~ ':(2|9):' order by 1
        """) == [
          ["notification:2:email", "email", "transactional", "u1@example.org", "alert", "again"],
          ["notification:9:webhook:all", "webhook", "news", "all", "notification.created", "again"],
          ["notification:9:webhook:some", "webhook", "news", "some", "notification.created", "again"],
        ])
    #expect(
      try await notices.place.rows(
        "select notification_id as a from oneshot.notification_outcomes where channel = '*' order by 1") == [
          ["10"], ["14"],
        ])
    // It may come back: what is gone is not decided for ever.
    try await notices.place.execute("insert into users values (99, 'late@example.org')")
    try await notices.place.execute("insert into oneshot.notification_pending values ('10')")
    #expect(try await notices.run().count("emails") == 1)
  }

  /// The order of modes before and after; whichever was first stays.
  @Test(arguments: ["immediate", "daily", "weekly", "off"], ["immediate", "daily", "weekly", "off"])
  func `a mail or a digest, never both, whatever is chosen between two runs`(before: String, after: String) async throws
  {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    try await notices.place.execute("insert into notification_preferences values (1, 'social', 'email', '\(before)')")
    try await notices.add(1...5)
    #expect(try await notices.run().count("taken") == 5)
    try await notices.place.execute("update notification_preferences set mode = '\(after)'")
    try await notices.place.execute("insert into oneshot.notification_pending select id::text from notifications")
    try await notices.add(6...6)
    let second = try await notices.run()
    #expect(second.exitCode == 0 && second.count("taken") == 6 && second.count("in_app") == 1, "\(second.output)")
    #expect(try await notices.mails() == (1...5).map { "\($0) \(before)" } + ["6 \(after)"])
    #expect(try await notices.mistakes() == [])
  }

  @Test func `a thousand notifications to one user are ten mails, and the rest is one digest's`() async throws {
    let notices = try await Notices(["NOTIFY_BATCH": "64"])
    try await notices.addUsers(1...2)
    try await notices.add(1...1000)
    try await notices.place.execute("insert into notifications (id, user_id) values (2000, 2)")
    let run = try await notices.run()
    #expect(run.exitCode == 0 && run.count("emails") == 11 && run.count("overflow") == 990, "\(run.output)")
    #expect(
      try await notices.place.rows(
        "select user_id as a, frequency as b, count(*)::text as c from oneshot.digest_items group by 1, 2")
        == [["1", "daily", "990"]])
    #expect(try await notices.mistakes() == [])
    // An hour later there is room again, and a minute before there is not.
    for (moment, count, id) in [("02:58:00", 0, 2001), ("03:01:00", 1, 2002)] {
      try await notices.add(id...id)
      let later = try await notices.run([], ["JOB_SCHEDULED_AT": "2025-11-08T\(moment)Z"])
      #expect(later.count("emails") == count && later.count("overflow") == 1 - count, "\(later.output)")
    }
  }

  @Test func `mails that wait for the end of the night count for the hour in which they go out`() async throws {
    let notices = try await Notices(["NOTIFY_QUIET": "22:00-07:00", "NOTIFY_MAX_EMAILS": "3/1h"])
    try await notices.addUsers(1...1)
    for (id, moment) in [(1, "22:30"), (2, "23:40"), (3, "23:59")] {
      try await notices.add(id...id)
      #expect(try await notices.run([], ["JOB_SCHEDULED_AT": "2025-11-08T\(moment):00Z"]).count("emails") == 1)
    }
    try await notices.add(4...4)
    #expect(try await notices.run([], ["JOB_SCHEDULED_AT": "2025-11-09T01:00:00Z"]).count("overflow") == 1)
    #expect(
      try await notices.place.value("select string_agg(distinct not_before::text, ',') from oneshot.deliveries")
        == "2025-11-09 07:00:00+00")
  }

  @Test func `what nobody can leave goes out at night, and what expires before morning does not`() async throws {
    let notices = try await Notices(["NOTIFY_QUIET": "22:00-07:00"])
    try await notices.addUsers(1...1)
    try await notices.place.execute(
      """
      insert into oneshot.notification_categories (category, can_be_left) values ('security', false);
      insert into notifications (id, user_id, category, expires_at) values
        (1, 1, 'security', null), (2, 1, 'social', null), (3, 1, 'social', '2025-11-08T07:00Z'), (4, 1, 'social', '2025-11-08T07:01Z')
      """)
    #expect(try await notices.run().exitCode == 0)
    #expect(try await notices.mails() == ["1 immediate", "2 quiet", "3 too_old", "4 quiet"])
  }
}

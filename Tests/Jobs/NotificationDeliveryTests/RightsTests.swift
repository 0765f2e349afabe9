import TestSupport
import Testing

/// The privileges that the job's page names are enough, and each is needed.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  private func notices() async throws -> Notices {
    let notices = try await Notices(["NOTIFY_WEBHOOK": "true"])
    try await notices.addUsers(1...2)
    try await notices.place.execute(
      """
      insert into notification_preferences values (2, 'social', 'email', 'daily'), (1, 'social', 'webhook', 'immediate');
      insert into oneshot.webhook_endpoints (endpoint_id, url, secrets) values ('all', 'https://a', '{}')
      """)
    return notices
  }

  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let notices = try await notices()
    let restricted = try await notices.place.restricted("notification-delivery")
    let check = try await notices.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    for id in [1, 3] {
      try await notices.add(id...(id + 1), users: 2, more: "'k'")
      let run = try await notices.run([], restricted)
      #expect(
        run.exitCode == 0 && run.count("collapsed") == (id == 1 ? 0 : 2) && run.count("webhooks") == 1,
        "\(run.output)\(run.errors)")
    }
    try await notices.place.execute("insert into oneshot.notification_pending values ('seven')")
    #expect(try await notices.run([], restricted).exitCode == 65)
    try await notices.place.execute("alter table notifications alter id type text using id::text")
    try await notices.place.execute("insert into notifications (id, user_id) values ('seven', 1)")
    try await notices.place.execute("delete from oneshot.notification_pending")
    try await notices.place.askForReplay("notification-delivery", "seven")
    let replay = try await notices.run([], restricted)
    #expect(replay.exitCode == 0 && replay.count("emails") == 1, "\(replay.output)")
  }

  @Test(arguments: [
    ("select on users", "may not select users"),
    ("select on notifications", "may not select notifications"),
    ("select on notification_preferences", "may not select notification_preferences"),
    ("update on oneshot.digest_items", "may not update oneshot.digest_items"),
    ("insert on oneshot.notification_inbox", "may not insert oneshot.notification_inbox"),
    ("insert (dedup_key) on oneshot.deliveries", "may not insert oneshot.deliveries.dedup_key"),
    ("update (data) on oneshot.deliveries", "may not update oneshot.deliveries.data"),
    ("select (attempts) on oneshot.deliveries", "may not select oneshot.deliveries.attempts"),
    ("select (until) on oneshot.suppressions", "may not select oneshot.suppressions.until"),
    ("select (types) on oneshot.webhook_endpoints", "may not select oneshot.webhook_endpoints.types"),
  ])
  func `check names a grant that is missing`(grant: String, complaint: String) async throws {
    let notices = try await notices()
    let restricted = try await notices.place.restricted("notification-delivery")
    try await notices.place.execute("revoke \(grant) from \(notices.place.own("jobs"))")
    let check = try await notices.run(["--check"], restricted)
    #expect(check.exitCode == 77 && check.output.contains(complaint), "\(check.output)")
    #expect(check.result["error", "hint"].string?.contains("grant \(grant)") == true, "\(check.output)")
  }

  @Test func `the secrets of endpoints are not the job's to read`() async throws {
    let notices = try await notices()
    _ = try await notices.place.restricted("notification-delivery")
    let role = notices.place.own("jobs")
    #expect(
      try await notices.place.value(
        "select has_column_privilege('\(role)', 'oneshot.webhook_endpoints', 'secrets', 'select')")
        == "false")
  }

  @Test func `a table that the application does not have is no migration's`() async throws {
    let notices = try await Notices()
    try await notices.place.execute("drop table notification_preferences")
    for arguments in [["--check"], []] {
      let run = try await notices.run(arguments)
      #expect(
        run.exitCode == 78 && run.output.contains("the table notification_preferences does not exist"), "\(run.output)")
      #expect(run.result["error", "hint"].string?.contains("make a view of that name") == true, "\(run.output)")
    }
  }

  @Test func `who inserts notifications needs no right to the queue, and who makes the trigger is asked for one`()
    async throws
  {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    let role = notices.place.own("writer")
    try await notices.place.execute(
      "create role \(role); grant insert on notifications to \(role); set role \(role); insert into notifications (id, user_id) values (1, 1); reset role"
    )
    #expect(try await notices.place.value("select count(*) from oneshot.notification_pending") == "1")
    // A table of the caller's with the name of the new rows, and a trigger of theirs, are refused.
    await #expect(throws: (any Error).self) {
      try await notices.place.execute(
        """
        create table others (id text);
        create trigger t after insert on others for each row execute function oneshot.notification_enqueue();
        insert into others values ('x')
        """)
    }
    await #expect(throws: (any Error).self) {
      try await notices.place.execute(
        "grant usage on schema oneshot to \(role); set role \(role); create temporary table mine (id text); select oneshot.notifications_track('mine')"
      )
    }
  }
}

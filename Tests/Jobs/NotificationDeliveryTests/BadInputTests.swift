import TestSupport
import Testing

/// What is wrong with settings, rows and tables, and what comes of it.
@Suite(.timeLimit(.minutes(10))) struct BadInputTests {
  @Test func `a bad mode, zone or address is a dead letter that names its column, and is shown all the same`()
    async throws
  {
    let notices = try await Notices(["NOTIFY_QUIET": "22:00-07:00"])
    try await notices.addUsers(1...6)
    try await notices.place.execute(
      """
      update users set timezone = 'UTC-5' where id = 1;
      update users set timezone = 'CET' where id = 2;
      update users set email = E'a@b.c\\r\\nBcc: x@y.z' where id = 3;
      insert into notification_preferences values (4, 'social', 'email', 'hourly'), (5, 'social', 'in_app', 'daily');
      update users set timezone = 'Etc/GMT+5' where id = 6;
      insert into notifications (id, user_id) select g, g from generate_series(1, 6) g
      """)
    let run = try await notices.run()
    #expect(run.exitCode == 65 && run.count("failed") == 5 && run.count("in_app") == 6, "\(run.output)")
    #expect(
      try await notices.letters() == [
        "1 invalid pending: users.timezone is \"UTC-5\", which is no name of a time zone",
        "2 invalid pending: users.timezone is \"CET\", which is no name of a time zone",
        "3 invalid pending: users.email is not a valid address",
        "4 invalid pending: notification_preferences.mode of the category social is \"hourly\", not off, immediate, daily or weekly",
        "5 invalid pending: notification_preferences.mode of the category social is \"daily\", not off or immediate",
      ])
    #expect(try await notices.mails() == ["5 quiet", "6 immediate"])
    #expect(!run.output.contains("a@b.c") && !run.errors.contains("a@b.c"))
    // Corrected and replayed, the mail is decided; what was shown is not shown again.
    try await notices.place.execute(
      "update users set timezone = 'UTC', email = 'a@example.org'; delete from notification_preferences")
    for id in 1...5 { try await notices.place.askForReplay("notification-delivery", "\(id)") }
    let replay = try await notices.run()
    #expect(replay.exitCode == 0 && replay.count("emails") == 4 && replay.count("in_app") == 0, "\(replay.output)")
    #expect(try await notices.letters().allSatisfy { $0.contains(" resolved: ") })
    #expect(try await notices.mistakes() == [])
  }

  @Test func `an id that cannot be one, and a row that a trigger refuses, hold up nothing else`() async throws {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    try await notices.place.execute(
      """
      create function refuse() returns trigger language plpgsql as
        $$ begin if new.dedup_key like '%:13:%' then raise exception 'not this one'; end if; return new; end $$;
      create trigger refuse before insert on oneshot.deliveries for each row execute function refuse();
      insert into oneshot.notification_pending values ('seven'), ('99999999999999999999')
      """)
    try await notices.add(1...9)
    try await notices.add(13...13)
    let run = try await notices.run()
    #expect(
      run.exitCode == 65 && run.count("taken") == 12 && run.count("failed") == 3 && run.count("emails") == 9,
      "\(run.output)")
    #expect(try await notices.place.value("select count(*) from oneshot.notification_pending") == "0")
    #expect(
      try await notices.letters().map { $0.prefix(16) }
        == ["13 refused pendi", "99999999999999999", "seven refused pe"].map { $0.prefix(16) })
    try await notices.place.execute("drop trigger refuse on oneshot.deliveries")
    try await notices.place.askForReplay("notification-delivery", "13")
    #expect(try await notices.run().count("emails") == 1)
    #expect(try await notices.mistakes() == [])
  }

  @Test(arguments: ["uuid", "text", "char(36)"])
  func `ids may be of any type, and one of two spellings is one notification`(type: String) async throws {
    let notices = try await Notices(id: type)
    let (user, id) = ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    try await notices.place.execute(
      "insert into users values ('\(user)', 'a@example.org'); insert into notifications (id, user_id) values ('\(id)', '\(user)')"
    )
    if type == "uuid" {
      try await notices.place.execute("insert into oneshot.notification_pending values (upper('\(id)'))")
    }
    let run = try await notices.run()
    #expect(run.exitCode == 0 && run.count("emails") == 1 && run.count("gone") == 0, "\(run.output)")
    #expect(try await notices.mails() == ["\(id) immediate"])
    #expect(try await notices.place.value("select count(*) from oneshot.notification_pending") == "0")
  }

  @Test func `columns that an application may leave out are not needed`() async throws {
    let notices = try await Notices(["NOTIFY_QUIET": "22:00-07:00"])
    try await notices.addUsers(1...1)
    try await notices.place.execute(
      "alter table users drop locale, drop timezone; alter table notifications drop collapse_key, drop expires_at")
    try await notices.place.execute("insert into notifications (id, user_id) values (1, 1)")
    #expect(try await notices.run(["--check"]).exitCode == 0)
    #expect(try await notices.run().exitCode == 0)
    #expect(try await notices.place.value("select not_before from oneshot.deliveries") == "2025-11-08 07:00:00+00")
  }

  @Test func `views do, and check says where ids do not go together`() async throws {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    try await notices.add(1...1)
    try await notices.place.execute(
      "alter table users rename to people; create view users as select id::text, email, locale, timezone from people")
    for arguments in [["--check"], []] {
      let run = try await notices.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("operator does not exist"), "\(run.output)")
    }
    try await notices.place.execute(
      "drop view users; create view users as select id, email, locale, timezone from people")
    #expect(try await notices.run(["--check"]).exitCode == 0)
    #expect(try await notices.run().count("emails") == 1)
  }

  @Test func `an address has one @ that counts, and each side its length`() async throws {
    let place = try await Place()
    func address(_ local: Int, _ domain: Int, in quote: String = "") -> String {
      quote + String(repeating: "a", count: local) + quote + "@" + String(repeating: "b", count: domain)
    }
    let wide = String(repeating: "é", count: 64)
    let good = ["a@b", address(64, 255), address(62, 255, in: "\""), "\"a@b c\"@d", "\(wide)@b"]
    let bad = [
      "", "@", "a@", "@b", "a@b@c", "a b@c", "a,b@c", "\"a\"b@c", "\"a\\b\"@c", "a\u{1}@b", address(65, 1),
      address(64, 256), address(63, 1, in: "\""), "\(wide)@\(String(repeating: "b", count: 192))",
    ]
    for (text, isGood) in good.map({ ($0, "true") }) + bad.map({ ($0, "false") }) {
      #expect(try await place.value("select oneshot.is_mail_address('\(text)')") == isGood, "\(text)")
    }
  }

  @Test func `settings are refused that say nothing`() async throws {
    for (name, text) in [
      ("NOTIFY_QUIET", "22-7"), ("NOTIFY_QUIET", "22:00-22:00"), ("NOTIFY_QUIET", "24:00-07:00"),
      ("NOTIFY_MAX_EMAILS", "10"),
      ("NOTIFY_MAX_EMAILS", "10/0s"), ("NOTIFY_MAX_EMAILS", "-1/1h"), ("NOTIFY_BATCH", "0"), ("NOTIFY_MAX_AGE", "0s"),
      ("NOTIFY_TIME", "soon"), ("NOTIFY_LINGER", "x"), ("NOTIFY_WEBHOOK", "maybe"),
    ] {
      let run = try await Notices.binary.run(
        [], ["DATABASE_URL": "postgresql://localhost", "REDIS_URL": "redis://localhost", name: text])
      #expect(run.exitCode == 78 && run.output.contains(name), "\(name)=\(text): \(run.output)")
    }
  }
}

import Postgres
import TestSupport
import Testing

/// Tables, schemas, encodings and roles as installations have them.
@Suite(.timeLimit(.minutes(10))) struct SetupTests {
  @Test func `a role and a user with its page's privileges can do all, and can make no code`() async throws {
    let earned = try await Earned()
    try await earned.load(1...5)
    try await earned.add(1...3)
    try await earned.add(4...4, type: "badge", method: "webhook")
    try await earned.place.execute("update users set email = null where id = 2")
    let restricted = try await earned.place.restricted("reward-delivery")
    let check = try await earned.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await earned.run([], restricted)
    #expect(run.exitCode == 65 && run.count("emails") == 2 && run.count("webhooks") == 1, "\(run.output)\(run.errors)")
    try await earned.place.execute(
      "update users set email = 'u@example.org' where id = 2; update oneshot.deliveries set state = 'sent'")
    try await earned.place.askForReplay("reward-delivery", "2")
    let replay = try await earned.run([], restricted)
    #expect(replay.exitCode == 0 && replay.count("delivered") == 3, "\(replay.output)\(replay.errors)")
    #expect(try await earned.mistakes() == [])
    #expect(
      try await earned.place.value(
        "select has_table_privilege('\(earned.place.own("jobs"))', 'oneshot.reward_codes', 'insert')") == "false")
  }

  @Test(arguments: [
    ("select on users", "may not select users"), ("update (status) on rewards", "may not update rewards.status"),
    ("update (reward_id) on oneshot.reward_codes", "may not update oneshot.reward_codes.reward_id"),
    ("insert on oneshot.reward_deliveries", "may not insert oneshot.reward_deliveries"),
    ("select on oneshot.reward_types", "may not select oneshot.reward_types"),
    ("insert (data) on oneshot.deliveries", "may not insert oneshot.deliveries.data"),
    ("select (state) on oneshot.deliveries", "may not select oneshot.deliveries.state"),
    ("select (types) on oneshot.webhook_endpoints", "may not select oneshot.webhook_endpoints.types"),
  ])
  func `check names a grant that is missing`(grant: String, complaint: String) async throws {
    let earned = try await Earned()
    let restricted = try await earned.place.restricted("reward-delivery")
    try await earned.place.execute("revoke \(grant) from \(earned.place.own("jobs"))")
    let check = try await earned.run(["--check"], restricted)
    #expect(check.exitCode == 77 && check.output.contains(complaint), "\(check.output)")
  }

  @Test(arguments: ["rewards", "users", "oneshot.reward_codes", "oneshot.reward_deliveries"])
  func `rows that a policy hides end the run, and are not taken for rows that are not there`(table: String) async throws
  {
    let earned = try await Earned()
    try await earned.load(1...5)
    try await earned.add(1...3)
    let restricted = try await earned.place.restricted("reward-delivery")
    try await earned.place.execute("alter table \(table) enable row level security")
    let run = try await earned.run([], restricted)
    #expect(run.exitCode == 77 && run.output.contains("row-level security policy"), "\(run.output)")
    #expect(try await earned.outcomes() == ["1", "2", "3"])
    try await earned.place.execute("alter role \(earned.place.own("jobs")) bypassrls")
    #expect(try await earned.run([], restricted).count("codes_given") == 3)
    #expect(try await earned.mistakes() == [])
  }

  @Test func `names as ids, a state of an enumeration, a view, and another schema are as good`() async throws {
    let earned = try await Earned()
    try await earned.load(1...5)
    let schema = earned.place.own("app")
    try await earned.place.execute(
      """
      create schema \(schema);
      create type \(schema).state as enum ('due', 'queued', 'delivered', 'failed', 'held', 'no_code', 'gone');
      create type \(schema).kind as enum ('coffee', 'badge');
      create table \(schema).earned (
        id text primary key, owner uuid, campaign uuid, kind \(schema).kind, method text, state \(schema).state, at timestamp);
      create view \(schema).rewards as
        select id, owner as user_id, campaign as campaign_id, kind as type, method, state as status, at as earned_at
        from \(schema).earned;
      create table \(schema).users (id uuid primary key, email text);
      insert into \(schema).users values ('00000000-0000-0000-0000-000000000001', 'a@example.org');
      insert into \(schema).earned
      select id, '00000000-0000-0000-0000-000000000001', null, 'coffee', 'email', 'due', '2025-11-07'
      from unnest(array['a:2', 'a', '🎁''); --']) as id
      """)
    let there = ["DATABASE_URL": earned.place.databaseURL + "&options=-csearch_path%3D\(schema)"]
    for arguments in [["--check"], ["--plan"], []] {
      let run = try await earned.run(arguments, there)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    try await earned.place.execute("update oneshot.deliveries set state = 'sent'")
    #expect(try await earned.run([], there).count("delivered") == 3)
    #expect(
      try await earned.place.value(
        "select count(*) || ' ' || count(distinct c.code) from \(schema).earned e join oneshot.reward_codes c on c.reward_id = e.id where state = 'delivered'"
      ) == "3 3")
    // Another table rewards has the same ids for other rewards.
    try await earned.add(1...2)
    for arguments in [["--check"], []] {
      let other = try await earned.run(arguments)
      #expect(
        other.exitCode == 78 && other.output.contains("has delivered rewards of the schema \(schema)"),
        "\(other.output)")
    }
    #expect(try await earned.outcomes() == ["1", "2"])
    try await earned.place.execute("update oneshot.reward_source set rewards_schema = 'public'")
    #expect(try await earned.run().count("codes_given") == 2)
  }

  @Test func `a status that a column does not take, and a view that cannot be updated, are named by the check`()
    async throws
  {
    let earned = try await Earned()
    try await earned.place.execute(
      "create type few as enum ('due', 'queued'); alter table rewards alter status type few using status::few")
    let check = try await earned.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains("delivered"), "\(check.output)")
    #expect(check.result["error", "hint"].string?.contains("held, no_code, gone") == true, "\(check.output)")
    try await earned.place.execute(
      "alter table rewards rename to kept; create view rewards as select distinct id, user_id, campaign_id, type, method, status::text, earned_at from kept"
    )
    #expect(try await earned.run(["--check"]).exitCode == 78)
  }

  @Test func `after a restore the same messages have the same ids, and codes that are void by then go to nobody`()
    async throws
  {
    let earned = try await Earned()
    try await earned.load(1...20)
    try await earned.add(1...6)
    let tables = ["rewards", "oneshot.reward_codes", "oneshot.reward_deliveries", "oneshot.reward_source"]
    try await earned.place.execute(
      tables.enumerated().map { "create table kept_\($0.offset) as table \($0.element)" }.joined(separator: ";"))
    #expect(try await earned.run().count("codes_given") == 6)
    let sent = try await earned.place.rows("select delivery_id::text as a from oneshot.deliveries order by 1")
    try await earned.place.execute(
      tables.enumerated().map { "truncate \($0.element); insert into \($0.element) table kept_\($0.offset)" }
        .joined(separator: ";") + "; delete from oneshot.deliveries")
    // What docs/operate.md says.
    try await earned.place.execute(
      """
      update oneshot.reward_codes set void_at = now() where (reward_type, code) in (
        select reward_type, code from oneshot.reward_codes where reward_id is null and void_at is null
        order by coalesce(valid_until, 'infinity'), code limit 6)
      """)
    #expect(try await earned.run().count("codes_given") == 6)
    #expect(try await earned.place.rows("select delivery_id::text as a from oneshot.deliveries order by 1") == sent)
    #expect(
      try await earned.outcomes() == (1...6).map { "\($0) queued SECRET-000\($0 + 6 < 10 ? "0" : "")\($0 + 6)" })
    #expect(try await earned.mistakes() == [])
  }

  @Test func `a database in Latin-1 gives its codes`() async throws {
    let place = try await Place()
    try await place.withDatabase(in: "LATIN1") { database, settings in
      try await database.withSession { session in
        try session.execute(
          script: """
            create table users (id bigint primary key, email text);
            create table rewards (
              id bigint primary key, user_id bigint, campaign_id bigint, type text, method text, status text, earned_at timestamptz);
            insert into users values (1, 'a@example.org');
            insert into oneshot.reward_types (reward_type, needs_code) values ('café', true);
            insert into oneshot.reward_codes (reward_type, code) values ('café', 'ÉTÉ-1');
            insert into rewards values (1, 1, null, 'café', 'email', 'due', now());
            insert into rewards values (2, 1, null, 'naïf', 'email', 'due', now());
            """, limit: .seconds(60))
      }
      let check = try await Earned.binary.run(["--check"], settings)
      #expect(check.exitCode == 0, "\(check.output)")
      let run = try await Earned.binary.run([], settings)
      #expect(run.exitCode == 65 && run.count("codes_given") == 1, "\(run.output)")
      #expect(run.output.contains(#"no type \"naïf\""#), "\(run.output)")
      let code = try await database.withSession { session in
        try session.query("select data ->> 'code' as code from oneshot.deliveries").only().value(
          "code", as: String.self)
      }
      #expect(code == "ÉTÉ-1")
    }
  }

  /// Which has no « and no »: a statement that holds one cannot be sent there, whatever its rows.
  @Test func `a database in EUC-JP gives its rewards`() async throws {
    let place = try await Place()
    try await place.withDatabase(in: "EUC_JP") { database, settings in
      try await database.withSession { session in
        try session.execute(
          script: """
            create table users (id bigint primary key, email text);
            create table rewards (
              id bigint primary key, user_id bigint, campaign_id bigint, type text, method text, status text, earned_at timestamptz);
            insert into users values (1, 'a@example.org');
            insert into oneshot.reward_types (reward_type, needs_code) values ('珈琲', false);
            insert into rewards values (1, 1, null, '珈琲', 'email', 'due', now());
            insert into rewards values (2, 1, null, '紅茶', 'email', 'due', now());
            """, limit: .seconds(60))
      }
      let run = try await Earned.binary.run([], settings)
      #expect(run.exitCode == 65 && run.count("emails") == 1 && run.count("failed") == 1, "\(run.output)")
      #expect(run.output.contains(#"no type \"紅茶\""#), "\(run.output)")
    }
  }

  @Test func `settings that say nothing are refused, and types of a schedule are its alone`() async throws {
    for (name, text) in [
      ("REWARD_BATCH", "0"), ("REWARD_TYPES", "a,,b"), ("REWARD_MAX_AGE", "0s"), ("REWARD_ON_DOUBT", "maybe"),
      ("REWARD_NO_CODE", "never"),
    ] {
      let run = try await Earned.binary.run(
        [], ["DATABASE_URL": "postgresql://localhost", "REDIS_URL": "redis://localhost", name: text])
      #expect(run.exitCode == 78 && run.output.contains(name), "\(name)=\(text): \(run.output)")
    }
    let earned = try await Earned(["REWARD_TYPES": "badge, gold"])
    try await earned.load(1...5)
    try await earned.add(1...2)
    try await earned.add(3...3, type: "badge")
    let run = try await earned.run()
    #expect(run.count("due") == 1 && run.count("behind") == 0, "\(run.output)")
    #expect(try await earned.run([], ["REWARD_TYPES": "coffee"]).count("codes_given") == 2)
  }
}

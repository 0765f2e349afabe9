import JobRuntime
import Redis
import TestSupport
import Testing

/// Rows that stand twice, ids that are written in several ways, and people whom a user must not even read of.
@Suite(.timeLimit(.minutes(10))) struct PairTests {
  @Test func `a follow that stands twice counts once, of whoever follows and is followed`() async throws {
    let people = try await People(["SUGGEST_MODE": "rebuild"])
    try await people.fill()
    // Hubs, too, have each follower once.
    try await people.place.execute(
      """
      insert into users select g, null, null, true, timestamptz '\(People.now)' from generate_series(1001, 1150) g;
      insert into follows select g, 1, timestamptz '\(People.now)' - interval '1 day' from generate_series(1001, 1150) g
      """)
    let hubs =
      "select string_agg(concat_ws(' ', user_id, followers, following, gained), ',' order by user_id) from oneshot.suggestion_hubs"
    #expect(try await people.run().exitCode == 0)
    let (lists, counted) = (try await people.lists(), try await people.place.value(hubs))
    #expect(lists.count > 50)
    try await people.place.execute(
      """
      alter table follows drop constraint follows_pkey;
      alter table follows alter follower_id drop not null, alter followee_id drop not null;
      insert into follows select follower_id, followee_id, created_at - g * interval '1 minute'
      from follows, generate_series(1, 2) g where (follower_id + followee_id) % 3 = 0;
      insert into follows select null, followee_id, created_at from follows limit 20;
      insert into follows select follower_id, null, created_at from follows limit 20
      """)
    let again = try await people.run([], ["JOB_SCHEDULED_AT": "2025-11-08T03:30:00Z"])
    #expect(again.exitCode == 0, "\(again.output)\(again.errors)")
    #expect(try await people.place.value(hubs) == counted)
    #expect(try await people.lists() == lists)
  }

  @Test func `a user who is named twice, or in another spelling, has one list`() async throws {
    let people = try await ListTests.few(["SUGGEST_MODE": "users"])
    #expect(try await people.run([], ["SUGGEST_USERS": "1"]).exitCode == 0)
    let lists = try await people.lists()
    try await people.place.redis("DEL", "suggested_users:1")
    let run = try await people.run([], ["SUGGEST_USERS": "1,1,01"])
    #expect(run.exitCode == 0 && run.count("removed") == 0 && run.count("users") == 1, "\(run.output)")
    #expect(try await people.lists() == lists)
  }

  @Test(arguments: [
    "insert into blocks values (1, 3)", "insert into blocks values (3, 1)", "insert into mutes values (1, 3)",
    "update users set deleted_at = now() where id = 3", "update users set suspended_at = now() where id = 3",
  ])
  func `somebody who is followed, and blocked, muted or gone, is nobody in common`(change: String) async throws {
    let people = try await ListTests.few(["SUGGEST_MODE": "users", "SUGGEST_USERS": "1"])
    try await people.place.execute(
      """
      insert into users values (5, null, null, true, timestamptz '\(People.now)');
      insert into follows values (1, 5, timestamptz '2025-11-01'), (5, 4, timestamptz '2025-11-01')
      """)
    #expect(try await people.run().exitCode == 0)
    #expect(try await people.lists()["1"]?.contains(#""via":["2","3","5"]"#) == true)
    try await people.place.execute(change)
    #expect(try await people.run().exitCode == 0)
    #expect(try await people.lists()["1"]?.contains(#""via":["2","5"]"#) == true)
    try await people.place.execute("delete from follows where follower_id = 5")
    #expect(try await people.run().exitCode == 0)
    #expect(try await people.suggested(to: "1") == [], "one in common is too few")
  }

  @Test func `a verification finds who is in common and must not be, and a key that is no list`() async throws {
    let people = try await ListTests.few(["SUGGEST_MODE": "verify"])
    #expect(try await people.run([], ["SUGGEST_MODE": "changed"]).exitCode == 0)
    #expect(try await people.run().exitCode == 0)
    try await people.place.execute("insert into blocks values (3, 1); delete from oneshot.suggestion_pending")
    let blocked = try await people.run()
    #expect(blocked.exitCode == 65 && blocked.count("forbidden") == 1, "\(blocked.output)")
    for text in ["x", "[{\"id\":\"x\"}]", "{}", "[1]"] {
      try await people.place.redis("SET", "suggested_users:1", text)
      let run = try await people.run()
      #expect(run.exitCode == 65 && run.count("forbidden") == 1, "\(text): \(run.output)\(run.errors)")
    }
  }

  /// Between the question who is queued and the moment that the lists are of.
  @Test func `a block that comes while its user is taken for something else removes the list of one who is idle`()
    async throws
  {
    let people = try await ListTests.few()
    #expect(try await people.run().exitCode == 0)
    #expect(try await people.suggested(to: "1") == ["4"])
    try await people.place.execute(
      """
      update users set last_seen_at = '2025-01-01' where id = 1;
      insert into oneshot.suggestion_pending (user_id, urgency) values ('1', 1)
      """)
    let (servers, database) = (people.place.servers, people.place.databaseURL)
    let proxy = try Proxy(to: servers.postgresSocket) { piece in
      if piece.contains("What is queued of a batch") {
        try? servers.shell("psql -qXd '\(database)' -c 'insert into blocks values (1, 4) on conflict do nothing'")
      }
      return .pass
    }
    defer { proxy.close() }
    let run = try await people.run([], people.place.environment(postgres: proxy))
    #expect(run.exitCode == 0 && run.count("inactive") ?? 0 > 0, "\(run.output)\(run.errors)")
    #expect(try await people.suggested(to: "1") == [])
    #expect(try await people.place.value("select count(*) from blocks") == "1")
  }
}

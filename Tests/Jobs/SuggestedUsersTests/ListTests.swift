import JobRuntime
import Redis
import TestSupport
import Testing

/// Whose lists there are, how long they live, and what they cost.
@Suite(.timeLimit(.minutes(10))) struct ListTests {
  /// 1 follows 2 and 3, who both follow 4.
  static func few(_ settings: [String: String] = [:], id: String = "bigint", ids: [String] = ["1", "2", "3", "4"])
    async throws -> People
  {
    let people = try await People(["SUGGEST_COLD_START": "none"].merging(settings) { $1 }, id: id)
    for each in ids {
      try await people.place.execute(
        "insert into users values ($id$\(each)$id$, null, null, true, timestamptz '\(People.now)')")
    }
    for (number, (one, other)) in [(0, 1), (0, 2), (1, 3), (2, 3)].enumerated() {
      try await people.place.execute(
        """
        insert into follows
        values ($id$\(ids[one])$id$, $id$\(ids[other])$id$, timestamptz '\(People.now)' - \(number) * interval '1 hour')
        """)
    }
    return people
  }

  @Test func `a list has the form that readers take, and lives for two weeks, more or less`() async throws {
    let people = try await few()
    #expect(try await people.run().exitCode == 0)
    // round(1000000 / ln 3) twice, divided by the root of 2 followers.
    #expect(
      try await people.lists() == ["1": #"[{"id":"4","score":1287272,"via":["2","3"],"reason":"friends"}]"#])
    let life = try await people.place.redis("PTTL", "suggested_users:1").integer ?? 0
    #expect((1_088_000_000...1_331_000_000).contains(life), "\(life)")
  }

  @Test func `any id is a key: a uuid, and a text with braces, blanks and a thousand bytes`() async throws {
    for (id, ids) in [
      ("uuid", (1...4).map { "0000000\($0)-0000-4000-8000-000000000000" }),
      ("text", ["{a} }b", "Ü \"x\" 'y'", String(repeating: "long", count: 250), "{}"]),
      (#"varchar(99) collate "C""#, ["a", "b", "c", "d"]), ("char(8)", (1...4).map { "number-\($0)" }),
      // Shorter than their columns.
      ("char(8)", ["a", "bc", "def", "Z"]), (#"text collate "und-x-icu""#, ["a", "A", "b", "B"]),
    ] {
      let people = try await few(id: id, ids: ids)
      let run = try await people.run()
      #expect(run.exitCode == 0 && run.count("removed") == 0, "\(run.output)\(run.errors)")
      #expect(try await people.suggested(to: ids[0]) == [ids[3]])
    }
  }

  private func few(_ settings: [String: String] = [:], id: String = "bigint", ids: [String] = ["1", "2", "3", "4"])
    async throws -> People
  { try await Self.few(settings, id: id, ids: ids) }

  @Test func `a list is a sorted set where the application wants one`() async throws {
    let people = try await few(["SUGGEST_FORM": "zset"])
    #expect(try await people.run().exitCode == 0)
    let answer = try await people.place.redis("ZRANGE", "suggested_users:1", "0", "-1", "WITHSCORES")
    #expect(answer.elements.compactMap(\.text) == ["4", "1287272"])
  }

  @Test(arguments: [
    "insert into blocks values (1, 4)", "insert into blocks values (4, 1)", "insert into mutes values (1, 4)",
    "insert into suggestion_dismissals values (1, 4)", "insert into follow_requests values (1, 4)",
    "insert into follows values (1, 4, timestamptz '2025-11-08')", "delete from follows where followee_id = 3",
  ])
  func `what takes somebody out of a list queues it, and the next run removes it`(change: String) async throws {
    let people = try await few()
    _ = try await people.run()
    #expect(try await people.suggested(to: "1") == ["4"])
    try await people.place.execute(change)
    let run = try await people.run()
    #expect(run.exitCode == 0 && run.count("empty") ?? 0 > 0, "\(run.output)")
    #expect(try await people.suggested(to: "1") == [])
  }

  @Test func `a user who is gone has no list, and one who was not seen for long keeps none that a block is about`()
    async throws
  {
    let people = try await few()
    _ = try await people.run()
    try await people.place.execute("update users set last_seen_at = '2025-01-01' where id = 1")
    try await people.place.execute("insert into follows values (1, 3, now()) on conflict do nothing")
    _ = try await people.run()
    #expect(try await people.suggested(to: "1") == ["4"], "it expires by itself")
    try await people.place.execute("insert into blocks values (4, 1)")
    let run = try await people.run()
    #expect(run.count("inactive") == 1, "\(run.output)")
    #expect(try await people.suggested(to: "1") == [])
    try await people.place.execute("update users set last_seen_at = null; delete from blocks")
    _ = try await people.run()
    #expect(try await people.suggested(to: "1") == ["4"])
    try await people.place.execute("delete from users where id = 1")
    #expect(try await people.run().count("removed") == 1)
    #expect(try await people.suggested(to: "1") == [])
  }

  @Test func `a list that is the same is given its life, and is not written`() async throws {
    let people = try await few()
    _ = try await people.run()
    try await people.place.redis("PEXPIRE", "suggested_users:1", "1000000")
    let again = ["SUGGEST_MODE": "users", "SUGGEST_USERS": "1"]
    let run = try await people.run([], again)
    #expect(run.count("unchanged") == 1 && run.count("changed") == 0, "\(run.output)")
    #expect(try await people.place.redis("PTTL", "suggested_users:1").integer ?? 0 > 1_000_000_000)
    // A run that was killed before it recorded its lists leaves some that the digests do not know.
    try await people.place.redis("SET", "suggested_users:1", #"[{"id":"3"}]"#)
    _ = try await people.run([], again)
    #expect(try await people.suggested(to: "1") == ["4"])
  }

  @Test func `the oldest lists are made again, so many in a run`() async throws {
    let people = try await People()
    try await people.fill()
    _ = try await people.run()
    try await people.place.execute(
      """
      update oneshot.suggestion_lists set computed_at = now() - interval '8 days' - length(user_id) * interval '1 hour'
      where user_id in ('1', '2', '10', '12')
      """)
    let first = try await people.run([], ["SUGGEST_BUDGET": "3", "SUGGEST_BATCH": "2"])
    #expect(first.count("users") == 3 && first.count("behind") == 1 && first.count("unchanged") == 3, "\(first.output)")
    let old = "select user_id from oneshot.suggestion_lists where computed_at < now() - interval '7 days'"
    #expect(try await people.place.value(old) == "2")
    #expect(try await people.run().count("users") == 1)
  }

  @Test func `of somebody who follows twenty thousand no more is read than of one who follows a hundred`() async throws
  {
    let people = try await People(["SUGGEST_COLD_START": "none"])
    try await people.place.execute(
      """
      insert into users select g, null, null, true, timestamptz '\(People.now)' from generate_series(1, 30) g;
      insert into follows select 1, 10000 + g, timestamptz '\(People.now)' - g * interval '1 second'
        from generate_series(1, 20000) g;
      insert into follows select g, f, timestamptz '\(People.now)' - interval '1 day'
        from generate_series(2, 11) g, generate_series(1, 1) f;
      """)
    // It counts hubs, which reads everything once an hour.
    #expect(try await people.run([], ["SUGGEST_BUDGET": "1"]).exitCode == 0)
    try await people.place.execute("analyze follows")
    let read = """
      (select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables where relname = 'follows')
        + (select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'follows')
      """
    let before = try await people.place.value(read)
    let run = try await people.run([], ["SUGGEST_MODE": "users", "SUGGEST_USERS": "2,3,4,5,6,7,8,9,10,11"])
    #expect(run.exitCode == 0 && run.count("users") == 10, "\(run.output)\(run.errors)")
    let rows = try #require(Int(try await people.place.value(read))) - (try #require(Int(before)))
    #expect((100...2000).contains(rows), "\(rows)")
  }

  @Test func `whoever follows somebody new has the lists of followers made, those seen last`() async throws {
    let people = try await few(["SUGGEST_SPREAD": "2"])
    try await people.place.execute(
      """
      insert into users select g, null, null, true, timestamptz '\(People.now)' - g * interval '1 hour' 
      from generate_series(10, 15) g;
      insert into follows select g, 1, timestamptz '\(People.now)' - interval '1 day' from generate_series(10, 15) g
      """)
    _ = try await people.run()
    try await people.place.execute("insert into follows values (1, 4, timestamptz '\(People.now)')")
    let run = try await people.run([], ["SUGGEST_BUDGET": "1"])
    #expect(run.count("behind") == 2, "\(run.output)")
    let queued = try await people.place.rows("select user_id, urgency from oneshot.suggestion_pending order by 1")
    #expect(queued == [["2", "10"], ["2", "11"]])
  }
}

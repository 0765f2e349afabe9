import JobRuntime
import Postgres
import Redis
import TestSupport
import Testing

/// Who is active, and what the application does not have.
@Suite(.timeLimit(.minutes(20))) struct ActivityTests {
  @Test func `the most active by likes, comments, views and posts are warmed, within the time`() async throws {
    let feeds = try await Feeds(["WARM_USERS": "4"])
    try await feeds.fillPlainly(users: 6)
    let moment = "timestamptz '\(feeds.moment.rfc3339)'"
    try await feeds.place.execute(
      """
      insert into feed_comments select 1, 2, \(moment) - interval '1 hour' from generate_series(1, 3);
      insert into feed_views select 99, 4, \(moment) - interval '1 hour' from generate_series(1, 2);
      insert into feeds values (100, 5, \(moment) - interval '1 hour');
      -- Too long ago, after the moment, and of somebody who is gone.
      insert into feed_likes select 1, 1, \(moment) - interval '8 days' from generate_series(1, 9);
      insert into feed_likes select 1, 3, \(moment) + interval '1 second' from generate_series(1, 9);
      insert into feed_likes select 1, 6, \(moment) - interval '1 hour' from generate_series(1, 9);
      update users set deleted_at = now() where id = 6;
      """)
    let run = try await feeds.run()
    // The author is one of them, and follows nobody.
    #expect(run.count("users") == 4 && run.count("warmed") == 3 && run.count("empty") == 1, "\(run.output)")
    for user in 1...6 { #expect((try await feeds.feed(user) != nil) == [2, 4, 5].contains(user), "user \(user)") }
  }

  @Test func `a sorted set of last-seen seconds decides, whatever stands in it`() async throws {
    let feeds = try await Feeds(["WARM_ACTIVITY": "redis:seen", "WARM_USERS": "9", "WARM_ACTIVE": "1h"])
    try await feeds.fillPlainly(users: 6)
    try await feeds.place.execute("update users set deleted_at = now() where id = 3")
    let now = feeds.moment.microseconds / 1_000_000
    let members: [([UInt8], Int64)] = [
      (Array("1".utf8), now), (Array("2".utf8), now - 3000), (Array("3".utf8), now), (Array("4".utf8), now - 4000),
      (Array("404".utf8), now), (Array("007".utf8), now), (Array("1; drop table users".utf8), now),
      (Array("99999999999999999999".utf8), now), ([0xFF, 0], now), ([0], now),
    ]
    try await feeds.place.redis(
      all: members.map { RedisCommand("ZADD", "seen", bytes: [Array("\($1)".utf8), $0]) })
    let run = try await feeds.run([], ["WARM_USERS": "20"])
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.count("warmed") == 2 && run.count("unknown") == 7 && run.count("users") == 9, "\(run.output)")
    for user in 1...6 { #expect((try await feeds.feed(user) != nil) == [1, 2].contains(user), "user \(user)") }
    // The last seen come first.
    try await feeds.place.redis("DEL", "seen", "feed:1", "feed:2")
    for user in 1...6 { try await feeds.place.redis("ZADD", "seen", "\(now - Int64(user) * 60)", "\(user)") }
    #expect(try await feeds.run([], ["WARM_USERS": "2"]).count("warmed") == 2)
    for user in 1...6 { #expect((try await feeds.feed(user) != nil) == (user < 3), "user \(user)") }
    // Milliseconds by mistake are named; a key of another type is an error.
    try await feeds.place.redis("ZADD", "seen", "\(now * 1000)", "5")
    #expect(try await feeds.run().errors.contains("milliseconds"))
    try await feeds.place.redis("SET", "other", "x")
    #expect(try await feeds.run([], ["WARM_ACTIVITY": "redis:other"]).exitCode != 0)
    #expect(try await feeds.run([], ["WARM_ACTIVITY": "redis:missing"]).count("users") == 0)
  }

  @Test func `ids may be texts of any kind`() async throws {
    let feeds = try await Feeds(["WARM_ACTIVITY": "redis:seen"], id: "text")
    let ids = ["a b", "{x}", "}{", "ü", "quote'\"\\", String(repeating: "k", count: 1024), "null", "*"]
    let moment = feeds.moment
    try await feeds.place.execute(
      """
      insert into users values ('author');
      insert into feeds values (1, 'author', timestamptz '\(moment.rfc3339)' - interval '1 hour')
      """)
    for id in ids {
      try await feeds.place.database.withSession { session in
        try session.query("insert into users values (\(id))")
        try session.query("insert into follows values (\(id), 'author')")
      }
      try await feeds.place.redis("ZADD", "seen", "\(moment.microseconds / 1_000_000)", id)
    }
    for form in ["string", "list"] {
      let run = try await feeds.run([], ["WARM_FORM": form])
      #expect(run.count(form == "string" ? "warmed" : "fresh") == ids.count, "\(run.output)\(run.errors)")
    }
    for id in ids { #expect(try await feeds.feed(id) == ["1"], "\(id)") }
  }

  /// A text that the server takes for no id at all would be refused with all others in one statement.
  @Test func `ids of any other type are what the server takes for them`() async throws {
    let feeds = try await Feeds(["WARM_ACTIVITY": "redis:seen", "WARM_BATCH": "2"], id: "numeric")
    try await feeds.fillPlainly(users: 5)
    let now = "\(feeds.moment.microseconds / 1_000_000)"
    for id in ["1", "x", "2", "1e999999", "", "3", "4", "5", "6"] {
      try await feeds.place.redis("ZADD", "seen", now, id)
    }
    let run = try await feeds.run()
    #expect(run.exitCode == 0 && run.count("warmed") == 5 && run.count("unknown") == 4, "\(run.output)\(run.errors)")
    for user in 1...5 { #expect(try await feeds.feed(user) == ["1", "2", "3"]) }
  }

  @Test(arguments: ["uuid", "char(36)"])
  func `uuids are ids, and what is none is passed over`(type: String) async throws {
    let feeds = try await Feeds(["WARM_ACTIVITY": "redis:seen"], id: type)
    let (author, reader) = ("00000000-0000-0000-0000-00000000000a", "3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    try await feeds.place.execute(
      """
      insert into users values ('\(author)'), ('\(reader)');
      insert into feeds values (1, '\(author)', timestamptz '\(feeds.moment.rfc3339)' - interval '1 hour');
      insert into follows values ('\(reader)', '\(author)')
      """)
    for id in [reader, reader.uppercased(), "x", String(repeating: "-", count: 36)] {
      try await feeds.place.redis("ZADD", "seen", "\(feeds.moment.microseconds / 1_000_000)", id)
    }
    let run = try await feeds.run()
    #expect(run.exitCode == 0 && run.count("warmed") == 1 && run.count("unknown") == 3, "\(run.output)")
    #expect(try await feeds.feed(reader) == ["1"])
  }

  // MARK: The application's tables

  @Test func `without a table of blocks a run is refused, unless there are none`() async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 2)
    try await feeds.place.execute("drop table blocks")
    for arguments in [["--check"], []] {
      let run = try await feeds.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("WARM_BLOCKS=none"), "\(run.output)\(run.errors)")
    }
    #expect(try await feeds.place.redis("KEYS", "feed:*").elements.isEmpty)
    for arguments in [["--check"], []] {
      #expect(try await feeds.run(arguments, ["WARM_BLOCKS": "none"]).exitCode == 0)
    }
  }

  @Test func `what else the application may not have is done without, and named`() async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 2)
    try await feeds.place.execute(
      """
      drop table mutes; alter table feed_views drop column user_id;
      alter table users drop column deleted_at; alter table feeds drop column deleted_at
      """)
    #expect(try await feeds.run(["--check"]).exitCode == 0)
    let run = try await feeds.run()
    #expect(run.exitCode == 0 && run.count("warmed") == 2, "\(run.output)\(run.errors)")
    #expect(
      run.result["details", "without"].elements.compactMap(\.string) == ["feed_views.user_id", "mutes"], "\(run.output)"
    )
    try await feeds.place.execute("drop table feed_views")
    #expect(try await feeds.run().exitCode == 0)
  }

  @Test(arguments: ["feeds alter user_id", "feed_likes alter user_id", "follows alter followee_id"])
  func `ids of two collations are refused by a run as by check`(column: String) async throws {
    let feeds = try await Feeds(id: "text")
    try await feeds.fillPlainly(users: 2)
    func set(_ collation: String) async throws {
      try await feeds.place.execute("alter table \(column) type text collate \"\(collation)\"")
    }
    try await feeds.place.execute("alter table users alter id type text collate \"C\"")
    try await set("und-x-icu")
    for arguments in [["--check"], []] {
      let run = try await feeds.run(arguments)
      #expect(run.exitCode == 78, "\(run.output)\(run.errors)")
      #expect(run.output.contains("ids of users have several collations"), "\(run.output)")
    }
    try await set("default")
    #expect(try await feeds.run().exitCode == 0)
  }

  @Test func `times without a zone are UTC`() async throws {
    let feeds = try await Feeds()
    try await feeds.fill()
    #expect(try await feeds.run().exitCode == 0)
    try await feeds.place.execute(
      """
      set timezone = 'UTC';
      alter table feeds alter created_at type timestamp; alter table feed_likes alter created_at type timestamp
      """)
    #expect(try await feeds.run([], ["WARM_KEY_PREFIX": "local:"]).exitCode == 0)
    for user in 1...60 {
      #expect(try await feeds.feed("\(user)", prefix: "local:") == feeds.feed(user), "user \(user)")
    }
  }

  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let feeds = try await Feeds(["WARM_ACTIVITY": "redis:feed:seen"])
    try await feeds.fillPlainly(users: 3)
    for user in 1...3 {
      try await feeds.place.redis("ZADD", "feed:seen", "\(feeds.moment.microseconds / 1_000_000)", "\(user)")
    }
    let restricted = try await feeds.place.restricted("cache-warmer")
    for form in ["string", "list", "zset"] {
      for arguments in [["--check"], []] {
        let run = try await feeds.run(arguments, restricted.merging(["WARM_FORM": form]) { $1 })
        #expect(run.exitCode == 0, "\(form): \(run.output)\(run.errors)")
        if arguments.isEmpty { #expect(run.count("warmed") == 3) }
      }
      try await feeds.place.redis("DEL", "feed:1", "feed:2", "feed:3")
    }
  }

  @Test func `settings that cannot work are refused`() async throws {
    for (name, text) in [
      ("WARM_AHEAD", "120s"), ("WARM_TTL", "1m"), ("WARM_FORM", "hash"), ("WARM_USERS", "0"),
      ("WARM_ACTIVITY", "redis:"), ("WARM_ACTIVITY", "users"), ("WARM_LIMIT", "0"), ("WARM_BATCH", "0"),
      ("WARM_RANKING", "/nowhere.sql"), ("WARM_AUTHOR_MAX", "0"), ("WARM_HORIZON", "1m"), ("WARM_BLOCKS", "maybe"),
      ("WARM_KEY_PREFIX", "oneshot:feed:"), ("WARM_ACTIVE", "0s"),
    ] {
      let run = try await Feeds.binary.run(
        [], ["DATABASE_URL": "postgresql://localhost", "REDIS_URL": "redis://localhost", name: text])
      #expect(run.exitCode == 78 && run.output.contains("WARM_"), "\(name)=\(text): \(run.output)")
    }
    let feeds = try await Feeds(["WARM_USERS": "50000"])
    let run = try await feeds.run()
    #expect(run.exitCode == 78 && run.output.contains("JOB_SHARD_COUNT=3"), "\(run.output)")
    #expect(try await feeds.run([], ["JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "0"]).exitCode == 0)
  }
}

import Redis
import TestSupport
import Testing

/// Boards in Redis, to which each batch adds once.
@Suite(.timeLimit(.minutes(10))) struct LiveBoardTests {
  private static let happenings = (0..<300).map { number in
    Drained.happening(
      number, ["liked", "liked", "unliked", "viewed", "commented"][number % 5], on: number % 13, of: number % 4)
  }

  @Test func `boards are a count over the events, and a member without any left is gone`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "40"])
    let all =
      Self.happenings + [
        Drained.happening(900, "liked", on: 99, of: 9), Drained.happening(901, "unliked", on: 99, of: 9),
      ]
    try await drained.add(all)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 302, "\(run.output)\(run.errors)")
    #expect(try await drained.mistakes(after: all) == [])
    #expect(try await !drained.boards().contains { $0.contains(" 99 ") })
    #expect(try await drained.place.value("select bool_and(sent_at is not null) from oneshot.live_batches") == "true")
  }

  @Test func `boards and the leaderboards of top-stats agree`() async throws {
    let leaderboards = try await Leaderboards()
    try await leaderboards.fill()
    let drained = try await Drained(in: leaderboards.place)
    // What top-stats counts for a week: what living users did to living feeds.
    let alive = "(select id from users where deleted_at is null)"
    let week = "timestamptz '\(Leaderboards.now)' - interval '7 days'"
    var events: [String] = []
    for (verb, table, moment) in [
      ("liked", "feed_likes", "created_at"), ("commented", "feed_comments", "created_at"),
      ("viewed", "feed_views", "viewed_at"),
    ] {
      let byLiving = table == "feed_views" ? "" : "and e.user_id in \(alive)"
      let rows = try await leaderboards.place.rows(
        """
        select feed_id as a, case when f.user_id in \(alive) then f.user_id end as b
        from \(table) e join feeds f on f.id = e.feed_id and f.deleted_at is null
        where e.\(moment) >= \(week) and e.\(moment) < '\(Leaderboards.now)' \(byLiving)
        """)
      events += rows.map { row in
        let author = row[1] == "NULL" ? "" : #","author_id":\#(row[1])"#
        return #"{"type":"feed.\#(verb)","data":{"feed_id":\#(row[0])\#(author)}}"#
      }
    }
    try await drained.add(events)
    #expect(try await drained.run().exitCode == 0)
    #expect(try await leaderboards.run().exitCode == 0)
    for board in ["feeds_liked", "users_liked", "feeds_viewed", "comments"] {
      let top = try await drained.place.redis("ZRANGE", "top:\(board)", "0", "-1", "WITHSCORES")
      #expect(!top.elements.isEmpty)
      #expect(try await drained.place.redis("ZRANGE", "live:\(board)", "0", "-1", "WITHSCORES") == top, "\(board)")
    }
  }

  @Test(arguments: ["committing", "committed", "acknowledging", "acknowledged"])
  func `a run that is killed where a batch is committed and not yet in Redis leaves it to the next`(line: String)
    async throws
  {
    let drained = try await Drained(["EVENTS_BATCH": "40"])
    try await drained.add(Self.happenings)
    let run = try await drained.start([:], past: "transaction begun")
    for _ in 0..<3 { try await run.go(past: line) }
    try await drained.kill(run)
    let next = try await drained.run()
    #expect(next.exitCode == 0, "\(next.output)")
    #expect(try await drained.mistakes(after: Self.happenings) == [])
  }

  @Test func `a Redis that goes back in time gets again what it has lost`() async throws {
    let servers = try await PrivateServers.start()
    let drained = try await Drained(["EVENTS_BATCH": "40"], on: servers)
    try await drained.add(Array(Self.happenings[..<100]))
    #expect(try await drained.run().exitCode == 0)
    try await drained.place.redis("SAVE")
    try await drained.add(Array(Self.happenings[100...]))
    #expect(try await drained.run().exitCode == 0)
    let before = try await drained.boards()
    try await onThread {
      try servers.killRedis()
      try servers.startRedis()
    }
    await drained.place.reconnect()
    #expect(try await drained.boards() != before)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 0, "\(run.output)")
    #expect(try await drained.boards() == before)
  }

  @Test func `a Postgres that goes back in time has taken back what it does not know, and counts it again`()
    async throws
  {
    let drained = try await Drained(["EVENTS_BATCH": "40"])
    try await drained.add(Array(Self.happenings[..<100]))
    #expect(try await drained.run().exitCode == 0)
    let tables = ["oneshot.event_inbox", "oneshot.event_positions", "oneshot.live_batches"]
    for (number, table) in tables.enumerated() {
      try await drained.place.execute("create table kept_\(number) as table \(table)")
    }
    try await drained.add(Array(Self.happenings[100...]))
    #expect(try await drained.run().exitCode == 0)
    for (number, table) in tables.enumerated() {
      try await drained.place.execute("truncate \(table); insert into \(table) table kept_\(number)")
    }
    let run = try await drained.run([], ["EVENTS_BATCH": "70"])
    #expect(run.exitCode == 0 && run.count("done") == 200, "\(run.output)")
    #expect(try await drained.mistakes(after: Self.happenings) == [])
  }

  @Test func `a board that was deleted with its marks begins again, and says so`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "40"])
    try await drained.add(Array(Self.happenings[..<100]))
    #expect(try await drained.run().exitCode == 0)
    try await drained.place.execute("delete from oneshot.live_batches where batch = 1")
    for key in try await drained.place.redis("KEYS", "*live:feeds_viewed*").elements.compactMap(\.text) {
      try await drained.place.redis("DEL", key)
    }
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.errors.contains("lacks some of its numbers"), "\(run.output)\(run.errors)")
    let sum = try await drained.place.value(
      "select sum(d) from oneshot.live_batches, unnest(deltas) d where board = 'feeds_viewed'")
    let scores = try await drained.boards().filter { $0.hasPrefix("feeds_viewed") }.compactMap {
      $0.split(separator: " ").last
    }
    #expect(scores.compactMap { Int($0) }.reduce(0, +) == Int(sum))
  }

  @Test func `a board whose key is taken holds up no event and no other board, and gets all once it is free`()
    async throws
  {
    let drained = try await Drained(["EVENTS_BATCH": "40"])
    try await drained.place.redis("SET", "live:comments", "x")
    try await drained.add(Self.happenings)
    let run = try await drained.run()
    #expect(run.exitCode == 78 && run.count("done") == 300, "\(run.output)")
    #expect(run.result["error", "message"].string?.contains("live:comments") == true, "\(run.output)")
    try await drained.place.redis("DEL", "live:comments")
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.mistakes(after: Self.happenings) == [])
  }

  @Test func `a run that stood still while its successor worked adds nothing`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "40"])
    try await drained.add(Self.happenings)
    let paused = try await drained.start([:], past: "committed")
    try await drained.place.redis("DEL", Drained.lockKey)
    #expect(try await drained.run().exitCode == 0)
    paused.letGo()
    _ = await paused.process.outcome()
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.mistakes(after: Self.happenings) == [])
  }

  @Test func `shards add to the same boards`() async throws {
    let drained = try await Drained(["EVENTS_PARTITIONS": "2", "EVENTS_BATCH": "20"])
    for partition in 0..<2 {
      try await drained.add(
        Self.happenings.enumerated().filter { $0.offset % 2 == partition }.map(\.element), to: "events:job:\(partition)"
      )
    }
    let shards = try (0..<2).map { shard in
      try Drained.binary.start(
        [], drained.environment(["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "\(shard)"]))
    }
    for shard in shards {
      let run = await shard.outcome()
      #expect(run.exitCode == 0, "\(run.output)")
    }
    #expect(try await drained.boards() == DrainedModel(Self.happenings).boards)
  }
}

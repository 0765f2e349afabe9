import Redis
import TestSupport
import Testing

/// Schedules of one minute that differ in their work alone: other boards, windows, keys, another Redis.
@Suite(.timeLimit(.minutes(10))) struct TwinTests {
  @Test(
    arguments: [false, true],
    [
      ["TOP_STATS_BOARDS": "comments"], ["TOP_STATS_WINDOWS": "2d"], ["TOP_STATS_KEY_PREFIX": "eu:"],
      ["TOP_STATS_WINDOW": "2d"], ["TOP_STATS_HISTORY": "true"],
    ])
  func `other boards, windows or keys`(atOnce: Bool, second: [String: String]) async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let twins = Twins(
      boards.place, Leaderboards.binary, at: Leaderboards.now, ["TOP_STATS_BOARDS": "feeds_liked"], second)
    try await twins.run(atOnce: atOnce)
    #expect(try await !boards.board("feeds_liked:1d").isEmpty)
    switch second.first?.key {
    case "TOP_STATS_BOARDS": #expect(try await !boards.board("comments").isEmpty)
    case "TOP_STATS_WINDOWS": #expect(try await !boards.board("comments:2d").isEmpty)
    case "TOP_STATS_WINDOW": #expect(try await boards.about("comments")["window"] == "2d")
    case "TOP_STATS_KEY_PREFIX": #expect(try await boards.place.redis("ZCARD", "eu:comments").integer ?? 0 > 0)
    default: #expect(try await boards.place.value("select count(distinct board) from top_stats_history") == "18")
    }
    let parts = try await twins.health("top-stats:of-feeds_liked=366d")
    #expect(parts.count == 2 && parts.contains("top-stats:of-feeds_liked"), "\(parts)")
  }

  @Test func `two Redis behind one database have boards and a history each`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let other = try await RedisServer()
    let history = ["TOP_STATS_HISTORY": "true"]
    let twins = Twins(
      boards.place, Leaderboards.binary, at: Leaderboards.now, history, history.merging(["REDIS_URL": other.url]) { $1 }
    )
    try await twins.run(atOnce: true)
    #expect(try await !boards.board("comments").isEmpty)
    #expect(try await other("ZCARD", "top:comments").integer ?? 0 > 0)
    let servers = [boards.place.redis.identity, other.address.identity].sorted()
    func kept() async throws -> [[String]] {
      try await boards.place.rows(
        "select server as a, count(*) as b from top_stats_history group by server order by server")
    }
    let both = try await kept()
    #expect(both.map { $0[0] } == servers && both[0][1] == both[1][1], "\(both)")
    // Each removes what is old of its own, and what does not say whose it is.
    try await boards.place.execute(
      """
      update top_stats_history set computed_at = computed_at - interval '9 days';
      insert into top_stats_history (board, computed_at, rank, member, score)
      values ('x', timestamptz '\(Leaderboards.now)' - interval '9 days', 1, 'm', 1)
      """)
    #expect(try await boards.run([], ["TOP_STATS_HISTORY_KEEP": "2d"]).exitCode == 0)
    #expect(try await kept().map { $0[0] } == [other.address.identity])
  }
}

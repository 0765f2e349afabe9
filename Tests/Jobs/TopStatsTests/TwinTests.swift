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

  @Test func `check warns when two addresses have written one history, and names the remedy`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let other = try await RedisServer()
    let here = boards.place.environment.merging(["TOP_STATS_HISTORY": "true", "JOB_LOG_LEVEL": "warning"]) { $1 }
    func advice(_ settings: [String: String]) async throws -> [String] {
      let check = try await Leaderboards.binary.run(["--check"], here.merging(settings) { $1 })
      #expect(check.exitCode == 0, "\(check.output)")
      return check.result["details", "advice"].elements.compactMap(\.string)
    }
    #expect(try await Leaderboards.binary.run([], here).exitCode == 0)
    #expect(try await advice([:]) == [])
    let told = try await advice(["REDIS_URL": other.url])
    #expect(
      told.count == 1
        && ["JOB_INSTANCE", other.address.identity, boards.place.redis.identity].allSatisfy { told[0].contains($0) },
      "\(told)")
    for settings in [["JOB_INSTANCE": "a"], ["TOP_STATS_HISTORY": "false"], ["TOP_STATS_KEY_PREFIX": "eu:"]] {
      #expect(try await advice(settings.merging(["REDIS_URL": other.url]) { $1 }) == [], "\(settings)")
    }
  }

  @Test func `boards of another Redis`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let other = try await RedisServer()
    let twins = Twins(boards.place, Leaderboards.binary, at: Leaderboards.now, [:], ["REDIS_URL": other.url])
    try await twins.run(atOnce: true)
    #expect(try await !boards.board("comments").isEmpty)
    #expect(try await other("ZCARD", "top:comments").integer ?? 0 > 0)
  }
}

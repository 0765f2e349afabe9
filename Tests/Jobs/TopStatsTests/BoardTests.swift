import Redis
import TestSupport
import Testing

/// What stands in the boards, against queries that are obviously right.
@Suite(.timeLimit(.minutes(10))) struct BoardTests {
  private static let windows = ["": 7, ":1d": 1, ":30d": 30]

  @Test(arguments: [(0.1, true), (0.7, true), (0.3, false)])
  func `every board in every window has the members, scores and order of a plain query`(
    seed: Double, deletes: Bool
  ) async throws {
    let boards = try await Leaderboards(deletes: deletes)
    try await boards.fill(seed: seed, deletes: deletes)
    let run = try await boards.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.count("published") == 18)
    for name in Leaderboards.names {
      for (suffix, days) in Self.windows {
        let plain = try await PlainBoards.lines(name, days: days, deletes: deletes, in: boards.place)
        #expect(try await boards.board(name + suffix) == plain, "\(name)\(suffix)")
        #expect(plain.count > 3, "\(name)\(suffix) is worth comparing")
        #expect(try await boards.about(name + suffix)["members"] == "\(plain.count)")
      }
    }
  }

  @Test func `a shorter board is the beginning of a longer one, through ties`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    _ = try await boards.run()
    let whole = try await boards.board("feeds_liked:1d")
    for limit in [1, 2, 10, 25] {
      #expect(try await boards.run([], ["TOP_STATS_LIMIT": "\(limit)"]).exitCode == 0)
      #expect(try await boards.board("feeds_liked:1d") == Array(whole.prefix(limit)))
    }
  }

  @Test func `each board alone is what it is among all, where moments have no time zone as well`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    var wanted: [String: [String]] = [:]
    for name in Leaderboards.names { wanted[name] = try await PlainBoards.lines(name, days: 7, in: boards.place) }
    for (table, column) in [
      ("feeds", "created_at"), ("feed_likes", "created_at"), ("feed_comments", "created_at"),
      ("feed_views", "viewed_at"), ("follows", "created_at"),
    ] {
      try await boards.place.execute("set timezone = 'UTC'; alter table \(table) alter \(column) type timestamp")
    }
    for name in Leaderboards.names {
      let run = try await boards.run([], ["TOP_STATS_BOARDS": name, "TOP_STATS_WINDOWS": "7d"])
      #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)\(run.errors)")
      #expect(try await boards.board(name) == wanted[name])
    }
  }

  @Test func `windows of one's own have keys of their own, and the plain key is the one that is said`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let run = try await boards.run([], ["TOP_STATS_WINDOW": "48h", "TOP_STATS_WINDOWS": "5d, 2d"])
    #expect(run.exitCode == 0)
    #expect(try await boards.board("comments") == PlainBoards.lines("comments", days: 2, in: boards.place))
    #expect(try await boards.board("comments:5d") == PlainBoards.lines("comments", days: 5, in: boards.place))
    #expect(try await boards.place.redis("KEYS", "top:comments*").elements.count == 2)
    let about = try await boards.about("comments")
    #expect(about["window"] == "2d" && about["window_start"] == "2025-11-06T02:00:00Z")
    #expect(about["computed_at"] == Leaderboards.now && about["run_id"] == run.result["run_id"].string)
  }

  @Test func `empty tables make empty boards, which is said, and empty what was there`() async throws {
    let boards = try await Leaderboards()
    try await boards.place.redis("ZADD", "top:comments", "5", "1")
    let run = try await boards.run()
    #expect(run.exitCode == 0)
    #expect(run.count("emptied") == 18)
    #expect(run.errors.contains("the board is empty"))
    #expect(try await boards.place.redis("EXISTS", "top:comments").integer == 0)
    #expect(try await boards.about("comments")["members"] == "0")
  }

  @Test func `boards and what is told of them expire together, or never`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    #expect(try await boards.run([], ["TOP_STATS_TTL": "2h"]).exitCode == 0)
    for key in ["top:comments", "top:meta:comments"] {
      let left = try await boards.place.redis("PTTL", key).integer ?? 0
      #expect(left > 7_000_000 && left <= 7_200_000)
    }
    #expect(try await boards.run().exitCode == 0)
    for key in ["top:comments", "top:meta:comments"] {
      #expect(try await boards.place.redis("PTTL", key).integer == -1)
    }
    #expect(try await boards.place.redis("KEYS", "oneshot:new:*").elements.isEmpty)
  }

  @Test func `a plan calculates everything and publishes nothing`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let plan = try await boards.run(["--plan"], ["TOP_STATS_HISTORY": "true"])
    #expect(plan.exitCode == 0, "\(plan.output)")
    #expect(plan.count("members") ?? 0 > 500)
    #expect(try await boards.place.redis("DBSIZE").integer == 0)
    #expect(try await boards.place.value("select count(*) from top_stats_history") == "0")
  }

  @Test func `shards publish all boards between them`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    var published = 0
    for index in 0..<4 {
      let run = try await boards.run([], ["JOB_SHARD_COUNT": "4", "JOB_SHARD_INDEX": "\(index)"])
      #expect(run.exitCode == 0)
      published += run.count("published") ?? 0
    }
    #expect(published == 18)
    #expect(try await boards.board("users_active") == PlainBoards.lines("users_active", days: 7, in: boards.place))
  }
}

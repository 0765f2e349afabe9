import TestSupport
import Testing

/// `TOP_STATS_HISTORY`, and what `--check` advises.
@Suite(.timeLimit(.minutes(10))) struct HistoryTests {
  private static let rows = """
    select rank || ' ' || member || ' ' || score as a from top_stats_history
    where board = 'comments:1d' and computed_at = '\(Leaderboards.now)' order by rank
    """

  private func history(_ boards: Leaderboards) async throws -> [String] {
    try await boards.place.rows(Self.rows).map { $0[0] }
  }

  @Test func `each publication is kept, in the order of the board, and a slot run again writes over it`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let on = ["TOP_STATS_HISTORY": "true"]
    let first = try await boards.run([], on)
    #expect(first.exitCode == 0)
    #expect(first.count("history_rows") == first.count("members"))
    let kept = try await history(boards)
    #expect(try await kept == boards.board("comments:1d").enumerated().map { "\($0 + 1) \($1)" })
    #expect(try await boards.run([], on).exitCode == 0)
    #expect(try await history(boards) == kept)

    try await boards.place.execute("delete from feed_comments where feed_id > 3")
    #expect(try await boards.run([], on).exitCode == 0)
    let fewer = try await history(boards)
    #expect(fewer.count < kept.count && !fewer.isEmpty)
    #expect(try await fewer == boards.board("comments:1d").enumerated().map { "\($0 + 1) \($1)" })
  }

  @Test func `what a slot had written before rows named their Redis is written over, too`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let on = ["TOP_STATS_HISTORY": "true"]
    #expect(try await boards.run([], on).exitCode == 0)
    let kept = try await history(boards)
    try await boards.place.execute("update top_stats_history set server = ''")
    #expect(try await boards.run([], on).exitCode == 0)
    #expect(try await history(boards) == kept)
  }

  @Test func `old rows leave it, others stay`() async throws {
    let boards = try await Leaderboards()
    try await boards.place.execute(
      """
      insert into top_stats_history (board, computed_at, rank, member, score)
      select 'x', timestamptz '\(Leaderboards.now)' - n * interval '1 day', rank, rank, 1
      from generate_series(1, 4) n, generate_series(1, 7000) rank
      """)
    let run = try await boards.run([], ["TOP_STATS_HISTORY_KEEP": "2d"])
    #expect(run.exitCode == 0)
    #expect(run.count("history_removed") == 14_000)
    #expect(try await boards.place.value("select count(distinct computed_at) from top_stats_history") == "2")
  }

  @Test func `old rows of a Redis that has another address now are named, with the statement that removes them`()
    async throws
  {
    let boards = try await Leaderboards()
    try await boards.place.execute(
      """
      insert into top_stats_history (server, board, computed_at, rank, member, score)
      select server, 'x', timestamptz '\(Leaderboards.now)' - age, 1, 'a', 1
      from (values ('redis:6379', interval '9 days'), ('other:6379', interval '1 hour')) as old (server, age)
      """)
    let keep = ["TOP_STATS_HISTORY_KEEP": "2d"]
    let run = try await boards.run([], keep)
    let remedy = "delete from top_stats_history where (instance, server, key_prefix) = ('', 'redis:6379', "
    #expect(run.exitCode == 0 && run.errors.contains(remedy) && !run.errors.contains("other:6379"), "\(run.errors)")
    #expect(try await boards.place.value("select count(*) from top_stats_history") == "2")
    try await boards.place.execute("delete from top_stats_history where server = 'redis:6379'")
    #expect(try await !boards.run([], keep).errors.contains("delete from top_stats_history"))
  }

  @Test func `check advises an index where a large table has none, and is content when it has`() async throws {
    let boards = try await Leaderboards()
    try await boards.place.execute(
      """
      insert into feed_views select 1, timestamptz '2025-11-08' - g * interval '1 minute' from generate_series(1, 100000) g;
      analyze;
      """)
    let check = try await boards.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    let advice = check.result["details", "advice"].elements.compactMap(\.string)
    #expect(advice.count == 1 && advice[0].contains("create index concurrently on feed_views (viewed_at)"))
    try await boards.place.execute("create index on feed_views using brin (viewed_at)")
    #expect(try await !boards.run(["--check"]).result["details", "advice"].isThere)
  }

  @Test func `check names every table that chosen boards miss`() async throws {
    let place = try await Place()
    let chosen = ["TOP_STATS_BOARDS": Leaderboards.names.joined(separator: ",")]
    let check = try await Leaderboards.binary.run(["--check"], place.environment.merging(chosen) { $1 })
    #expect(check.exitCode == 78)
    for table in ["users", "feeds", "feed_likes", "feed_comments", "feed_views", "follows"] {
      #expect(check.output.contains("the table \(table) does not exist"))
    }
  }
}

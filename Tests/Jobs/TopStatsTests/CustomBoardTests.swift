import Foundation
import Redis
import TestSupport
import Testing

/// Boards from a folder, and boards that fail.
@Suite(.timeLimit(.minutes(10))) struct CustomBoardTests {
  private let boards: Leaderboards
  private let folder: TemporaryFolder

  init() async throws {
    boards = try await Leaderboards()
    folder = try TemporaryFolder()
    try await boards.fill()
  }

  private func write(_ files: [String: String]) throws {
    for (name, text) in files {
      try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }
  }

  private func run(_ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await boards.run([], ["TOP_STATS_BOARDS_DIR": folder.path].merging(settings) { $1 })
  }

  private func messages(_ run: Binary.Outcome) -> [String: String] {
    Dictionary(
      run.result["errors"].elements.map { ($0["item"].string ?? "", $0["message"].string ?? "") },
      uniquingKeysWith: { $1 })
  }

  @Test func `the page's board of tags works as it stands there`() async throws {
    try write(["top_tags.sql": Page("docs/jobs/top-stats.md").code("top_tags")])
    try await boards.place.execute(
      """
      create table feed_tags (feed_id bigint, tag text);
      insert into feed_tags select g, 'tag ' || g % 3 from generate_series(1, 400) g
      """)
    let run = try await run()
    #expect(run.exitCode == 0, "\(run.errors)")
    let plain = try await boards.place.rows(
      """
      select 'tag ' || f.id % 3 || ' ' || count(*) as a from feeds f
      where deleted_at is null and created_at >= timestamptz '\(Leaderboards.now)' - interval '1 day'
        and created_at < '\(Leaderboards.now)' group by f.id % 3 order by count(*) desc, 1 desc
      """
    ).map { $0[0] }
    #expect(try await boards.board("top_tags:1d") == plain)
    #expect(try await boards.board("top_tags").count == 3)
  }

  @Test func `a file by a built-in board's name takes its place`() async throws {
    try write([
      "comments.sql": "-- Ours;\nselect 'n' || g as member, g / 2.0 as score from generate_series(1, 9) g; \n",
      "..hidden.sql": "select", "notes.txt": "nothing",
    ])
    let run = try await run(["TOP_STATS_LIMIT": "2"])
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.count("published") == 18)
    #expect(try await boards.board("comments") == ["n9 4.5", "n8 4"])
  }

  @Test func `what fails keeps its old contents, the others are published, and file and line are named`() async throws {
    let good = "select id as member, 1 as score from users where created_at is null"
    let wrong: [String: (text: String, says: String)] = [
      "broken": ("select 1 as member,\n  2 as score\nfrom nowhere\n", "broken.sql, line 3: relation \"nowhere\""),
      "cut": ("select id as member, 1 as score\nfrom users where (", "cut.sql, line 2: syntax error"),
      "divides": ("select 1 as member, 1 / (id - id) as score from users", "divides.sql: division by zero"),
      "named": ("select 1 as member, 2 as score\nwhere :windows = 1", "named.sql, line 2: :windows is not known"),
      "nameless": ("select 1, 2", "nameless.sql, line 1: column board.member does not exist"),
      "nobody": ("select null as member, 1 as score", "nobody.sql: a member is null"),
      "none": ("select 1 as member, 'NaN'::float as score", "none.sql: the score of «1» is no number"),
      "twice": ("select 1 as member, 1 as score union all select 1, 2", "twice.sql: the member «1» stands in it twice"),
      "slow": (
        "select 1 as member, 1 as score from pg_sleep(600)", "slow.sql: canceling statement due to statement timeout"
      ),
      "writes": (
        "select nextval('feed_likes_id_seq') as member, 1 as score",
        "writes.sql: cannot execute nextval() in a read-only"
      ),
      "two": (
        "select 1 as member, 1 as score;\nselect 2 as member, 1 as score",
        "two.sql: cannot insert multiple commands into a prepared statement"
      ),
      "closes": (
        "select 1 as member, 1 as score) as file) as board, (select * from (select 1",
        "closes.sql, line 1: syntax error at or near \")\""
      ),
      "Big Name": ("select 1 as member, 1 as score", "Big Name.sql: the name before .sql takes a-z"),
      "meta": ("select 1 as member, 1 as score", "meta.sql: a board cannot be called meta"),
      "long": ("--" + String(repeating: "x", count: 70_000), "long.sql cannot be read: it is larger than 64 KiB"),
      "missing_column": (good, "missing_column.sql, line 1: column \"created_at\" does not exist"),
    ]
    try write(Dictionary(uniqueKeysWithValues: wrong.map { ("\($0.key).sql", $0.value.text) }))
    for name in wrong.keys { try await boards.place.redis("ZADD", "top:\(name)", "3", "old") }
    let run = try await run(["TOP_STATS_WINDOWS": "7d", "TOP_STATS_BOARD_TIMEOUT": "3s"])
    #expect(run.exitCode == 65)
    #expect(run.result["status"].string == "partial")
    #expect(run.count("published") == 6 && run.count("failed") == wrong.count)
    let said = messages(run)
    for (name, expected) in wrong {
      #expect(said[name]?.contains(expected.says) == true, "\(name): \(said[name] ?? "nothing")")
      #expect(try await boards.board(name) == ["old 3"], "\(name)")
    }
    #expect(try await boards.board("comments") == PlainBoards.lines("comments", days: 7, in: boards.place))
  }

  @Test func `what one board sets, the next does not have`() async throws {
    try write([
      "a_sets.sql": "select set_config('timezone', 'Asia/Tokyo', false) as member, 1 as score",
      "b_sets.sql": "select set_config('work_mem', '1MB', true) as member, 1 as score",
      "c_reads.sql": "select current_setting('timezone') || ' ' || current_setting('work_mem') as member, 1 as score",
    ])
    let run = try await run(["TOP_STATS_WORK_MEM": "5", "TOP_STATS_PARALLEL": "1"])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await boards.board("a_sets") == ["Asia/Tokyo 1"])
    #expect(try await boards.board("c_reads") == ["UTC 5MB 1"])
  }

  @Test func `a missing table fails the boards that need it, and their dead letters are resolved once it is back`()
    async throws
  {
    _ = try await run()
    let old = try await boards.board("feeds_liked")
    try await boards.place.execute("alter table feed_likes rename to away; delete from feed_comments")
    let run = try await run(["TOP_STATS_WINDOWS": "7d"])
    #expect(run.exitCode == 65)
    #expect(Set(messages(run).keys) == ["feeds_liked", "users_liked", "users_active"])
    #expect(messages(run)["users_liked"]?.contains("received.sql (built in), line") == true)
    #expect(try await boards.board("feeds_liked") == old)
    #expect(try await boards.board("comments") == [])
    let pending = "select count(*) from oneshot.dead_letters where state = 'pending'"
    #expect(try await boards.place.value(pending) == "3")
    try await boards.place.execute("alter table away rename to feed_likes")
    #expect(try await self.run().exitCode == 0)
    #expect(try await boards.place.value(pending) == "0")
  }

  @Test func `check tries every board of one's own, and names file and line of what is wrong`() async throws {
    try write([
      "good.sql": "select live_feeds.id as member, 1 as score from live_feeds where created_at >= :window_start -- all",
      "broken.sql": "select 1 as member,\n  2 as score\nfrom nowhere\n", "comments.sql": "select 1 as member",
      "named.sql": "select 1 as member, 2 as score\nwhere :windows = 1", "writes.sql": "delete from users",
      "Big Name.sql": "select",
    ])
    // Looked at for a few seconds, as all texts are, and nobody waits for its end.
    try write(["later.sql": "select 'x' as member, pg_sleep(600)::text as score"])
    let check = try await boards.run(["--check"], ["TOP_STATS_BOARDS_DIR": folder.path])
    #expect(check.exitCode == 78, "\(check.output)")
    let said = check.result["errors"].elements.compactMap { $0["message"].string }
    let wanted = [
      "broken.sql, line 3: relation \"nowhere\"", "comments.sql, line 1: column board.score does not exist",
      "named.sql, line 2: :windows is not known", "writes.sql, line 1: syntax error", "Big Name.sql: the name before",
    ]
    for words in wanted { #expect(said.contains { $0.contains(words) }, "\(words): \(said)") }
    #expect(said.count == wanted.count, "\(said)")
    #expect(try await boards.place.redis("DBSIZE").integer == 0)
    #expect(try await boards.place.value("select count(*) from users") == "120")
  }

  @Test func `check asks only for the tables of the boards that are chosen`() async throws {
    try write(["tags.sql": "select tag as member, 1 as score\nfrom tags"])
    try await boards.place.execute("drop table follows, feed_views, top_stats_history")
    func missing(_ chosen: String, _ more: [String: String] = [:]) async throws -> [String] {
      let settings = ["TOP_STATS_BOARDS_DIR": folder.path, "TOP_STATS_BOARDS": chosen].merging(more) { $1 }
      let check = try await boards.run(["--check"], settings)
      let said = check.result["errors"].elements.compactMap { $0["message"].string }
      #expect(check.exitCode == (said.isEmpty ? 0 : 78), "\(check.output)")
      return said.map { String($0.prefix { $0 != "." && $0 != "(" }).replacing("\(folder.path)/", with: "") }.sorted()
    }
    #expect(try await missing("comments,users_active") == [])
    #expect(try await missing("users_followed") == ["the table follows does not exist"])
    #expect(
      try await missing("feeds_viewed", ["TOP_STATS_HISTORY": "true"])
        == ["the table feed_views does not exist", "the table top_stats_history does not exist"])
    #expect(try await missing("tags").count == 1)
    try await boards.place.execute("create table tags (tag text); drop table feed_comments, feed_likes cascade")
    #expect(try await missing("tags") == [])
    try await boards.place.execute("drop table users, feeds cascade")
    #expect(try await missing("tags") == [], "a board of one's own need not read what is prepared")
  }

  @Test func `a folder or a name that is not there is a wrong setting`() async throws {
    let run = try await run([
      "TOP_STATS_BOARDS_DIR": "/nowhere", "TOP_STATS_BOARDS": "comments,nothing", "TOP_STATS_WINDOWS": "1d,2d,3d,4d",
      "TOP_STATS_WINDOW": "0s",
    ])
    #expect(run.exitCode == 78)
    let message = run.result["error", "message"].string ?? ""
    for name in [
      "TOP_STATS_BOARDS_DIR", "TOP_STATS_BOARDS names «nothing»", "TOP_STATS_WINDOWS makes 5", "TOP_STATS_WINDOW holds",
    ] {
      #expect(message.contains(name), "\(message)")
    }
  }
}

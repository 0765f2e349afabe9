import Foundation
import Redis
import TestSupport
import Testing

/// Scores of every type: what is published is what is sorted by, as Redis sorts.
@Suite(.timeLimit(.minutes(10))) struct ScoreTests {
  private let boards: Leaderboards
  private let folder: TemporaryFolder

  init() async throws {
    boards = try await Leaderboards()
    folder = try TemporaryFolder()
    try await boards.place.execute("create table players (id text, stats jsonb, points numeric, hours integer)")
  }

  private func run(
    _ board: String, limit: Int = 1000, _ arguments: [String] = [], _ settings: [String: String] = [:]
  ) async throws -> Binary.Outcome {
    try board.write(toFile: "\(folder.path)/points.sql", atomically: true, encoding: .utf8)
    let usual = [
      "TOP_STATS_BOARDS_DIR": folder.path, "TOP_STATS_BOARDS": "points", "TOP_STATS_WINDOWS": "7d",
      "TOP_STATS_LIMIT": "\(limit)", "TOP_STATS_HISTORY": "true",
    ]
    return try await boards.run(arguments, usual.merging(settings) { $1 })
  }

  private func history() async throws -> [String] {
    try await boards.place.rows(
      "select member as a from top_stats_history where board = 'points' order by rank"
    ).map { $0[0] }
  }

  /// Publishes a board with several limits, and expects each to be the beginning of the next, in Redis and in the
  /// history alike.
  private func ranked(_ board: String) async throws -> [String] {
    var longest: [String] = []
    for limit in [1, 2, 3, 1000] {
      let run = try await run(board, limit: limit)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      let members = try await boards.place.redis("ZREVRANGE", "top:points", "0", "-1").elements.compactMap(\.text)
      #expect(members.starts(with: longest), "\(limit): \(members), \(longest)")
      #expect(try await history() == members)
      longest = members
    }
    return longest
  }

  @Test(
    arguments: [
      "stats->>'points'", "stats->'points'", "(stats->>'points')::varchar", "(stats->>'points')::real",
      "(stats->>'points')::numeric(20, 5)", "(stats->>'points')::smallint", "(stats->>'points')::float8",
    ])
  func `forty points come before four, whatever their type`(score: String) async throws {
    try await boards.place.execute(
      "insert into players (id, stats) select 'p' || g, jsonb_build_object('points', g) from generate_series(1, 40) g")
    let members = try await ranked("select id as member, \(score) as score from players")
    #expect(members == (1...40).reversed().map { "p\($0)" })
    #expect(try await boards.board("points").first == "p40 40")
  }

  @Test func `fractions, exponents, signs and blanks of a text are read as numbers`() async throws {
    try await boards.place.execute(
      """
      insert into players (id, stats) select 'p' || n, to_jsonb(text) from unnest(
        array['-1', ' 7.5 ', '.25', '1e3', '+12.', '0.1', '-2.5E-1', '00042']) with ordinality as t (text, n)
      """)
    #expect(
      try await ranked("select id as member, stats #>> '{}' as score from players")
        == ["p4", "p8", "p5", "p2", "p3", "p6", "p7", "p1"])
    #expect(try await Double(boards.place.redis("ZSCORE", "top:points", "p6").text ?? "") == 0.1)
  }

  @Test(arguments: ["n/a", "", "0x1F", "1,000", "NaN", "Infinity", "-inf", "1e400", "1e99999", "٣", "1\n", "true"])
  func `a text that is no number is refused with file, column and member`(text: String) async throws {
    let literal = text.replacing("'", with: "''")
    try await boards.place.execute(
      "insert into players (id, stats) select 'p' || g, to_jsonb(g::text) from generate_series(1, 9) g")
    try await boards.place.execute("insert into players (id, stats) values ('odd', to_jsonb('\(literal)'::text))")
    let board = "select id as member,\n  stats #>> '{}' as score from players"
    // However short the board is, and although there are others enough.
    for arguments in [[], ["--plan"], ["--check"]] {
      let run = try await run(board, limit: 1, arguments)
      #expect(run.exitCode == (arguments == ["--check"] ? 78 : 65), "\(arguments): \(run.output)\(run.errors)")
      let said = run.result["errors"].elements.compactMap { $0["message"].string }
      #expect(
        said.count == 1
          && said[0].contains("points.sql: the score of «odd» is no number: the column score holds «\(text)»"),
        "\(arguments): \(said)")
    }
    #expect(try await boards.place.redis("EXISTS", "top:points").integer == 0)
  }

  @Test func `numbers of any type that no double can be are refused`() async throws {
    for score in ["null", "'NaN'::numeric", "'-Infinity'::float8", "1e309::numeric", "true", "date '2025-11-08'"] {
      let run = try await run("select 'x' as member, \(score) as score")
      #expect(run.exitCode == 65, "\(score): \(run.output)")
      #expect(run.output.contains("is no number: the column score holds"), "\(score): \(run.output)")
    }
  }

  @Test func `what decays below the smallest double is zero, which is said`() async throws {
    try await boards.place.execute(
      "insert into players (id, hours) values ('new', 1), ('old', 320), ('older', 343), ('oldest', 366)")
    let board = "select id as member, ('1e-' || hours)::numeric as score from players"
    for arguments in [["--check"], ["--plan"], []] {
      let run = try await run(board, arguments)
      #expect(run.exitCode == 0, "\(arguments): \(run.output)\(run.errors)")
    }
    #expect(try await ranked(board) == ["new", "old", "oldest", "older"])
    #expect(try await boards.place.redis("ZSCORE", "top:points", "older").text == "0")
    #expect(try await run(board).errors.contains("different scores of a board are one number in Redis"))
  }

  @Test(arguments: ["bigint", "numeric", "text"])
  func `whole numbers that one double stands for are one score, in the order of Redis, which is said`(
    type: String
  ) async throws {
    try await boards.place.execute(
      """
      insert into players (id, points) values ('a', 9007199254740993), ('b', 9007199254740992), ('c', 9007199254740994),
        ('d', 9007199254740992), ('e', 5)
      """)
    let board = "select id as member, points::\(type) as score from players"
    #expect(try await ranked(board) == ["c", "d", "b", "a", "e"])
    for limit in [3, 5] {
      let run = try await run(board, limit: limit, ["--plan"])
      #expect(run.errors.contains("different scores of a board are one number in Redis"), "\(limit): \(run.errors)")
    }
    let apart = try await run("\(board) where id in ('b', 'c', 'd', 'e')")
    #expect(apart.exitCode == 0 && !apart.errors.contains("different scores"), "\(apart.errors)")
  }

  @Test func `equal scores that are written in two ways are equal`() async throws {
    try await boards.place.execute("insert into players (id, stats) values ('a', '\"1.50\"'), ('b', '\"1.5\"')")
    let board = "select id as member, stats #>> '{}' as score from players"
    #expect(try await ranked(board) == ["b", "a"])
    #expect(try await !run(board).errors.contains("different scores"))
  }
}

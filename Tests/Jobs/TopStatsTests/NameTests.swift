import Foundation
import Redis
import TestSupport
import Testing

/// Names that a user may give: of tables, and of members.
@Suite(.timeLimit(.minutes(10))) struct NameTests {
  private let boards: Leaderboards
  private let folder: TemporaryFolder

  init() async throws {
    boards = try await Leaderboards()
    folder = try TemporaryFolder()
    try await boards.fill()
  }

  private func run(_ files: [String: String], _ arguments: [String] = []) async throws -> Binary.Outcome {
    for (name, text) in files {
      try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
    }
    return try await boards.run(arguments, ["TOP_STATS_BOARDS_DIR": folder.path, "TOP_STATS_WINDOWS": "7d"])
  }

  @Test(
    arguments: [
      "likes_received", "likes_given", "comments_received", "comments_given", "views_received", "followers_won",
      "feeds_written", "live_users", "live_feeds", "best", "board", "file",
    ])
  func `a table of the user's is read, whatever it is called`(name: String) async throws {
    try await boards.place.execute(
      "create table \(name) (id text, n integer); insert into \(name) values ('a', 50), ('b', 7)")
    let own = ["mine": "select id as member, n as score from \(name)"]
    #expect(try await run(own, ["--check"]).exitCode == 0)
    let run = try await run(own)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await boards.board("mine") == ["a 50", "b 7"])
    for board in Leaderboards.names {
      #expect(try await boards.board(board) == PlainBoards.lines(board, days: 7, in: boards.place), "\(board)")
    }
  }

  @Test func `members are told apart by their bytes`() async throws {
    let run = try await run([
      "cafes": #"select name as member, n as score from (values (U&'caf\00E9', 2), (U&'cafe\0301', 1)) as c (name, n)"#
    ])
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let members = try await boards.place.redis("ZREVRANGE", "top:cafes", "0", "-1").elements.compactMap(\.text)
    #expect(members.map { Array($0.utf8) } == ["caf\u{E9}", "cafe\u{301}"].map { Array($0.utf8) })
  }
}

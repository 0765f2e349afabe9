import Feeds
import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import TopStats

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let boards = try await Leaderboards()
    let moment = try #require(Timestamp(rfc3339: Leaderboards.now))
    var golden = GoldenStatements(
      "top-stats",
      [
        "moment": moment, "age_seconds": 7_776_000.0, "batch": 10_000, "board": "comments", "computed_at": moment,
        "members": 2,
        "member_list": ["7", "3"], "score_list": ["12", "9.5"], "limit": 1000, "instance": "",
        "key_prefix": "top:", "server": "cache:6379/0",
      ])
    let preparations = Preparation.allCases.map { ("prepare_\(snakeCase("\($0)"))", $0) }
    try golden.add(
      folder: "Jobs/TopStats",
      except: [
        "ranked", "users_liked", "comments", "feeds_viewed", "feeds_liked", "users_followed", "users_active",
        "received", "given", "views_received", "followers_won", "feeds_written",
        "refused_score",
      ])
    golden.add("index_advice", try IndexAdvice.statement(for: TopStats.eventColumns))
    let windows = [
      "start_1": "2025-10-09T02:00:00Z", "start_2": "2025-11-01T02:00:00Z", "window_end": Leaderboards.now,
    ]
    var needs: [String: [String]] = [:]
    for (index, (name, preparation)) in preparations.enumerated() {
      golden.add(name, try preparation.file(windows: 2).statement(binding: windows))
      needs[name] = preparations[..<index].map(\.0)
    }
    var env = Environment([:])
    for board in Board.all(folder: nil, chosen: nil, &env) {
      golden.add(
        "board_\(board.name)", try board.counting(2).ranked(by: .whole).statement(binding: ["limit": 1000]))
      needs["board_\(board.name)"] = preparations.map(\.0)
    }
    func own(_ score: String) -> Board {
      Board(file: SQLFile(builtIn: "own", Array("select 1 as member, \(score) as score".utf8)), needs: [])
    }
    for (score, sample) in [(Score.double, "2.5::double precision"), (.numeric, "2.5"), (.text, "'2'")] {
      golden.add("ranked_by_\(score)", try own(sample).ranked(by: score).statement(binding: ["limit": 1000]))
    }
    golden.add("refused_score", try own("'2'").refusedScore(.text).statement(binding: [:]))
    try await golden.check(in: boards.place, needs: needs)
  }

  private func snakeCase(_ name: String) -> String {
    name.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
  }
}

import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges, and nothing more, can check and run`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    var restricted = try await boards.place.restricted("top-stats")
    restricted.merge(["TOP_STATS_HISTORY": "true", "TOP_STATS_TTL": "1d", "TOP_STATS_HISTORY_KEEP": "9d"]) { $1 }
    let check = try await boards.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    for _ in 1...2 {
      let run = try await boards.run([], restricted)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    #expect(try await !boards.board("comments").isEmpty)
  }
}

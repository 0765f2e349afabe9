import Redis
import TestSupport

@testable import TopStats

/// The model is a plain query over the application's tables.
extension Leaderboards: ModelledJob {
  typealias TestedJob = TopStats

  static let ways = [["TOP_STATS_BOARDS": "comments", "TOP_STATS_HISTORY": "true"]]

  static func make(on servers: PrivateServers?) async throws -> Leaderboards {
    let boards = try await Leaderboards(on: servers)
    try await boards.place.execute(
      """
      insert into users select g, 'user ' || g from generate_series(1, 5) g;
      insert into feeds select g, 1 + g % 5, 'text', timestamptz '\(now)' - g * interval '3 hours'
        from generate_series(1, 6) g;
      """)
    try await boards.comment(20, offset: 1)
    return boards
  }

  private func comment(_ count: Int, offset: Int) async throws {
    try await place.execute(
      """
      insert into feed_comments (feed_id, user_id, created_at)
      select 1 + (g * g + \(offset)) % 6, 1 + g % 5, timestamptz '\(Self.now)' - (g + \(offset)) * interval '9 hours'
      from generate_series(1, \(count)) g
      """)
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.execute("delete from top_stats_history")
    try await place.redis("FLUSHDB")
  }

  func change(using random: inout SeededGenerator) async throws {
    try await comment(Int.random(in: 1...9, using: &random), offset: Int.random(in: 0...50, using: &random))
    let gone = Int.random(in: 1...40, using: &random)
    try await place.execute("delete from feed_comments where id = \(gone)")
  }

  func mistakes() async throws -> [String] {
    var mistakes: [String] = []
    for (board, days) in [("comments", 7), ("comments:1d", 1), ("comments:30d", 30)] {
      let model = try await PlainBoards.lines("comments", days: days, in: place)
      mistakes += try await differences("top:\(board)", self.board(board), model)
      let history = try await place.rows(
        """
        select member || ' ' || score as a from top_stats_history
        where board = '\(board)' and computed_at = '\(Self.now)' order by rank
        """
      ).map { $0[0] }
      mistakes += differences("history of \(board)", history, model)
    }
    return mistakes
  }
}

import Feeds
import JobRuntime
import TestSupport
import Testing

@testable import TopStats

/// Boards on several connections.
@Suite(.timeLimit(.minutes(10))) struct SplittingTests {
  @Test func `no table is made on two connections, and no board is left out`() throws {
    let whole = calculation()
    for count in 1...8 {
      let parts = whole.split(into: count)
      #expect(parts.count == min(count, 3) && parts.allSatisfy { !$0.boards.isEmpty })
      #expect(parts.flatMap { $0.boards.map(\.name) }.sorted() == Leaderboards.names.sorted())
      let tables = parts.flatMap { part in
        Set(part.boards.flatMap(\.needs)).filter { !Preparation.forAll.contains($0) }
      }
      #expect(tables.count == Set(tables).count, "\(tables)")
    }
    // What takes longest has a connection to itself.
    #expect(Set(whole.split(into: 2)[1].boards.map(\.name)) == ["feeds_viewed", "users_followed"])
  }

  @Test func `a board that comes last joins those that were apart`() throws {
    var whole = calculation()
    whole.boards.sort { $0.name > $1.name }
    whole.boards.append(whole.boards.removeFirst())
    whole.boards.removeAll { ["feeds_viewed", "users_followed"].contains($0.name) }
    #expect(whole.split(into: 4).count == 1)
  }

  @Test(arguments: [1, 3]) func `however many connections calculate, the boards are the same`(count: Int) async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    #expect(try await boards.run([], ["TOP_STATS_PARALLEL": "\(count)"]).count("published") == 18)
    for name in Leaderboards.names {
      #expect(try await boards.board(name) == PlainBoards.lines(name, days: 7, in: boards.place))
    }
  }

  private func calculation() -> Calculation {
    var env = Environment([:])
    return Calculation(
      boards: Board.all(folder: nil, chosen: nil, &env), windows: [PastWindow(length: .days(7))],
      moment: Timestamp(seconds: 0), limit: 10, workMemory: 4, boardTimeout: nil, timeLeft: .seconds(1))
  }
}

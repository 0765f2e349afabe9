import JobRuntime
import Postgres

/// A member of a board: an id, and a number as text.
struct Member: Sendable, Equatable {
  var id: String
  var score: String
}

/// What became of one board in one window: its members, or why there are none to publish.
struct BoardResult: Sendable {
  var board: String
  var window: BoardWindow
  var members: [Member]?
  var failure: String?
}

/// Calculates all boards in one snapshot. What is wrong with one is its own failure; the others go on.
struct Calculation: Sendable {
  var boards: [Board]
  /// The widest first.
  var windows: [BoardWindow]
  var moment: Timestamp
  var limit: Int
  var workMemory: Int
  var boardTimeout: Duration?
  var timeLeft: Duration

  func carryOut(_ session: borrowing Session) throws -> [BoardResult] {
    try session.query("select set_config('work_mem', \("\(workMemory)MB"), true)")
    if let boardTimeout {
      try session.query("select set_config('statement_timeout', \("\(boardTimeout.inMilliseconds)ms"), true)")
    }
    var missing: [Preparation: SQLFile.Failure] = [:]
    let needed = Set(boards.flatMap(\.needs))
    for preparation in Preparation.allCases where needed.contains(preparation) {
      do {
        try session.attempt(preparation.file, binding: startOfEachWindow, limit: timeLeft)
      } catch let failure as SQLFile.Failure {
        missing[preparation] = failure
      }
    }
    // Nothing that a board's file says may write.
    try session.query("set transaction read only")
    var results: [BoardResult] = []
    for board in boards {
      for window in windows {
        var result = BoardResult(board: board.name, window: window)
        do { result.members = try members(of: board, window, missing, session) } catch let failure as SQLFile.Failure {
          result.failure = failure.description
        }
        results.append(result)
      }
    }
    return results
  }

  private func members(
    of board: Board, _ window: BoardWindow, _ missing: [Preparation: SQLFile.Failure], _ session: borrowing Session
  ) throws -> [Member] {
    // Boards of one's own need not read what is prepared; they say themselves what they miss.
    if board.file.isBuiltIn, let failure = board.needs.compactMap({ missing[$0] }).first { throw failure }
    let rows = try session.attempt(board.ranked, binding: values(for: board, window), limit: timeLeft)
    return try Self.members(in: rows, of: board)
  }

  private static func members(in rows: Rows, of board: Board) throws -> [Member] {
    var seen: Set<String> = []
    var members: [Member] = []
    for row in rows {
      guard let id = try row.optional("member", as: String.self) else {
        throw SQLFile.Failure("\(board.file.place): a member is null")
      }
      guard seen.insert(id).inserted else {
        throw SQLFile.Failure("\(board.file.place): the member «\(id.prefix(100))» stands in it twice")
      }
      guard let score = try row.optional("score", as: String.self), let number = Double(score), number.isFinite else {
        throw SQLFile.Failure("\(board.file.place): the score of «\(id.prefix(100))» is no number")
      }
      members.append(Member(id: id, score: score))
    }
    return members
  }

  // MARK: Statements

  private func values(for board: Board, _ window: BoardWindow) -> [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = [
      "window_start": window.start(before: moment), "window_end": moment, "limit": limit,
    ]
    // Where a built-in board finds its count among those of all windows.
    if board.file.isBuiltIn { values["window"] = (windows.firstIndex(of: window) ?? 0) + 1 }
    return values
  }

  private var startOfEachWindow: [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = ["window_end": moment]
    for index in 0..<TopStats.Settings.mostWindows {
      let start = windows.indices.contains(index) ? windows[index].start(before: moment) : nil
      values["start_\(index + 1)"] = .some(start)
    }
    return values
  }
}

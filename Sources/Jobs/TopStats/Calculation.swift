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
    try setUp(session)
    let missing = try prepare(Set(boards.flatMap(\.needs)), session)
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
    let rows = try session.attempt(board.ranked(), binding: values(for: board, window), limit: timeLeft)
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

  /// Has the server plan boards of one's own, and says what is wrong with them.
  func trial(_ session: borrowing Session) throws -> [SQLFile.Failure] {
    let own = boards.filter { !$0.file.isBuiltIn }
    guard let window = windows.first, !own.isEmpty else { return [] }
    try setUp(session)
    _ = try prepare(Set(Preparation.forAll), session)
    try session.query("set transaction read only")
    var failures: [SQLFile.Failure] = []
    for board in own {
      do {
        try session.attempt(board.ranked(isExplained: true), binding: values(for: board, window), limit: timeLeft)
      } catch let failure as SQLFile.Failure {
        failures.append(failure)
      }
    }
    return failures
  }

  // MARK: Steps

  private func setUp(_ session: borrowing Session) throws {
    // Compiling these queries takes longer than it saves.
    try session.query("select set_config('work_mem', \("\(workMemory)MB"), true), set_config('jit', 'off', true)")
    if let boardTimeout {
      try session.query("select set_config('statement_timeout', \("\(boardTimeout.inMilliseconds)ms"), true)")
    }
  }

  /// Makes what boards share, and tells what of it could not be made.
  private func prepare(
    _ needed: Set<Preparation>, _ session: borrowing Session
  ) throws -> [Preparation: SQLFile.Failure] {
    var missing: [Preparation: SQLFile.Failure] = [:]
    for preparation in Preparation.allCases where needed.contains(preparation) {
      do {
        try session.attempt(
          preparation.file(windows: windows.count), binding: startOfEachWindow, limit: timeLeft)
      } catch let failure as SQLFile.Failure {
        missing[preparation] = failure
      }
    }
    return missing
  }

  private func values(for board: Board, _ window: BoardWindow) -> [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = [
      "window_start": window.start(before: moment), "window_end": moment, "limit": limit,
    ]
    // Where a built-in board finds its count among those of all windows.
    if board.file.isBuiltIn { values["window"] = (windows.firstIndex(of: window) ?? 0) + 1 }
    return values
  }

  /// As text: the column that a moment is compared with says whether it has a time zone. One that has none holds UTC,
  /// and only a moment without a time zone, too, is compared with it in MySQL.
  private var startOfEachWindow: [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = ["window_end": moment.rfc3339]
    for (index, window) in windows.enumerated() { values["start_\(index + 1)"] = window.start(before: moment).rfc3339 }
    return values
  }
}

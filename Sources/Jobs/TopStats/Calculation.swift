import Feeds
import JobRuntime
import Postgres

/// The outcome of one board in one window: its members, or why there are none to publish.
struct BoardResult: Sendable {
  var board: String
  var window: PastWindow
  var ranking: Ranking?
  var failure: String?
}

/// Calculates all boards in one snapshot.
///
/// An error in one board fails that board alone; the others go on.
struct Calculation: Sendable {
  var boards: [Board]
  /// The widest first.
  var windows: [PastWindow]
  var moment: Timestamp
  var limit: Int
  var workMemory: Int
  var boardTimeout: Duration?
  var timeLeft: Duration

  func carryOut(_ session: borrowing Session) throws -> [BoardResult] {
    try setUp(session)
    let missing = try prepare(isFilled: true, session)
    // A board's file must not write.
    try session.query("set transaction read only")
    var results: [BoardResult] = []
    for board in boards {
      for window in windows {
        var result = BoardResult(board: board.name, window: window)
        do { result.ranking = try ranking(of: board, window, missing, session) } catch let failure as SQLFile.Failure {
          result.failure = failure.description
        }
        results.append(result)
      }
    }
    return results
  }

  private func ranking(
    of board: Board, _ window: PastWindow, _ missing: [Preparation: SQLFile.Failure], _ session: borrowing Session
  ) throws -> Ranking {
    // The user's own boards need not read what is prepared; they say themselves what they miss.
    if board.file.isBuiltIn, let failure = board.needs.compactMap({ missing[$0] }).first { throw failure }
    let score = try score(of: board, window, session)
    let rows = try session.attempt(
      board.counting((windows.firstIndex(of: window) ?? 0) + 1).ranked(by: score), binding: values(for: window),
      limit: timeLeft, leavesTraces: false)
    return try Ranking(rows, of: board, limit: limit)
  }

  private func score(of board: Board, _ window: PastWindow, _ session: borrowing Session) throws -> Score {
    guard !board.file.isBuiltIn else { return .whole }
    let values = values(for: window)
    try session.parse(board.file, binding: values)
    let columns = try session.describe(board.columns, binding: values)
    return Score(type: columns[1].type)
  }

  private func values(for window: PastWindow) -> [String: any PostgresEncodable] {
    ["window_start": window.start(before: moment), "window_end": moment, "limit": limit]
  }

  // MARK: Looking

  /// How long to look for a score in a board that is not a number.
  private static let look = Duration.seconds(5)

  /// Has the server plan the user's own boards where a run would carry them out, and says what is wrong with them.
  func trial(_ session: borrowing Session) throws -> [SQLFile.Failure] {
    let own = boards.filter { !$0.file.isBuiltIn }
    guard let window = windows.first, !own.isEmpty else { return [] }
    try setUp(session)
    _ = try prepare(isFilled: false, session)
    try session.query("set transaction read only")
    var failures: [SQLFile.Failure] = []
    for board in own {
      do { try look(at: board, window, session) } catch let failure as SQLFile.Failure { failures.append(failure) }
    }
    return failures
  }

  /// What the user's own boards may mean otherwise where foreign tables are read.
  func remarks(_ session: borrowing Session) throws -> [String] {
    guard let window = windows.first, boards.contains(where: { !$0.file.isBuiltIn }) else { return [] }
    _ = try prepare(isFilled: false, session)
    return try session.foreignMeanings(of: boards.map(\.file), binding: values(for: window))
  }

  private func look(at board: Board, _ window: PastWindow, _ session: borrowing Session) throws {
    let (score, values) = (try score(of: board, window, session), values(for: window))
    try session.attempt(board.ranked(by: score, isExplained: true), binding: values, limit: timeLeft)
    // Whether texts are numbers only the rows can show.
    guard case .text = score else { return }
    try session.setTimeout(min(boardTimeout ?? Self.look, Self.look))
    do {
      let refused = try session.attempt(
        board.refusedScore(score), binding: values, limit: timeLeft, leavesTraces: false)
      if let row = refused.first {
        throw Ranking.refused(try row.optional("exact"), of: try row.optional("member"), board)
      }
    } catch let failure as SQLFile.Failure where failure.state == .queryCanceled {}
  }

  // MARK: Steps

  private func setUp(_ session: borrowing Session) throws {
    try session.setUpRanking(workMemory: workMemory, timeout: boardTimeout)
  }

  /// Makes what boards share, and returns what of it could not be made.
  ///
  /// - Parameter isFilled: whether they have rows; where boards are only planned they are created empty.
  private func prepare(isFilled: Bool, _ session: borrowing Session) throws -> [Preparation: SQLFile.Failure] {
    let needed = Set(boards.flatMap(\.needs))
    var missing: [Preparation: SQLFile.Failure] = [:]
    for preparation in Preparation.allCases where needed.contains(preparation) {
      do {
        try session.attempt(
          preparation.file(windows: windows.count, isFilled: isFilled), binding: startOfEachWindow, limit: timeLeft)
      } catch let failure as SQLFile.Failure {
        missing[preparation] = failure
      }
    }
    guard boards.contains(where: { !$0.file.isBuiltIn }) else { return missing }
    for preparation in Preparation.forAll where missing[preparation] == nil {
      if let relation = preparation.shared { try session.makeAlias(of: relation) }
    }
    return missing
  }

  /// The start of each window as text, so that the type of the compared column decides whether it has a time zone.
  ///
  /// A column without one holds UTC, and MySQL compares it only with a moment that also has no time zone.
  private var startOfEachWindow: [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = ["window_end": moment.rfc3339]
    for (index, window) in windows.enumerated() { values["start_\(index + 1)"] = window.start(before: moment).rfc3339 }
    return values
  }
}

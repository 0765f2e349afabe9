import JobRuntime
import Postgres

/// A member of a board: an id, and a number as text.
struct Member: Sendable, Equatable {
  var id: String
  var score: String
}

/// The members of a board, as Redis reads them back.
struct Ranking: Sendable {
  private(set) var members: [Member] = []
  /// Where different scores are one number: Redis keeps no more than a double can distinguish.
  private(set) var merging: Merging?

  struct Merging: Sendable {
    /// Two scores, as the board has them.
    var scores: [String]
    /// The number that both become in Redis.
    var number: String
    /// How many members have the same number as the member before them, but another score.
    var members: Int
  }

  /// - Parameters:
  ///   - rows: the rows of `ranked.sql`, in its order: one more than will be published, if there are more.
  ///   - limit: how many will be published.
  /// - Throws: `SQLFile.Failure` for a member or a score that Redis cannot keep.
  init(_ rows: Rows, of board: Board, limit: Int) throws {
    var seen: Set<ExactName> = []
    var before: (number: String, exact: String)?
    for row in rows {
      guard let id = try row.optional("member", as: String.self) else {
        throw SQLFile.Failure("\(board.file.place): a member is null")
      }
      guard let number = try row.optional("score", as: String.self) else {
        throw Self.refused(try row.optional("exact"), of: id, board)
      }
      let exact: String = try row.value("exact")
      if let before, before.number == number, before.exact != exact {
        merging = merging ?? Merging(scores: [before.exact, exact], number: number, members: 0)
        merging?.members += 1
      }
      before = (number, exact)
      guard members.count < limit else { break }
      guard seen.insert(ExactName(id)).inserted else {
        throw SQLFile.Failure("\(board.file.place): the member «\(id.prefix(100))» stands in it twice")
      }
      members.append(Member(id: id, score: number))
    }
  }

  /// - Parameter score: the column's value; `nil` is null.
  static func refused(_ score: String?, of id: String?, _ board: Board) -> SQLFile.Failure {
    let value = score.map { "«\($0.prefix(60))»" } ?? "null"
    return SQLFile.Failure(
      "\(board.file.place): the score of «\((id ?? "null").prefix(100))» is no number: the column score holds \(value), "
        + "and Redis keeps finite numbers alone")
  }
}

import JobRuntime
import Postgres

/// A post whose moment cannot be calculated: its zone is misspelt, for example.
struct Unreadable: Sendable {
  var move: Move
  var id: String
  var error: PostgresError.ServerError

  func failure(_ settings: PublishScheduled.Settings) -> ItemFailure {
    ItemFailure(
      item: "\(move.table.text)/\(id)/\(move.dueColumn)", kind: .unreadable, message: error.inShort,
      payload: settings.letter(of: id, in: move.table))
  }
}

extension Move {
  /// Whether the moment is calculated, so that it may fail on one post.
  var mayFailOnAPost: Bool { isOwnExpression || zone != nil }

  /// All posts that wait for a moment, whichever.
  func waiting(_ session: borrowing Session) throws -> [String] {
    let all = try SQLFragment(
      sql: "select post.{id}::text as id from {table} as post where post.{status} = :from order by post.{id}"
    ).filling(holes("id", "table", "status")).binding(["from": from]).statement()
    return try session.query(all).map { try $0.value("id") }
  }

  /// Finds posts whose moment cannot be calculated, by halves.
  func unreadable(among ids: ArraySlice<String>, _ session: borrowing Session) throws -> [Unreadable] {
    guard let only = ids.first else { return [] }
    let calculating = try SQLFragment(
      sql: "select count({due}) as moments from {table} as post where post.{id} = any (:ids)"
    ).filling(holes("id", "table", "due")).binding(zoneInput).binding(["ids": Array(ids)]).statement()
    do {
      try session.pipeline(["savepoint moments", calculating, "release savepoint moments"])
      return []
    } catch PostgresError.server(let error) where error.concern == .post {
      try session.pipeline(["rollback to savepoint moments", "release savepoint moments"])
      guard ids.count > 1 else { return [Unreadable(move: self, id: only, error: error)] }
      let middle = ids.startIndex + ids.count / 2
      return try unreadable(among: ids[..<middle], session) + unreadable(among: ids[middle...], session)
    }
  }
}

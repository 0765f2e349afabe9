public import Postgres

/// A foreign server was lost while its tables were read, so the rows that were read may be incomplete.
package struct ForeignServerLost: Error, CustomStringConvertible {
  package let description: String

  init(_ server: String, _ reason: PostgresError.ServerError) {
    let message = reason.message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    description =
      "the connection to \(server) was lost while its tables were read: \(message) (SQLSTATE \(reason.state.rawValue))"
  }
}

extension Session {
  /// Sends statements in one pipeline for what a user's SQL reads.
  ///
  /// Needs a transaction.
  ///
  /// Rows of foreign tables are trusted only after the connections that read them have answered again (`ForeignWatch`):
  /// mysql_fdw takes the loss of its connection in the middle of a table for the table's end, without an error.
  ///
  /// - Parameters:
  ///   - file: the user's file that they read. It may set nothing (`set_config`) that the next would be read with.
  ///   - first, last: what is sent before and after them.
  /// - Throws: `ForeignServerLost`: the whole transaction has to be repeated. `SQLFile.Failure` for a file that sets
  ///   something: the transaction has to be rolled back.
  public func read(
    _ statements: [Statement], of file: SQLFile? = nil, after first: [Statement] = [], before last: [Statement] = []
  ) throws -> [Rows] {
    let own = file.flatMap { $0.isBuiltIn ? nil : $0 }
    let settings = own == nil ? [] : [Self.settings]
    let before = try pipeline(first + settings + [Self.foreignTables])
    let answers =
      try before[before.count - 1].only().value("has_foreign_tables")
      ? readWatched(statements + settings) + pipeline(last) : pipeline(statements + settings + last)
    if let own {
      let was = try before[first.count].map { try $0.value("setting", as: String.self) }
      let names = try answers[statements.count].map { try $0.value("setting", as: String.self) }
        .reduce(into: Set(was)) { $0.formSymmetricDifference([$1]) }
      guard names.isEmpty else {
        let changed = Set(names.map { $0.prefix { $0 != "=" } }).sorted().joined(separator: ", ")
        throw SQLFile.Failure("\(own.place): it sets \(changed); a file can only read")
      }
    }
    return Array(answers.prefix(statements.count))
  }

  private static let foreignTables: Statement =
    "select exists (select from pg_foreign_table) as has_foreign_tables"

  /// The session's settings, as text; except for synchronous_commit, which changes nothing that is read and which a job
  /// sets itself.
  private static let settings: Statement = """
    select name || '=' || setting as setting from pg_settings
    where source = 'session' and name <> 'synchronous_commit' order by name
    """

  /// Reads between two checks of each foreign server; twice where a function turns out to read one only afterwards.
  private func readWatched(_ statements: [Statement]) throws -> [Rows] {
    var watch = ForeignWatch(limit: statements.compactMap(\.timeLimit).max())
    // A parsed statement has locked the relations that it will read.
    for statement in statements { _ = try describe(statement) }
    try watch.begin(query(ForeignWatch.connections), on: self)
    while true {
      try query("savepoint oneshot_reading")
      let answers = try send(statements + [ForeignWatch.connections])
      if try watch.hasTried(answers[statements.count]) {
        try watch.end(answers[statements.count], on: self)
        try query("release savepoint oneshot_reading")
        return Array(answers.dropLast())
      }
      try query("rollback to savepoint oneshot_reading")
      try watch.begin(answers[statements.count], on: self)
    }
  }

  /// A statement of several tables fails by itself where a later one is read on the connection that was lost.
  private func send(_ statements: [Statement]) throws -> [Rows] {
    do { return try pipeline(statements) } catch {
      guard case .server(let reason) = error, reason.saysThatForeignServerIsLost else { throw error }
      throw ForeignServerLost("a foreign server", reason)
    }
  }
}

extension PostgresError.ServerError {
  /// Whether mysql_fdw reports that its connection is gone, in the words of MySQL's and MariaDB's client and server.
  fileprivate var saysThatForeignServerIsLost: Bool {
    let words = [
      "has gone away", "Lost connection", "Connection was killed", "disconnected by the server", "shutdown in progress",
    ]
    return state.isOfForeignServer && words.contains(where: message.contains)
  }
}

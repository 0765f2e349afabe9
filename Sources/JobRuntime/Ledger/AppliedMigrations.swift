package import Postgres

/// How far each line of a database's migrations has come, as `oneshot.migrations` says.
struct AppliedMigrations: Sendable, Equatable {
  /// The highest number of each line; none for a line that was never applied.
  var newest: [String: Int] = [:]
  /// Whether the table is from the time before lines.
  var isNumberedAsOne = false

  init(newest: [String: Int] = [:], isNumberedAsOne: Bool = false) {
    (self.newest, self.isNumberedAsOne) = (newest, isNumberedAsOne)
  }

  /// - Parameter text: a line and its highest number, separated by commas: "core 1,search 0".
  init(listed text: String) {
    for part in text.split(separator: ",") {
      let words = part.split(separator: " ")
      if words.count == 2, let number = Int(words[1]), number > 0 { newest[String(words[0])] = number }
    }
  }

  /// Reads it from the database; without the project's tables nothing is applied.
  ///
  /// Inside a transaction only when the table is known to exist: an error ends the transaction.
  init(_ session: borrowing Session) throws(PostgresError) {
    do {
      let rows = try session.query("select line, max(number) as number from oneshot.migrations group by line")
      for row in rows { newest[try row.value("line")] = try row.value("number", as: Int.self) }
    } catch {
      isNumberedAsOne = error.state == .undefinedColumn
      guard isNumberedAsOne || Schema.isMissing(error) else { throw error }
    }
  }

  /// The failure for a database that has less than the binary needs; `nil` when nothing is missing.
  func failure(needing needs: [MigrationNeed]) -> JobFailure? {
    let missing = needs.filter { newest[$0.line, default: 0] < $0.number }
    guard !missing.isEmpty else { return nil }
    let wanted = needs.map { "\($0.line) \($0.number)" }.joined(separator: ", ")
    let message =
      if isNumberedAsOne {
        "the migrations of this database use the old numbering; this binary needs \(wanted)"
      } else if newest["core"] == nil {
        "the database has not been migrated; this binary needs \(wanted)"
      } else {
        missing.map { need in
          let found = newest[need.line].map { "is at \($0)" } ?? "is not there"
          return "the line \(need.line) of this database \(found); this binary needs \(need.number)"
        }.joined(separator: "; ")
      }
    return JobFailure(
      .misconfigured, message,
      hint: "Run `oneshot migrate` of this version or a newer one, with the owner's DATABASE_URL.")
  }

  var json: JSON {
    JSON(members: newest.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) })
  }
}

extension JobFailure {
  /// The failure for a database whose migrations end before what this version's ledger needs; `nil` where they do not,
  /// and where that cannot be found out.
  package init?(oldMigrationsOf database: Database) async {
    guard
      let found = try? await database.withSession({ session in try AppliedMigrations(session) }),
      let failure = found.failure(needing: MigrationNeed.all(of: []))
    else { return nil }
    self = failure
  }
}

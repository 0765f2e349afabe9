import JobRuntime
import Postgres

/// Further queries that suggest people: files with `(user_id, candidate_id, score, via)` for `:users`.
struct Sources: Sendable {
  let files: [SQLFile]
  let moment: Timestamp
  /// The type of users' ids.
  let idType: SQLFragment

  /// What they suggest to a batch, as columns.
  struct Rows: Sendable {
    var users: [String] = []
    var people: [String] = []
    var scores: [Int64] = []
    var reasons: [String] = []
    var via: [String] = []
    /// Why files have failed, by their names.
    var failures: [String: String] = [:]
  }

  /// A file yields so many rows for each user at most.
  private static let rowsOfUser = 1000
  private static let mostScore = 1e12

  /// Runs each so that its failure is its own; whatever one writes is undone.
  func read(_ users: [String], _ session: borrowing Session, limit: Duration) throws -> Rows {
    var all = Rows()
    let values: [String: any PostgresEncodable] = ["users": users, "moment": moment]
    let frame = SQLFragment("source.sql", PackageResources.source_sql).filling(["id": idType])
      .binding(["rows": Self.rowsOfUser * users.count + 1])
    for file in files {
      try session.pipeline(["savepoint source", "set local transaction_read_only = on"])
      do {
        try session.parse(file, binding: values)
        let rows = try session.attempt(
          file.wrapped(in: frame), binding: values, limit: limit, leavesTraces: false)
        try Self.add(rows, of: file, for: users, to: &all)
      } catch let failure as SQLFile.Failure {
        all.failures[file.name] = failure.description
      }
      try session.pipeline(["rollback to savepoint source", "release savepoint source"])
    }
    return all
  }

  private static func add(
    _ rows: Postgres.Rows, of file: SQLFile, for users: [String], to all: inout Rows
  ) throws {
    let known = Set(users.map(ExactName.init))
    guard rows.count <= rowsOfUser * users.count else {
      throw SQLFile.Failure("\(file.place) yields more than \(rowsOfUser) rows for each of :users")
    }
    var own = all
    for row in rows {
      guard let user: String = try row.optional("user_id"), let person: String = try row.optional("candidate_id"),
        let score: Double = try row.optional("score")
      else { throw SQLFile.Failure("\(file.place) yields a null as user_id, candidate_id or score") }
      guard known.contains(ExactName(user)) else {
        throw SQLFile.Failure("\(file.place) yields a row for user \(user), who is not one of :users")
      }
      guard (0...mostScore).contains(score) else {
        throw SQLFile.Failure("\(file.place) yields the score \(score); it is a number from 0 to 1e12")
      }
      own.users.append(user)
      own.people.append(person)
      own.scores.append(Int64(score.rounded(.toNearestOrEven)))
      own.reasons.append(file.name)
      own.via.append(try row.optional("via") ?? "[]")
    }
    all = own
  }
}

import JobRuntime
import Postgres

/// The operator's checks, of a page of entries.
struct OwnChecks: Sendable {
  let files: [SQLFile]
  let timeout: Duration
  let moment: Timestamp

  /// What they have found, as `oneshot.fraud_check` reads it, and which of them failed.
  struct Outcome: Sendable {
    var found: JSON = ["checks": [], "signals": []]
    var failures: [Failed] = []
    /// The files that went well.
    var good: [SQLFile] = []
  }

  struct Failed: Sendable {
    var name: String
    var message: String
  }

  /// Carries them out, each so that its failure is its own; whatever one writes is undone.
  func carryOut(on entries: [Int64], _ session: borrowing Session) throws -> Outcome {
    var outcome = Outcome()
    var signals: [JSON] = []
    let values: [String: any PostgresEncodable] = ["entries": entries, "moment": moment]
    for file in files {
      try session.pipeline([
        "savepoint own_check", "set local transaction_read_only = on",
        "select set_config('statement_timeout', \("\(timeout.inMilliseconds)ms"), true)",
      ])
      do {
        try session.parse(file, binding: values)
        let rows = try session.attempt(
          file.wrapped(in: Self.frame), binding: values, limit: timeout + Self.grace, leavesTraces: false)
        signals += try rows.map { try Self.signal(file, $0) }
        outcome.good.append(file)
      } catch let failure as SQLFile.Failure {
        outcome.failures.append(Failed(name: file.name, message: failure.description))
      }
      try session.pipeline(["rollback to savepoint own_check", "release savepoint own_check"])
    }
    outcome.found = JSON(members: [
      ("checks", .array(outcome.good.map { .string($0.name) })), ("signals", .array(signals)),
    ])
    return outcome
  }

  private static func signal(_ file: SQLFile, _ row: Row) throws -> JSON {
    let points: Int = try row.value("points")
    guard (1...100).contains(points) else {
      throw SQLFile.Failure("\(file.place) yields \(points) points; they are whole numbers from 0 to 100")
    }
    return JSON(members: [
      ("entry_id", .integer(try row.value("entry_id"))), ("check_name", .string(file.name)),
      ("points", .integer(Int64(points))), ("evidence", .verbatim(try row.value("evidence"))),
    ])
  }

  /// How much later than the server's own time limit an answer may come.
  private static let grace = Duration.seconds(15)

  static let frame = SQLFragment("own_check.sql", PackageResources.own_check_sql)
}

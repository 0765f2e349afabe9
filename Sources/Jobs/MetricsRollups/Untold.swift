import JobRuntime
import Postgres

/// A table of a source whose changes are not reported to the job, or not all of them.
struct Untold: Sendable {
  let source: String
  /// What is wrong, and with which table.
  let problem: String
  /// The statement that makes it right.
  let remedy: String

  /// Looks for them among the tables of some sources.
  static func find(for sources: [Source], _ session: borrowing Session) throws -> [Untold] {
    try session.query(statement(for: sources)).map { row in
      Untold(source: try row.value("source"), problem: try row.value("problem"), remedy: try row.value("remedy"))
    }
  }

  static func statement(for sources: [Source]) throws -> Statement {
    try SQLFragment("untold.sql", PackageResources.untold_sql, ["sources": sources.map(\.name)])
      .filling(["trigger_problem": .triggerProblem, "table_problem": .tableProblem]).statement()
  }

  var failure: JobFailure {
    JobFailure(.misconfigured, message, hint: "Its owner runs: \(remedy). Then rebuild what was changed meanwhile.")
  }

  var letter: ItemFailure {
    ItemFailure(
      item: Self.item(of: source), kind: .untold, message: "\(message). Its owner runs: \(remedy)",
      payload: ["source": .string(source)])
  }

  /// Names a source's letter; a source has one, whatever is wrong with its tables.
  static func item(of source: String) -> String { "\(source) untold" }

  private var message: String { "changes of \(source) are not all noticed: \(problem)" }
}

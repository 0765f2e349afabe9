import JobRuntime
import Postgres

/// A table of a source whose triggers do not report all changes to the job.
struct TrackingProblem: Sendable {
  let source: String
  /// The table, and what is wrong with it.
  let problem: String
  /// The statement that fixes it.
  let remedy: String

  /// Finds such tables of some sources.
  static func find(for sources: [Source], _ session: borrowing Session) throws -> [TrackingProblem] {
    try session.query(statement(for: sources)).map { row in
      TrackingProblem(
        source: try row.value("source"), problem: try row.value("problem"), remedy: try row.value("remedy"))
    }
  }

  static func statement(for sources: [Source]) throws -> Statement {
    try SQLFragment("tracking_problems.sql", PackageResources.tracking_problems_sql, ["sources": sources.map(\.name)])
      .filling(["trigger_problem": .triggerProblem, "table_problem": .tableProblem]).statement()
  }

  var failure: JobFailure {
    JobFailure(.misconfigured, message, hint: "Its owner runs: \(remedy). Then rebuild what was changed meanwhile.")
  }

  var letter: ItemFailure {
    ItemFailure(
      item: Self.item(of: source), kind: .trackingProblem, message: "\(message). Its owner runs: \(remedy)",
      payload: ["source": .string(source)])
  }

  /// Names a source's letter; a source has one letter for all of its tables.
  static func item(of source: String) -> String { "\(source) untold" }

  private var message: String { "changes of \(source) are not all noticed: \(problem)" }
}

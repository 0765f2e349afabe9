import JobRuntime
import Postgres

/// Makes typed rows of texts, and dead letters of those that are none.
struct BadRows {
  /// The column that numbers the rows of a stream.
  static let number = "oneshot_row"
  static let table = StagingTable(
    Stage.refused,
    [
      .init("row", "bigint"), .init("place", "text"), .init("state", "text"), .init("message", "text"),
      .init("digest", "text"), .init("texts", "text"),
    ])
  /// More than so many are no bad rows but a wrong column.
  private static let most = 1000

  private let settings: StageTable.Settings
  private let target: Target

  init(_ settings: StageTable.Settings, _ target: Target) { (self.settings, self.target) = (settings, target) }

  /// Fills the staged table, row by row.
  func cast(_ report: inout StageTable.Report, _ tx: borrowing Transaction, _ run: JobRun) throws {
    try tx.query(
      Statement(file: "cast.sql", PackageResources.cast_sql).limited(to: run.timeLeft))
    if !run.isDryRun { try tx.query("analyze pg_temp.oneshot_staged") }
    let refused = try tx.query(
      """
      select row, place, state, message, digest, texts from pg_temp.oneshot_refused order by row limit \(Self.most + 1)
      """)
    guard refused.count <= Self.most else {
      throw JobFailure(
        .misconfigured, "\(settings.table.text) refuses more than \(Self.most) rows of the stream",
        hint:
          "That suggests a wrong column rather than bad rows; unset STAGE_BAD_ROWS to see the first error. Nothing was written."
      )
    }
    report.failed = refused.count
    report.rows -= refused.count
    let failures = try refused.map(failure)
    if settings.mode == .replace, !run.isDryRun {
      try tx.resolve(
        where: SQLFragment(
          sql: "letter.payload ->> 'table' = :staged_table and not letter.item = any(:refused::text[])",
          ["staged_table": settings.table.text, "refused": failures.map(\.item)]))
    }
    try tx.reject(failures)
  }

  private func failure(_ row: Row) throws -> ItemFailure {
    let (number, place) = (try row.value("row", as: Int.self), try row.value("place", as: String.self))
    let state = SQLState(rawValue: try row.value("state"))
    let type = target.columns.first { $0.name == place }?.type
    let message = Refused.what(state, try row.value("message"), type, nil)
    return ItemFailure(
      item: "\(settings.table.text)/\(try row.value("digest", as: String.self))", kind: .badRow,
      message: "row \(number), column \(place): \(message) (SQLSTATE \(state.rawValue))",
      payload: [
        "table": .string(settings.table.text), "row": .integer(Int64(number)), "column": .string(place),
        "texts": .string(try row.value("texts")),
      ])
  }
}

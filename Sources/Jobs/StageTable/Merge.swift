import JobRuntime
import Postgres

/// How what is staged gets into the table, in the mode of the settings.
///
/// Statements are put together here and can be looked at without a server. A row is compared as it is stored
/// (`*<>`, manual 9.24.6), so that every type can be, and a row that is equal is not written.
struct Merge: Sendable {
  let target: Target
  private let settings: StageTable.Settings
  private let window: Window?

  init(_ target: Target, _ settings: StageTable.Settings, _ window: Window?) {
    (self.target, self.settings, self.window) = (target, settings, window)
  }

  // MARK: Before it

  /// Refuses a stream that is too small, or has rows outside of the window.
  func check(_ report: StageTable.Report, _ tx: borrowing Transaction, _ run: JobRun) throws {
    if window != nil {
      let outside = try count(outside(), tx, run)
      guard outside == 0 else {
        throw JobFailure(
          .misconfigured, "\(outside) rows of the stream are outside of the window that the run is for",
          hint: "Have the producer send this window, or correct STAGE_WINDOW. Nothing was written.")
      }
    }
    guard report.rows >= settings.leastRows else {
      throw tooFew(report.rows, "STAGE_MIN_ROWS is \(settings.leastRows)")
    }
  }

  private func tooFew(_ rows: Int, _ bound: String) -> JobFailure {
    JobFailure(
      .unavailable, "the stream has \(rows) rows for \(settings.table.text), and \(bound): nothing was written",
      hint: "Check the producer. If so few are right, lower STAGE_MIN_ROWS or STAGE_SHRINK for this run.")
  }

  // MARK: The modes

  /// Writes; in a plan it only counts.
  func write(_ report: inout StageTable.Report, _ tx: borrowing Transaction, _ run: JobRun) throws {
    switch settings.mode {
    case .merge:
      if !target.others.isEmpty { report.updated = try written(update, tx, run) }
      report.inserted = try written(insert, tx, run)
      if report.inserted < report.rows { try checkIsSingle(tx, run) }
    case .append: report.inserted = try written(insert, tx, run)
    case .replace, .window:
      if !run.isDryRun { try tx.query(lock().statement().limited(to: run.timeLeft)) }
      let existing = try count(existing(), tx, run)
      guard Double(report.rows) >= settings.shrink * Double(existing) else {
        throw tooFew(report.rows, "it would replace \(existing), of which STAGE_SHRINK takes no less than a share")
      }
      if target.key.isEmpty {
        try rewrite(&report, existing, tx, run)
      } else {
        report.deleted = try written(surplus, tx, run)
        if !target.others.isEmpty { report.updated = try written(update, tx, run) }
        report.inserted = try written(insert, tx, run)
        // Where a key comes twice the sum is another one.
        if existing - report.deleted + report.inserted != report.rows { try checkIsSingle(tx, run) }
      }
    }
    report.unchanged = report.rows - report.inserted - report.updated
    // Here, where the words of a violation are ours.
    let constraints: Statement = "set constraints all immediate"
    try tx.query(constraints.limited(to: run.timeLeft))
  }

  /// Without a key: the very same rows stay, and others replace all.
  private func rewrite(
    _ report: inout StageTable.Report, _ existing: Int, _ tx: borrowing Transaction, _ run: JobRun
  ) throws {
    let isSame = try report.rows == existing && count(unlike(), tx, run) == 0
    guard !isSame else { return }
    (report.deleted, report.inserted) = (existing, report.rows)
    guard !run.isDryRun else { return }
    report.deleted = try count(clear(), tx, run)
    guard report.deleted >= existing || !target.hasRowTriggers else { throw keptOut(existing - report.deleted) }
    report.inserted = try count(fill(), tx, run)
    guard report.inserted == report.rows else { throw keptOut(report.rows - report.inserted) }
  }

  /// Executes a statement; a dry run only counts its rows.
  ///
  /// A trigger that can skip rows must not do so unnoticed.
  private func written(
    _ statement: (_ isPlan: Bool) -> SQLFragment, _ tx: borrowing Transaction, _ run: JobRun
  ) throws -> Int {
    let planned = run.isDryRun || target.hasRowTriggers ? try count(statement(true), tx, run) : 0
    guard !run.isDryRun else { return planned }
    let written = try count(statement(false), tx, run)
    guard written >= planned else { throw keptOut(planned - written) }
    return written
  }

  private func checkIsSingle(_ tx: borrowing Transaction, _ run: JobRun) throws {
    let twice = try count(twice(), tx, run)
    guard twice == 0 else {
      throw JobFailure(
        .misconfigured,
        "\(twice) keys (\(target.key.joined(separator: ", "))) occur more than once in the stream for \(settings.table.text)",
        hint: "Have the producer send each once: it is unknown which of its rows is meant. Nothing was written.")
    }
  }

  private func keptOut(_ rows: Int) -> JobFailure {
    JobFailure(
      .misconfigured, "a trigger on \(settings.table.text) skips \(rows) of the rows",
      hint: "Have the producer leave them out, or change the trigger. Nothing was written.")
  }

  /// - Returns: the rows that the statement wrote, or the number that it yields.
  private func count(_ fragment: SQLFragment, _ tx: borrowing Transaction, _ run: JobRun) throws -> Int {
    let rows = try tx.query(fragment.statement().limited(to: run.timeLeft))
    return rows.columns.isEmpty ? rows.affected : try rows.only().value("rows")
  }

  // MARK: Statements

  private static let count = SQLFragment(sql: "select count(*) as rows")

  /// Keeps other writers out until the COMMIT; readers go on.
  ///
  /// A statement does not see rows that others have written and not yet committed: they would stay beside those of the
  /// stream, and of two such loads at once both would.
  func lock() -> SQLFragment {
    SQLFragment(sql: "lock table {table} in share row exclusive mode").filling(holes("table"))
  }

  func existing() -> SQLFragment {
    SQLFragment(sql: "select count(*) as rows from {table} as t where {scope}").filling(holes("table", "scope"))
  }

  func outside() -> SQLFragment {
    SQLFragment(sql: "select count(*) as rows from pg_temp.oneshot_staged as t where ({scope}) is not true")
      .filling(holes("scope"))
  }

  func surplus(isPlan: Bool) -> SQLFragment {
    SQLFragment("surplus.sql", PackageResources.surplus_sql).filling(holes("table", "scope", "same_key"))
      .filling(["verb": isPlan ? Self.count : SQLFragment(sql: "delete")])
  }

  func update(isPlan: Bool) -> SQLFragment {
    let head = SQLFragment(
      sql: isPlan
        ? "select count(*) as rows from {table} as t, pg_temp.oneshot_staged as s"
        : "update {table} as t set {assignments} from pg_temp.oneshot_staged as s"
    ).filling(isPlan ? holes("table") : holes("table", "assignments"))
    return SQLFragment("changed.sql", PackageResources.changed_sql)
      .filling(holes("same_key", "old", "new")).filling(["head": head])
  }

  func insert(isPlan: Bool) -> SQLFragment {
    let new = SQLFragment("new.sql", PackageResources.new_sql).filling(holes("table", "same_key"))
    guard !isPlan else { return new.filling(["head": Self.count, "tail": .empty]) }
    return new.filling([
      "head": SQLFragment(sql: "insert into {table} ({columns}) overriding system value\nselect {staged}")
        .filling(holes("table", "columns", "staged")),
      "tail": SQLFragment(sql: "\norder by {key_order}\non conflict ({key}) do {resolution}")
        .filling(holes("key_order", "key", "resolution")),
    ])
  }

  func twice() -> SQLFragment { SQLFragment("twice.sql", PackageResources.twice_sql).filling(holes("key")) }

  func unlike() -> SQLFragment {
    SQLFragment("unlike.sql", PackageResources.unlike_sql).filling(holes("table", "scope", "of_table", "staged"))
  }

  func clear() -> SQLFragment {
    SQLFragment(sql: "delete from {table} as t where {scope}").filling(holes("table", "scope"))
  }

  func fill() -> SQLFragment {
    SQLFragment(
      sql:
        "insert into {table} ({columns}) overriding system value\nselect {staged} from pg_temp.oneshot_staged as s"
    ).filling(holes("table", "columns", "staged"))
  }

  /// What fills holes of these names.
  private func holes(_ names: String...) -> [String: SQLFragment] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, filling($0)) })
  }

  private func filling(_ hole: String) -> SQLFragment {
    let others = target.others.map(\.name)
    return switch hole {
    case "table": settings.table.fragment
    case "columns": Self.list(target.names, "{name}")
    case "staged": Self.list(target.names, "s.{name}")
    case "of_table": Self.list(target.names, "t.{name}")
    case "key": Self.list(target.key, "{name}")
    case "key_order": Self.list(target.key, "s.{name}")
    case "same_key": Self.list(target.key, "t.{name} = s.{name}", by: " and ")
    case "old": Self.list(others, "t.{name}")
    case "new": Self.list(others, "s.{name}")
    case "assignments": Self.list(others, "{name} = s.{name}")
    case "resolution":
      settings.mode == .append || others.isEmpty
        ? SQLFragment(sql: "nothing")
        : SQLFragment(sql: "update set {excluded}")
          .filling(["excluded": Self.list(others, "{name} = excluded.{name}")])
    default: scope
    }
  }

  /// Which of the table's rows are replaced.
  private var scope: SQLFragment {
    guard let window, let column = settings.windowColumn else { return SQLFragment(sql: "true") }
    return SQLFragment(
      sql: "t.{column} >= :start::timestamptz and t.{column} < :end::timestamptz",
      ["start": window.start, "end": window.end]
    ).filling(["column": .identifier(column)])
  }

  private static func list(_ names: [String], _ form: String, by separator: String = ", ") -> SQLFragment {
    .joined(names.map { SQLFragment(sql: form).filling(["name": .identifier($0)]) }, by: separator)
  }
}

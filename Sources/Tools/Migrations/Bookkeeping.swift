import JobRuntime
import Postgres

/// What `oneshot.migrations` says has been applied to a database.
enum Bookkeeping {
  /// The name of each step that was applied; none in a database that was never migrated.
  case lines([MigrationNeed: String])
  /// The table is one of the days before lines.
  case numbers

  /// Asks the database.
  ///
  /// - Throws: `JobFailure` of kind `denied` where the role may not even look.
  init(_ session: borrowing Session) throws {
    let question: Statement = """
      select current_user as role, c.oid is not null as is_there,
        coalesce(has_schema_privilege(n.oid, 'usage'), true) and coalesce(has_table_privilege(c.oid, 'select'), true)
          as is_readable,
        exists (select from pg_attribute where attrelid = c.oid and attname = 'version' and not attisdropped) as is_old
      from (select) as one
      left join pg_namespace n on nspname = 'oneshot'
      left join pg_class c on relnamespace = n.oid and relname = 'migrations'
      """
    let found = try session.query(question).only()
    guard try found.value("is_readable") else {
      let role: String = try found.value("role")
      throw JobFailure(
        .denied, "the role \(role) may not read oneshot.migrations",
        hint:
          "Grant it: grant usage on schema oneshot to \(role); grant select on oneshot.migrations to \(role). Nothing was changed."
      )
    }
    guard try found.value("is_there") else {
      self = .lines([:])
      return
    }
    if try found.value("is_old") {
      self = .numbers
      return
    }
    var applied: [MigrationNeed: String] = [:]
    for row in try session.query("select line, number, name from oneshot.migrations") {
      applied[MigrationNeed(try row.value("line"), try row.value("number"))] = try row.value("name", as: String.self)
    }
    self = .lines(applied)
  }

  func plan(of migrations: [Migration]) throws -> Plan {
    switch self {
    case .numbers:
      let converted = Set(Conversion.result.map { "\($0.step)" })
      return Plan(converts: true, steps: migrations.filter { !converted.contains("\($0)") })
    case .lines: return Plan(steps: try migrations.filter { try !isApplied($0) })
    }
  }

  func isApplied(_ step: Migration) throws -> Bool {
    guard case .lines(let applied) = self, let name = applied[MigrationNeed(step.line, step.number)] else {
      return false
    }
    guard name == step.name else {
      throw JobFailure(
        .misconfigured,
        "migration \(step.line) \(step.number) of this database is «\(name)», this binary's is «\(step.name)»",
        hint: "The schema «oneshot» belongs to something else; use another database.")
    }
    return true
  }

  /// The steps that are applied and that this version does not have, by line and number: "core 7 pauses".
  func later(than migrations: [Migration]) -> [String] {
    guard case .lines(let applied) = self else { return [] }
    let known = Set(migrations.map { MigrationNeed($0.line, $0.number) })
    return applied.filter { !known.contains($0.key) }
      .sorted { ($0.key.line, $0.key.number) < ($1.key.line, $1.key.number) }
      .map { "\($0.key.line) \($0.key.number) \($0.value)" }
  }

  // MARK: Writing

  /// What makes the schema and the table where they are missing; empty where both are there.
  static func preparation(_ session: borrowing Session) throws -> String {
    // `if not exists` wants the right to create it even where it exists.
    let question: Statement = """
      select to_regnamespace('oneshot') is not null as has_schema,
        to_regclass('oneshot.migrations') is not null as has_table
      """
    let found = try session.query(question).only()
    return try (found.value("has_schema") ? "" : "create schema oneshot;\n") + (found.value("has_table") ? "" : table)
  }

  private static let table = """
    create table oneshot.migrations (
      line text not null,
      number integer not null,
      name text not null,
      applied_at timestamptz not null default now(),
      primary key (line, number)
    );
    comment on table oneshot.migrations is 'What `oneshot migrate` has applied: each line is counted by itself.';

    """
}

extension Migration {
  /// The values of its row in `oneshot.migrations`, as SQL.
  var row: String { "'\(line)', \(number), '\(name)'" }

  /// The statement that says that it was applied.
  var record: String { "insert into oneshot.migrations (line, number, name) values (\(row));\n" }
}

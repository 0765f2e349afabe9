import Postgres

/// What a job needs of one table: looked at by `--check`.
public struct TableNeed: Sendable, Equatable {
  public var table: String
  public var columns: [String]
  public var privileges: [Privilege]

  public enum Privilege: String, Sendable {
    case select, insert, update, delete
  }

  /// - Parameter table: as it stands in the job's SQL: resolved by `search_path`, or with its schema.
  public init(_ table: String, columns: [String], privileges: [Privilege]) {
    self.table = table
    self.columns = columns
    self.privileges = privileges
  }
}

/// The database's schema as `oneshot migrate` made it.
enum Schema {
  /// The oldest Postgres that is supported, as libpq numbers versions.
  static let oldestServer = 140_000

  static func failure(serverVersion: Int) -> JobFailure {
    JobFailure(
      .misconfigured, "Postgres is of version \(serverVersion / 10_000), older than what is supported",
      hint: "Postgres \(oldestServer / 10_000) or newer is needed.")
  }

  static let runtimeTables = [
    TableNeed("oneshot.migrations", columns: ["line", "number"], privileges: [.select]),
    TableNeed(
      "oneshot.fences", columns: ["instance", "job", "server", "shard", "token"],
      privileges: [.select, .insert, .update]),
    TableNeed(
      "oneshot.job_runs",
      columns: [
        "run_id", "instance", "job", "server", "variant", "shard", "scheduled_at", "status", "fence", "counts",
        "deadline_at", "items_processed", "behind",
      ],
      privileges: [.select, .insert, .update, .delete]),
    TableNeed(
      "oneshot.dead_letters",
      columns: [
        "instance", "job", "server", "variant", "item_digest", "item", "payload", "state", "replay_asked_at",
        "replay_asked_by", "replay_run_id",
      ],
      privileges: [.select, .insert, .update]),
    TableNeed(
      "oneshot.letter_kinds", columns: ["job", "kind", "cause", "remedy", "last_declared_at"],
      privileges: [.select, .insert, .update]),
    TableNeed(
      "oneshot.job_totals",
      columns: RunTotals.columns + [
        "instance", "job", "server", "variant", "shard", "dead_letters", "consecutive_failures", "last_succeeded_at",
      ],
      privileges: [.select, .insert, .update]),
  ]

  /// Whether an error says that our tables are not there at all. When only some are missing, the error that
  /// names the table says more.
  static func isMissing(_ error: PostgresError) -> Bool {
    guard case .server(let error) = error else { return false }
    return error.state == .invalidSchemaName
      || (error.state == .undefinedTable && error.message.contains("oneshot.migrations"))
  }

  /// Whether transactions of this role on this server are refused every write.
  static let isReadOnly: Statement =
    "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as is_read_only"

  static let readOnlyFailure = JobFailure(
    .misconfigured, "Postgres takes no writes here: it is a standby, or default_transaction_read_only is on",
    hint: "DATABASE_URL leads to a read-only server; add target_session_attrs=read-write.")

  /// What to do about a row of `missing`.
  static func failure(missing complaint: String, isPrivilege: Bool) -> JobFailure {
    isPrivilege
      ? JobFailure(
        .denied, complaint, hint: "Grant it to the job's role; docs/jobs has a page for each, with what it needs.")
      : JobFailure(.misconfigured, complaint, hint: "Run `oneshot migrate` with the owner's DATABASE_URL.")
  }

  /// One row for everything that is missing: table, column or privilege.
  static func missing(_ needs: [TableNeed]) -> Statement {
    let columns = needs.flatMap { need in need.columns.map { (need.table, $0) } }
    let privileges = needs.flatMap { need in need.privileges.map { (need.table, $0.rawValue) } }
    return """
      with names as (
        select name, split_part(name, '.', 1) as schema, name like '%.%' as is_qualified
        from unnest(\(needs.map(\.table))::text[]) as name
      ), reachable as (
        -- Asking for a table in a schema that may not be used is an error, so that is looked at first.
        select name, n.oid as schema_id,
          not is_qualified or coalesce(has_schema_privilege(n.oid, 'usage'), true) as is_usable
        from names left join pg_namespace n on is_qualified and n.nspname = names.schema
      ), tables as (
        select name, case when is_usable then to_regclass(name) end as id, is_usable, schema_id from reachable
      )
      select distinct 'the role ' || current_user || ' may not use the schema ' || schema_id::regnamespace as complaint,
        true as is_privilege
      from tables where not is_usable
      union all
      select 'the role ' || current_user || ' may not make temporary tables in ' || current_database(), true
      where not has_database_privilege(current_database(), 'temporary')
      union all
      select 'the table ' || name || ' does not exist', false
      from tables where id is null and is_usable
      union all
      select 'the column ' || c.name || '.' || c.column_name || ' does not exist', false
      from unnest(\(columns.map(\.0))::text[], \(columns.map(\.1))::text[]) as c (name, column_name)
      join tables using (name)
      where id is not null and not exists (
        select from pg_attribute a
        where a.attrelid = id and a.attname = c.column_name and a.attnum > 0 and not a.attisdropped)
      union all
      select 'the role ' || current_user || ' may not ' || p.privilege || ' ' || p.name, true
      from unnest(\(privileges.map(\.0))::text[], \(privileges.map(\.1))::text[]) as p (name, privilege)
      join tables using (name)
      where id is not null and not has_table_privilege(id, p.privilege)
      """
  }
}

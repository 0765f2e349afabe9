import Postgres

/// What a job needs of one table: checked by `--check`.
public struct TableNeed: Sendable, Equatable {
  /// The name as the job's SQL has it: resolved by `search_path`, or with its schema.
  public var table: String
  /// The columns that have to exist.
  public var columns: [String]
  /// The privileges that are needed for the whole table.
  public var privileges: [Privilege]
  /// The columns for which a privilege is needed, where it is not needed for the whole table.
  public var limits: [Privilege: [String]]
  /// Who creates the table, which decides the advice where it is missing.
  public var origin: Origin

  /// Who creates the table.
  public enum Origin: Sendable, Equatable {
    /// `oneshot migrate`.
    case migration
    /// The application. `otherwise` says, as the rest of a sentence, how to run without it: "leave the board out of
    /// TOP_STATS_BOARDS".
    case application(otherwise: String)
  }

  /// A privilege of a table; the raw value is its keyword in SQL.
  public enum Privilege: String, Sendable {
    case select, insert, update, delete
  }

  /// - Parameters:
  ///   - table: as the job's SQL names it: resolved by `search_path`, or with its schema.
  ///   - privileges: those that are needed for the whole table.
  ///   - limits: those that are needed for some columns alone: `[.update: ["status"]]`.
  public init(
    _ table: String, columns: [String], privileges: [Privilege], limits: [Privilege: [String]] = [:],
    origin: Origin = .migration
  ) {
    self.table = table
    self.columns = columns
    self.privileges = privileges
    self.limits = limits
    self.origin = origin
  }
}

/// The database's schema as `oneshot migrate` made it.
enum Schema {
  /// The oldest Postgres that is supported, as libpq numbers versions.
  static let oldestServer = 140_000

  static func failure(serverVersion: Int) -> JobFailure {
    JobFailure(
      .misconfigured, "Postgres has version \(serverVersion / 10_000), which is older than the oldest supported",
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
        "run_id", "instance", "job", "server", "variant", "series", "shard", "scheduled_at", "status", "fence",
        "counts", "deadline_at", "items_processed", "behind", "error_hint", "by_hand",
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

  /// Whether an error says that the project's tables do not exist at all.
  ///
  /// When only some are missing, the error that names the table says more.
  static func isMissing(_ error: PostgresError) -> Bool {
    guard case .server(let error) = error else { return false }
    return error.state == .invalidSchemaName
      || (error.state == .undefinedTable && error.message.contains("oneshot.migrations"))
  }

  /// Whether the server refuses every write of this role, and why.
  static let isReadOnly: Statement = """
    select pg_is_in_recovery() as is_standby, current_setting('default_transaction_read_only')::boolean as is_read_only
    """

  static let standbyFailure = JobFailure(
    .unavailable, "Postgres takes no writes here: it is a standby",
    hint:
      "Right after a failover this resolves itself. Otherwise point DATABASE_URL to the primary, or name all servers in it and add target_session_attrs=read-write."
  )

  static let readOnlyFailure = JobFailure(
    .misconfigured, "Postgres takes no writes here: default_transaction_read_only is on",
    hint: "Find what sets it: the role, the database, or `options` in DATABASE_URL or PGOPTIONS.")
}

import JobRuntime
import Postgres

/// The form of the application's tables, and whether anything waits.
struct Standing: Sendable {
  var isPending: Bool
  var hasLetters: Bool
  var tables: Tables

  struct Tables: Sendable {
    /// The type of `notifications.id`, as Postgres writes it.
    var idType: String
    /// The optional columns that the application has.
    var optional: Set<String>
  }

  static func read(_ run: JobRun) async throws -> Standing {
    let row = try await run.read(
      Statement(
        file: "standing.sql", PackageResources.standing_sql,
        binding: ["instance": run.instance, "job": NotificationDelivery.name])
    ).only()
    let columns: String = try row.value("optional_columns")
    return Standing(
      isPending: try row.value("is_pending"), hasLetters: try row.value("has_letters"),
      tables: Tables(
        idType: try row.value("id_type"), optional: Set(columns.split(separator: ",").map(String.init))))
  }
}

/// The statement that decides, assembled for the settings and the application's tables.
struct Decision: Sendable {
  private let settings: NotificationDelivery.Settings
  private let core: SQLFragment
  private let tables: Standing.Tables

  init(_ settings: NotificationDelivery.Settings, _ tables: Standing.Tables) throws {
    (self.settings, self.tables) = (settings, tables)
    func column(_ name: String, _ sql: String, else absent: String) -> SQLFragment {
      SQLFragment(sql: tables.optional.contains(name) ? sql : absent)
    }
    core = SQLFragment("decide.sql", PackageResources.decide_sql).filling([
      "id_type": SQLFragment(sql: tables.idType),
      "locale": column("locale", "u.locale::text", else: "null"),
      "timezone": column("timezone", "u.timezone::text", else: "null"),
      "collapse_key": column("collapse_key", "nullif(n.collapse_key::text, '')", else: "null::text"),
      "expires_at": column("expires_at", "n.expires_at", else: "null::timestamptz"),
    ])
  }

  /// Decides on some notifications and writes the decisions.
  func writing(_ ids: [String], at moment: Timestamp, for shard: Shard) throws -> Statement {
    let data = SQLFragment("data.sql", PackageResources.data_sql)
    let write = SQLFragment("write.sql", PackageResources.write_sql).filling(["data": data])
    return try statement([locking(true), write], ids, moment, shard)
  }

  /// Decides on some notifications and writes nothing.
  func planning(_ ids: [String], at moment: Timestamp, for shard: Shard) throws -> Statement {
    try statement([locking(false)], ids, moment, shard)
  }

  /// Rows that another session has locked are skipped: neither an application nor a sender waits for the run, nor the
  /// run for them.
  private func locking(_ isLocking: Bool) -> SQLFragment {
    func lock(_ table: String) -> SQLFragment {
      isLocking ? SQLFragment(sql: "for update of \(table) skip locked") : .empty
    }
    return core.filling([
      "locking_pending": lock("pending"), "locking_deliveries": lock("d"), "locking_items": lock("i"),
    ])
  }

  private func statement(
    _ parts: [SQLFragment], _ ids: [String], _ moment: Timestamp, _ shard: Shard
  ) throws -> Statement {
    try SQLFragment.joined(
      [.joined(parts, by: ",\n"), SQLFragment("outcome.sql", PackageResources.outcome_sql)], by: "\n"
    ).binding([
      "pending_ids": ids, "ids": ids, "moment": moment, "shard": shard.index, "shards": shard.count,
      "with_webhooks": settings.withWebhooks, "too_old": moment - settings.maxAge, "quiet_from": settings.quiet?.from,
      "quiet_until": settings.quiet?.until, "max_emails": settings.limit.emails,
      "max_within": "\(settings.limit.within.inMilliseconds) milliseconds",
    ]).statement()
  }
}

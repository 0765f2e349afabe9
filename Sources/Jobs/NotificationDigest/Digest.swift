import JobRuntime
import Postgres

/// The form of the application's tables, and whether anything waits.
struct Standing: Sendable {
  var isWaiting: Bool
  var hasLetters: Bool
  var tables: Tables

  struct Tables: Sendable {
    /// The types of `notifications.id` and `users.id`, as Postgres writes them.
    var idType: String
    var userIDType: String
    /// The optional columns of `users` that the application has.
    var userColumns: Set<String>
    /// Those of `digest_preferences`; `nil` where there is none.
    var preferenceColumns: Set<String>?
  }

  static func read(_ settings: NotificationDigest.Settings, _ run: JobRun) async throws -> Standing {
    let row = try await run.read(
      Statement(
        file: "standing.sql", PackageResources.standing_sql,
        binding: [
          "instance": run.instance, "job": NotificationDigest.name, "frequencies": settings.frequencies.map(\.rawValue),
        ])
    ).only()
    func names(_ column: String) throws -> Set<String> {
      Set(try row.value(column, as: String.self).split(separator: ",").map(String.init))
    }
    let tables = Tables(
      idType: try row.value("id_type"), userIDType: try row.value("user_id_type"),
      userColumns: try names("user_columns"),
      preferenceColumns: try row.value("has_preferences", as: Bool.self) ? try names("preference_columns") : nil)
    return Standing(
      isWaiting: try row.value("is_waiting"), hasLetters: try row.value("has_letters"), tables: tables)
  }
}

/// The statements that make digests, assembled for the settings and the application's tables.
struct Digest: Sendable {
  private let settings: NotificationDigest.Settings
  private let tables: Standing.Tables
  /// Names of time zones, in lower case.
  private let zones: [String]
  private let moment: Timestamp
  private let shard: Shard

  init(_ settings: NotificationDigest.Settings, _ tables: Standing.Tables, zones: [String], _ run: JobRun) {
    self.init(settings, tables, zones: zones, at: run.scheduledAt, for: run.shard)
  }

  init(
    _ settings: NotificationDigest.Settings, _ tables: Standing.Tables, zones: [String], at moment: Timestamp,
    for shard: Shard
  ) {
    (self.settings, self.tables, self.zones, self.moment, self.shard) = (settings, tables, zones, moment, shard)
  }

  static func zones(_ run: JobRun) async throws -> [String] {
    try await run.read(Statement(file: "zones.sql", PackageResources.zones_sql)).map { try $0.value("name") }
  }

  /// A user who is due.
  struct Due: Sendable {
    var user: String
    var dueAt: String
    var isMissed: Bool
    /// What is wrong with the user's preferences.
    var problem: String?

    init(_ row: Row) throws {
      (user, dueAt, isMissed) = (try row.value("user_id"), try row.value("due_at"), try row.value("is_missed"))
      problem = try row.optional("problem").flatMap { (text: String) in text.isEmpty ? nil : text }
    }

    init(user: String, dueAt: String) { (self.user, self.dueAt, isMissed) = (user, dueAt, false) }
  }

  /// The users who are due, after one of them.
  func page(_ frequency: NotificationDigest.Frequency, after user: String, limit: Int) throws -> Statement {
    try SQLFragment("page.sql", PackageResources.page_sql).filling([
      "id_type": SQLFragment(sql: tables.userIDType), "user_timezone": userColumn("timezone"),
      "preferences": preferences(of: "frequency"),
    ]).binding([
      "frequency": frequency.rawValue, "after_user": user, "shard": shard.index, "shards": shard.count,
      "zone": settings.zone, "hour": "\(settings.hour)", "weekday": "\(settings.weekday.number)", "zones": zones,
      "moment": moment, "grace": milliseconds(settings.grace), "half_period": milliseconds(frequency.halfPeriod),
      "limit": limit,
    ]).statement()
  }

  func beginning(_ due: some Collection<Due>, _ frequency: NotificationDigest.Frequency) throws -> Statement {
    try Statement(
      file: "begin.sql", PackageResources.begin_sql,
      binding: [
        "users": due.map(\.user), "dues": due.map(\.dueAt), "frequency": frequency.rawValue,
        "half_period": milliseconds(frequency.halfPeriod),
      ])
  }

  /// Makes the digests of some users.
  func making(_ due: some Collection<Due>, _ frequency: NotificationDigest.Frequency) throws -> Statement {
    let taken = SQLFragment(
      sql: """
        select user_id
          from oneshot.digest_state as state join due using (user_id)
          where state.frequency = :frequency and due_at - last_due_at >= :half_period::interval
          order by user_id
          for update of state
        """)
    return try statement(due, frequency, taken, [SQLFragment("write.sql", PackageResources.write_sql)])
  }

  /// Counts what making them would do.
  func planning(_ due: some Collection<Due>, _ frequency: NotificationDigest.Frequency) throws -> Statement {
    try statement(due, frequency, SQLFragment(sql: "select user_id from due"), [])
  }

  private func statement(
    _ due: some Collection<Due>, _ frequency: NotificationDigest.Frequency, _ taken: SQLFragment,
    _ writing: [SQLFragment]
  ) throws -> Statement {
    let make = SQLFragment("make.sql", PackageResources.make_sql).filling([
      "taken": taken, "locale": userColumn("locale"), "user_id_type": SQLFragment(sql: tables.userIDType),
      "id_type": SQLFragment(sql: tables.idType), "preferences": preferences(of: "frequency"),
      "other_preferences": preferences(of: "other"),
    ])
    let parts = SQLFragment.joined([make] + writing, by: ",\n")
    return try SQLFragment.joined([parts, SQLFragment("outcome.sql", PackageResources.outcome_sql)], by: "\n").binding([
      "users": due.map(\.user), "dues": due.map(\.dueAt), "are_missed": due.map(\.isMissed),
      "frequency": frequency.rawValue, "other": frequency.other.rawValue, "moment": moment,
      "half_period": milliseconds(frequency.halfPeriod), "skip_read": settings.skipRead, "max_items": settings.maxItems,
      "min_items": settings.minItems,
    ]).statement()
  }

  func droppingOld(limit: Int) throws -> Statement {
    try Statement(
      file: "drop_old.sql", PackageResources.drop_old_sql,
      binding: [
        "before": moment - settings.itemKeep, "frequencies": settings.frequencies.map(\.rawValue),
        "shard": shard.index, "shards": shard.count, "limit": limit,
      ])
  }

  // MARK: The application's tables

  private func userColumn(_ column: String) -> SQLFragment {
    SQLFragment(sql: tables.userColumns.contains(column) ? "u.\(column)::text" : "null::text")
  }

  /// The user's preferences for a frequency.
  ///
  /// - Parameter input: the input that has the frequency.
  private func preferences(of input: String) -> SQLFragment {
    guard let columns = tables.preferenceColumns else {
      return SQLFragment(sql: "select null::text, null::text, null::text, null::text, null::boolean where false")
    }
    func column(_ name: String, _ type: String) -> String {
      columns.contains(name) ? "p.\(name)::\(type)" : "null::\(type)"
    }
    let chosen = ["timezone", "hour", "minute", "weekday"].map { column($0, "text") } + [column("enabled", "boolean")]
    return SQLFragment(
      sql: """
        select \(chosen.joined(separator: ", "))
            from digest_preferences as p where p.user_id = u.id and p.frequency::text = :\(input)
        """)
  }

  private func milliseconds(_ duration: Duration) -> String { "\(duration.inMilliseconds) milliseconds" }
}

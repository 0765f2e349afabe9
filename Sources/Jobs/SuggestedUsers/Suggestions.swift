import JobRuntime
import Postgres

/// The statements over the application's tables, as these are made and the settings have it.
struct Suggestions: Sendable {
  let settings: SuggestedUsers.Settings
  let standing: Standing
  private let moment: Timestamp
  /// When the run started, which lists are dated by.
  private let start: Timestamp
  private let shard: Shard

  /// Whoever has more followers or follows is counted once an hour for all runs; others each time they are met, up to the
  /// second number.
  static let hub = 100
  static let mostCounted = 10_000
  /// How many of those who have gained most followers are kept: whoever follows some of them gets others.
  static let popular = 500
  private static let popularDays = 30

  /// Goes before what reads the newest follows of somebody.
  ///
  /// Until `follows` has been vacuumed, Postgres may prefer to sort all of them to reading some from the index that has
  /// them in order.
  static let inOrder: Statement = "set local enable_bitmapscan = off"

  init(_ settings: SuggestedUsers.Settings, _ standing: Standing, _ run: JobRun) {
    self.init(settings, standing, at: run.scheduledAt, from: run.startedAt, for: run.shard)
  }

  init(
    _ settings: SuggestedUsers.Settings, _ standing: Standing, at moment: Timestamp, from start: Timestamp,
    for shard: Shard
  ) {
    (self.settings, self.standing, self.moment, self.start, self.shard) = (settings, standing, moment, start, shard)
  }

  // MARK: Lists

  /// The suggestions of some users, one row each; of a user who has none, one without an id.
  ///
  /// Users who are gone have no row.
  func batch(_ users: [String], popular: [String], _ rows: Sources.Rows = Sources.Rows()) throws -> Statement {
    try SQLFragment("batch.sql", PackageResources.batch_sql)
      .filling([
        "id": idType, "present": present, "inactive": inactive, "suggestible": suggestible, "excluded": excluded,
        "apart": apart, "newest_followees": newestFollowees, "all_followees": allFollowees,
        "all_followers": allFollowers,
      ])
      .binding([
        "users": users, "popular": popular, "near": settings.near, "hop": settings.hop, "limit": settings.limit,
        "source_users": rows.users, "source_people": rows.people, "source_scores": rows.scores,
        "source_reasons": rows.reasons, "source_via": rows.via, "min_common": settings.minCommon,
        "damping": settings.damping, "counted": Self.mostCounted,
      ])
      .statement()
  }

  /// Which of these texts are ids of users, and how the table has them: `007` is 7, where ids are numbers.
  func asked(_ users: [String]) throws -> Statement {
    try SQLFragment("asked.sql", PackageResources.asked_sql)
      .filling(["id": idType, "present": present]).binding(["users": users]).statement()
  }

  /// Users whose lists, texts of JSON, name somebody they must not.
  func forbidden(_ users: [String], lists: [String]) throws -> Statement {
    try SQLFragment("forbidden.sql", PackageResources.forbidden_sql)
      .filling(["id": idType, "discoverable": suggestible, "excluded": excluded, "apart": apart])
      .binding(["users": users, "lists": lists])
      .statement()
  }

  var sources: Sources { Sources(files: settings.sources, moment: moment, idType: idType) }

  func countHubs() throws -> Statement {
    try SQLFragment("count_hubs.sql", PackageResources.count_hubs_sql)
      .filling(["follows": follows])
      .binding([
        "since": moment - .days(Self.popularDays), "moment": moment, "hub": Self.hub, "popular": Self.popular,
      ])
      .statement()
  }

  // MARK: Whose

  /// The next users who are queued, the most urgent first.
  func pending(except passed: [String]) throws -> Statement {
    try SQLFragment("pending.sql", PackageResources.pending_sql)
      .filling(["share": share(of: "p.user_id")])
      .binding(["passed": passed, "rows": 20 * settings.batch, "limit": settings.batch]).statement()
  }

  /// The users whose lists are the oldest of those that are due.
  func due(except passed: [String]) throws -> Statement {
    try SQLFragment("due.sql", PackageResources.due_sql)
      .filling(["share": share(of: "l.user_id")])
      .binding(["passed": passed, "before": start - settings.maxAge, "limit": settings.batch]).statement()
  }

  /// How much is left.
  func left() throws -> Statement {
    try SQLFragment("left.sql", PackageResources.left_sql)
      .filling(["pending_share": share(of: "p.user_id"), "list_share": share(of: "l.user_id")])
      .binding(["moment": start, "before": start - settings.maxAge]).statement()
  }

  /// The next active users by id.
  func page(after id: String?) throws -> Statement {
    let after = SQLFragment(sql: "and u.id > :after::text::{id}").filling(["id": idType])
    return try SQLFragment("page.sql", PackageResources.page_sql)
      .filling([
        "present": present, "inactive": inactive, "share": share(of: "u.id::text"),
        "after": id.map { after.binding(["after": $0]) } ?? .empty,
      ])
      .binding(["limit": settings.batch]).statement()
  }

  /// A sample of the lists that nothing queued is about.
  func sample(limit: Int) throws -> Statement {
    try SQLFragment("sample.sql", PackageResources.sample_sql)
      .filling(["share": share(of: "l.user_id")])
      .binding(["seed": "\(moment)", "limit": limit]).statement()
  }

  // MARK: Writing

  /// Queues those who follow some users: what these follow, others may be suggested.
  func spread(of users: [String]) throws -> Statement {
    let seen = standing.columns.contains("last_seen_at") ? "u.last_seen_at desc nulls last, u.id" : "u.id"
    return try SQLFragment("spread.sql", PackageResources.spread_sql)
      .filling([
        "id": idType, "present": present, "inactive": inactive, "order": SQLFragment(sql: seen),
      ])
      .binding(["users": users, "spread": settings.spread]).statement()
  }

  // MARK: Parts

  private var idType: SQLFragment { SQLFragment(sql: standing.idType) }

  private func condition(_ parts: [(column: String, sql: String)]) -> SQLFragment {
    let there = parts.filter { standing.columns.contains($0.column) }.map { SQLFragment(sql: $0.sql) }
    return there.isEmpty ? SQLFragment(sql: "true") : .joined(there, by: " and ")
  }

  /// Of `u`, a row of users.
  private var present: SQLFragment {
    condition([("deleted_at", "u.deleted_at is null"), ("suspended_at", "u.suspended_at is null")])
  }

  /// Whoever has never said that they want to be found is not suggested.
  private var suggestible: SQLFragment {
    condition([
      ("deleted_at", "u.deleted_at is null"), ("suspended_at", "u.suspended_at is null"),
      ("discoverable", "u.discoverable is true"),
    ])
  }

  private var inactive: SQLFragment {
    guard standing.columns.contains("last_seen_at") else { return SQLFragment(sql: "false") }
    return SQLFragment(
      sql: "coalesce(u.last_seen_at < :seen_since, false)", ["seen_since": moment - settings.active])
  }

  private static let apart = [
    ("blocks", "select target_id as id from blocks where user_id = w.id"),
    ("blocks", "select user_id as id from blocks where target_id = w.id"),
    ("mutes", "select target_id as id from mutes where user_id = w.id"),
  ]

  /// Whose name `w` must not see, not even as that of somebody in common.
  private var apart: SQLFragment {
    let parts = union(Self.apart)
    return parts.isEmpty ? SQLFragment(sql: "select w.id as id where false") : .joined(parts, by: " union all ")
  }

  /// Who must not be suggested to `w`.
  private var excluded: SQLFragment {
    let own = [
      SQLFragment(sql: "select w.id as id"),
      SQLFragment(sql: "select followee_id from follows where follower_id = w.id"),
    ]
    let others = [
      ("suggestion_dismissals", "select target_id from suggestion_dismissals where user_id = w.id"),
      ("follow_requests", "select followee_id from follow_requests where follower_id = w.id"),
    ]
    return .joined(own + union(Self.apart + others), by: " union all ")
  }

  private func union(_ parts: [(table: String, sql: String)]) -> [SQLFragment] {
    parts.filter { standing.tables.contains($0.table) }.map { SQLFragment(sql: $0.sql) }
  }

  private func share(of column: String) -> SQLFragment {
    guard !shard.isWhole else { return SQLFragment(sql: "true") }
    // Not the sign bit: a remainder is negative where a number is.
    return SQLFragment(
      sql: "(hashtextextended(\(column) collate \"C\", 0) & 9223372036854775807) % :shards = :shard",
      ["shards": shard.count, "shard": shard.index])
  }
}

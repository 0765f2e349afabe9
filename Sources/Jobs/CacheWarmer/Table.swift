import Feeds
import JobRuntime
import Postgres

/// A table of the application.
enum Table: String, CaseIterable, Sendable {
  case users, feeds, likes = "feed_likes", comments = "feed_comments", views = "feed_views", follows, blocks, mutes

  var columns: [String] {
    switch self {
    case .users: ["id"]
    case .feeds: ["id", "user_id", "created_at"]
    case .likes, .comments: ["feed_id", "user_id", "created_at"]
    case .views: ["feed_id", "viewed_at"]
    case .follows: ["follower_id", "followee_id"]
    case .blocks, .mutes: ["user_id", "target_id"]
    }
  }

  /// Those without which there is no ranking.
  private static let ranked: [Table] = [.feeds, .likes, .comments, .follows]
  /// Those that say who is active.
  private static let events: [Table] = [.feeds, .likes, .comments]

  var need: TableNeed {
    TableNeed(
      rawValue, columns: columns, privileges: [.select],
      origin: .application(
        otherwise: self == .blocks
          ? "set WARM_BLOCKS=none if nobody can block anybody" : "make a view of that name with these columns"))
  }

  /// Those that a run with these settings cannot do without.
  static func needed(_ settings: CacheWarmer.Settings) -> [Table] {
    var tables: Set<Table> = [.users]
    if settings.ranking == nil { tables.formUnion(ranked + (settings.blocks == .table ? [.blocks] : [])) }
    if settings.activity == .database { tables.formUnion(events) }
    return allCases.filter(tables.contains)
  }
}

/// What the application has of what it may do without, and what became of the run before.
struct Standing: Sendable {
  /// The optional columns and those of optional tables that are there, as `table.column`.
  var columns: Set<String>
  /// The type of `users.id`, as Postgres writes it.
  var userType: String
  /// When the previous run for this work began.
  var lastStartedAt: Timestamp?
  var hasLetters: Bool
  /// Ids that cannot be compared, where the built-in ranking reads them.
  var complaint: JobFailure?

  static func read(_ settings: CacheWarmer.Settings, _ run: JobRun) async throws -> Standing {
    let row = try await run.read(
      statement([
        "instance": run.instance, "job": CacheWarmer.name, "server": run.server, "variant": run.variant,
        "shard": run.shard.index, "shards": run.shard.count,
      ])
    ).only()
    return Standing(
      columns: Set(try row.value("columns", as: String.self).split(separator: ",").map(String.init)),
      userType: try row.value("user_type"), lastStartedAt: try row.optional("last_started_at"),
      hasLetters: try row.value("has_letters"),
      complaint: settings.ranking != nil
        ? nil
        : try users.complaint(row.optional("user_collations")) ?? posts.complaint(row.optional("post_collations")))
  }

  static func statement(_ values: [String: any PostgresEncodable]) throws -> Statement {
    try SQLFragment("standing.sql", PackageResources.standing_sql)
      .filling(["user_collations": users.collations, "post_collations": posts.collations])
      .binding(values).statement()
  }

  private static let users = IDColumns(
    of: "users",
    [
      ("users", "id"), ("feeds", "user_id"), ("feed_likes", "user_id"), ("feed_comments", "user_id"),
      ("feed_views", "user_id"),
      ("follows", "follower_id"), ("follows", "followee_id"), ("blocks", "user_id"), ("blocks", "target_id"),
      ("mutes", "user_id"), ("mutes", "target_id"),
    ])
  private static let posts = IDColumns(
    of: "posts", [("feeds", "id"), ("feed_likes", "feed_id"), ("feed_comments", "feed_id"), ("feed_views", "feed_id")])

  func has(_ column: String, of table: Table) -> Bool { columns.contains("\(table.rawValue).\(column)") }

  /// Whether views say who has seen what.
  var knowsReaders: Bool { has("user_id", of: .views) }

  /// What the built-in ranking does without.
  var missing: [String] {
    (knowsReaders ? [] : ["feed_views.user_id"]) + (has("target_id", of: .mutes) ? [] : ["mutes"])
  }
}

import JobRuntime
import Postgres

/// The feed of one user: ids of posts, the best first.
struct Feed: Sendable, Equatable {
  struct Post: Sendable, Equatable {
    var id: String
    var score: String
  }

  var user: String
  var posts: [Post] = []
}

/// What the ranking yields for some users.
struct Ranked: Sendable {
  /// Without those of users for whom there is nothing.
  var feeds: [Feed] = []
  var empty: [String] = []
  /// Ids that are no user, or a deleted one.
  var unknown = 0
  var failures: [Failure] = []

  /// A batch of users for whom there is no ranking.
  struct Failure: Sendable {
    var users: [String]
    var message: String
  }
}

/// The statements that rank posts for users, assembled for the settings and the application's tables.
struct Ranking: Sendable {
  private let settings: CacheWarmer.Settings
  private let standing: Standing
  private let moment: Timestamp

  init(_ settings: CacheWarmer.Settings, _ standing: Standing, at moment: Timestamp) {
    (self.settings, self.standing, self.moment) = (settings, standing, moment)
  }

  /// The most active users by the tables of events.
  func active() throws -> Statement {
    let views = "\n  union all\n  select user_id from feed_views where viewed_at >= :since and viewed_at < :moment"
    return try SQLFragment("active.sql", PackageResources.active_sql)
      .filling(["views": SQLFragment(sql: standing.knowsReaders ? views : ""), "live": live("u", .users)])
      .binding([
        "since": (moment - settings.active).rfc3339, "moment": moment.rfc3339, "limit": settings.users,
      ]).statement()
  }

  /// Those of the ids that are users; each must be one by its form.
  func living(_ users: [String]) throws -> Statement {
    try SQLFragment("living.sql", PackageResources.living_sql).filling(["live": live("u", .users)])
      .binding(["users": users]).statement()
  }

  /// What the built-in ranking makes first, once for all users, in a transaction.
  ///
  /// - Returns: the statements, in their order.
  func preparation(for users: [String]) throws -> [Statement] {
    func statement(_ place: String, _ text: [UInt8], _ holes: [String: SQLFragment] = [:]) throws -> Statement {
      try SQLFragment(place, text).filling(holes).binding([
        "users": users, "start": (moment - settings.horizon).rfc3339, "moment": moment.rfc3339,
        "author_most": settings.authorMost,
      ]).statement()
    }
    var statements: [Statement] = [
      // Compiling these queries takes longer than it saves.
      "select set_config('jit', 'off', true), set_config('work_mem', '64MB', true)",
      try statement(
        "follows.sql", PackageResources.follows_sql,
        ["live": live("u", .users), "blocked": SQLFragment(sql: blocked), "muted": SQLFragment(sql: muted)]),
      "analyze oneshot_follows",
      try statement("posts.sql", PackageResources.posts_sql, ["live": live("p", .feeds)]),
      "analyze oneshot_posts",
      try statement("scores.sql", PackageResources.scores_sql),
      "create index on oneshot_scores (author_id, place)", "analyze oneshot_scores",
    ]
    if standing.knowsReaders {
      statements += [
        try statement("seen.sql", PackageResources.seen_sql), "create index on oneshot_seen (user_id, post_id)",
        "analyze oneshot_seen",
      ]
    }
    statements += [
      try statement(
        "reach.sql", PackageResources.reach_sql,
        [
          "seen": SQLFragment(sql: standing.knowsReaders ? " + coalesce(s.number, 0)" : ""),
          "counted": SQLFragment(sql: standing.knowsReaders ? Self.counted : ""),
        ]),
      "create index on oneshot_reach (user_id)", "analyze oneshot_reach",
    ]
    return statements
  }

  var isBuiltIn: Bool { settings.ranking == nil }

  /// The user's own ranking.
  var ownFile: SQLFile? { settings.ranking }

  /// The query for the feeds of a batch: the user's own ranking, or the built-in one.
  var file: SQLFile {
    let frame = SQLFragment("feeds.sql", PackageResources.feeds_sql).filling([
      "problem": isBuiltIn ? SQLFragment(sql: "null::text") : SQLFragment("problem.sql", PackageResources.problem_sql)
    ])
    return (settings.ranking ?? builtIn).wrapped(in: frame)
  }

  private var builtIn: SQLFile {
    SQLFile(
      builtIn: "ranking", PackageResources.ranking_sql,
      filling: ["unseen": SQLFragment(sql: standing.knowsReaders ? Self.unseen : "")])
  }

  /// What that query takes.
  func values(for users: [String]) -> [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = ["users": users, "moment": moment, "limit": settings.limit]
    if isBuiltIn { values["author_most"] = settings.authorMost }
    return values
  }

  // MARK: What the application may not have

  private func live(_ row: String, _ table: Table) -> SQLFragment {
    SQLFragment(sql: standing.has("deleted_at", of: table) ? " and \(row).deleted_at is null" : "")
  }

  /// Blocked in either direction.
  private var blocked: String {
    guard settings.blocks == .table else { return "" }
    return """

        and not exists (select from blocks as b where b.user_id = f.follower_id and b.target_id = f.followee_id)
        and not exists (select from blocks as b where b.user_id = f.followee_id and b.target_id = f.follower_id)
      """
  }

  private var muted: String {
    guard standing.has("target_id", of: .mutes) else { return "" }
    return """

        and not exists (select from mutes as m where m.user_id = f.follower_id and m.target_id = f.followee_id)
      """
  }

  private static let counted = """

    left join (
      select user_id, author_id, count(*) as number from oneshot_seen group by user_id, author_id) as s
      on s.user_id = f.user_id and s.author_id = f.author_id
    """

  private static let unseen = """

        and not exists (select from oneshot_seen as v where v.user_id = r.user_id and v.post_id = s.post_id)
    """
}

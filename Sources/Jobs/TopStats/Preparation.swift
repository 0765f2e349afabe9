import JobRuntime
import Postgres

/// A temporary relation that boards share: made once a run, so that boards of one table read it once.
enum Preparation: CaseIterable, Sendable {
  // In the order in which they need each other.
  case liveUsers, liveFeeds
  case likesReceived, likesGiven, commentsReceived, commentsGiven
  case viewsReceived, followersWon, feedsWritten

  /// What a board of one's own may read besides the application's tables.
  static let forAll: [Preparation] = [.liveUsers, .liveFeeds]

  /// The application's tables that are read for these, each once.
  static func tables(of preparations: some Sequence<Preparation>) -> [TableNeed] {
    preparations.reduce(into: []) { tables, preparation in
      if !tables.contains(preparation.table) { tables.append(preparation.table) }
    }
  }

  private var table: TableNeed {
    switch self {
    case .liveUsers: Self.need("users", "id")
    case .liveFeeds, .feedsWritten: Self.need("feeds", "id", "user_id", "created_at")
    case .likesReceived, .likesGiven: Self.need("feed_likes", "feed_id", "user_id", "created_at")
    case .commentsReceived, .commentsGiven: Self.need("feed_comments", "feed_id", "user_id", "created_at")
    case .viewsReceived: Self.need("feed_views", "feed_id", "viewed_at")
    case .followersWon: Self.need("follows", "follower_id", "followee_id", "created_at")
    }
  }

  private static func need(_ table: String, _ columns: String...) -> TableNeed {
    TableNeed(
      table, columns: columns, privileges: [.select],
      origin: .application(otherwise: "choose boards that do not read it, with TOP_STATS_BOARDS"))
  }

  /// The statement that makes it.
  ///
  /// - Parameter windows: how many are counted for. Their starts are bound as `:start_1` (the earliest), `:start_2`, ….
  func file(windows: Int) -> SQLFile {
    switch self {
    case .liveUsers: SQLFile(builtIn: "live_users", PackageResources.live_users_sql)
    case .liveFeeds: SQLFile(builtIn: "live_feeds", PackageResources.live_feeds_sql)
    case .likesReceived:
      Self.tally(
        "received", PackageResources.received_sql, windows, ["result": "likes_received", "events": "feed_likes"])
    case .likesGiven:
      Self.tally(
        "given", PackageResources.given_sql, windows,
        ["result": "likes_given", "events": "feed_likes", "received": "likes_received"])
    case .commentsReceived:
      Self.tally(
        "received", PackageResources.received_sql, windows, ["result": "comments_received", "events": "feed_comments"])
    case .commentsGiven:
      Self.tally(
        "given", PackageResources.given_sql, windows,
        ["result": "comments_given", "events": "feed_comments", "received": "comments_received"])
    case .viewsReceived: Self.tally("views_received", PackageResources.views_received_sql, windows, at: "viewed_at")
    case .followersWon: Self.tally("followers_won", PackageResources.followers_won_sql, windows)
    case .feedsWritten: Self.tally("feeds_written", PackageResources.feeds_written_sql, windows)
    }
  }

  /// A file with holes for names of tables. One pass counts for all windows: `{counts}` is an array with a count for
  /// each, the widest first, which is everything that is read.
  private static func tally(
    _ name: String, _ text: [UInt8], _ windows: Int, _ names: [String: String] = [:], at moment: String = "created_at"
  ) -> SQLFile {
    let narrower = windows < 2 ? [] : (2...windows).map { "count(*) filter (where \(moment) >= :start_\($0))" }
    let counts = SQLFragment(sql: "array[" + (["count(*)"] + narrower).joined(separator: ", ") + "]")
    let fillings = names.mapValues { SQLFragment(sql: $0) }.merging(["counts": counts]) { $1 }
    return SQLFile(builtIn: name, text, filling: fillings)
  }
}

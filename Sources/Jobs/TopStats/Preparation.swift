import Feeds
import JobRuntime
import Postgres

/// A temporary relation that boards share: made once a run, so that boards of one table read it once.
///
/// It would hide a user's table of the same name, so the names are ones that users do not choose.
enum Preparation: String, CaseIterable, Sendable {
  // In the order of their dependencies.
  case liveUsers = "oneshot_live_users"
  case liveFeeds = "oneshot_live_feeds"
  case likesReceived = "oneshot_likes_received"
  case likesGiven = "oneshot_likes_given"
  case commentsReceived = "oneshot_comments_received"
  case commentsGiven = "oneshot_comments_given"
  case viewsReceived = "oneshot_views_received"
  case followersWon = "oneshot_followers_won"
  case feedsWritten = "oneshot_feeds_written"

  /// What a user's own board may read besides the application's tables.
  static let forAll: [Preparation] = [.liveUsers, .liveFeeds]

  /// The same relation, where other jobs make it, too.
  var shared: LiveRelation? { LiveRelation(rawValue: rawValue) }

  /// The application's tables that are read for these, each once.
  static func tables(of preparations: some Sequence<Preparation>) -> [TableNeed] {
    preparations.reduce(into: []) { tables, preparation in
      if !tables.contains(preparation.table) { tables.append(preparation.table) }
    }
  }

  private var table: TableNeed {
    switch self {
    case .liveUsers: LiveRelation.users.need(otherwise: Self.otherwise)
    case .liveFeeds, .feedsWritten: LiveRelation.feeds.need(otherwise: Self.otherwise)
    case .likesReceived, .likesGiven: Self.need("feed_likes", "feed_id", "user_id", "created_at")
    case .commentsReceived, .commentsGiven: Self.need("feed_comments", "feed_id", "user_id", "created_at")
    case .viewsReceived: Self.need("feed_views", "feed_id", "viewed_at")
    case .followersWon: Self.need("follows", "follower_id", "followee_id", "created_at")
    }
  }

  private static let otherwise = "choose boards that do not read it, with TOP_STATS_BOARDS"

  private static func need(_ table: String, _ columns: String...) -> TableNeed {
    TableNeed(
      table, columns: columns, privileges: [.select],
      origin: .application(otherwise: otherwise))
  }

  private var relation: String { rawValue }

  /// The statement that creates the relation.
  ///
  /// - Parameters:
  ///   - windows: the number of windows to count for. Their starts are bound as `:start_1` (the earliest), `:start_2`,
  ///     ….
  ///   - isFilled: whether it has rows; for statements that are only planned it is created empty.
  func file(windows: Int, isFilled: Bool = true) -> SQLFile {
    func tally(_ name: String, _ text: [UInt8], _ parts: [String: String] = [:], at moment: String = "created_at")
      -> SQLFile
    {
      let data = SQLFragment(sql: isFilled ? "" : "with no data")
      let names = parts.mapValues { SQLFragment(sql: $0) }
      return SQLFile(
        builtIn: name, text,
        filling: names.merging([
          "result": SQLFragment(sql: relation), "data": data, "counts": Self.counts(windows, moment),
        ]) { $1 })
    }
    switch self {
    case .liveUsers: return LiveRelation.users.file
    case .liveFeeds: return LiveRelation.feeds.file
    case .likesReceived: return tally("received", PackageResources.received_sql, ["events": "feed_likes"])
    case .likesGiven:
      return tally(
        "given", PackageResources.given_sql, ["events": "feed_likes", "received": Self.likesReceived.relation])
    case .commentsReceived: return tally("received", PackageResources.received_sql, ["events": "feed_comments"])
    case .commentsGiven:
      return tally(
        "given", PackageResources.given_sql, ["events": "feed_comments", "received": Self.commentsReceived.relation])
    case .viewsReceived: return tally("views_received", PackageResources.views_received_sql, at: "viewed_at")
    case .followersWon: return tally("followers_won", PackageResources.followers_won_sql)
    case .feedsWritten: return tally("feeds_written", PackageResources.feeds_written_sql)
    }
  }

  /// One pass counts for all windows: one column for each, the widest first; that one counts all rows that are read.
  private static func counts(_ windows: Int, _ moment: String) -> SQLFragment {
    let counted = (1...max(windows, 1)).map { window in
      let filter = window == 1 ? "" : " filter (where \(moment) >= :start_\(window))"
      return "count(*)\(filter) as \(count(ofWindow: window))"
    }
    return SQLFragment(sql: counted.joined(separator: ", "))
  }

  /// The column with the count for a window; the widest is 1.
  static func count(ofWindow window: Int) -> String { "count_\(window)" }
}

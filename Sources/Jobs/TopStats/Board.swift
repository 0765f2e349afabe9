import JobRuntime

/// A board: a query that yields `(member, score)`.
struct Board: Sendable {
  let file: SQLFile
  /// The temporary relations that its text reads.
  let needs: [Preparation]

  var name: String { file.name }

  private static let builtIn: [(file: SQLFile, needs: [Preparation])] = [
    (SQLFile(builtIn: "users_liked", PackageResources.users_liked_sql), [.liveUsers, .liveFeeds, .likesReceived]),
    (SQLFile(builtIn: "comments", PackageResources.comments_sql), [.liveUsers, .liveFeeds, .commentsReceived]),
    (SQLFile(builtIn: "feeds_viewed", PackageResources.feeds_viewed_sql), [.liveFeeds, .viewsReceived]),
    (SQLFile(builtIn: "feeds_liked", PackageResources.feeds_liked_sql), [.liveUsers, .liveFeeds, .likesReceived]),
    (SQLFile(builtIn: "users_followed", PackageResources.users_followed_sql), [.liveUsers, .followersWon]),
    (
      SQLFile(builtIn: "users_active", PackageResources.users_active_sql),
      [.liveUsers, .liveFeeds, .likesGiven, .commentsGiven, .feedsWritten]
    ),
  ]

  /// The built-in boards, and those of a folder: more, or others by the same name.
  static func all(folder: String?, chosen: [String]?, _ env: inout Environment) -> [Board] {
    let files = [SQLFile].builtIn(builtIn.map(\.file), andFrom: folder, named: "TOP_STATS_BOARDS_DIR", &env)
    return files.chosen(chosen, named: "TOP_STATS_BOARDS", kind: "board", &env).map { file in
      // Keys that begin with meta: are the job's own.
      let file = file.name == "meta" ? file.refused("\(file.place): a board cannot be called meta") : file
      let needs = file.isBuiltIn ? builtIn.first { $0.file.name == file.name }?.needs : nil
      return Board(file: file, needs: needs ?? Preparation.forAll)
    }
  }

  /// The board's query with a rank.
  ///
  /// Equal scores stand as Redis reads them back, by the bytes of their ids from the last to the first, so that a
  /// shorter board is always the beginning of a longer one.
  var ranked: SQLFile {
    file.wrapped(
      in: "select board.member::text as member, board.score::text as score from (",
      ") as board order by board.score desc, board.member::text collate \"C\" desc limit :limit")
  }
}

/// A temporary relation that boards share: made once a run, so that boards of one table read it once.
enum Preparation: String, CaseIterable, Sendable {
  // In the order in which they need each other.
  case liveUsers = "live_users"
  case liveFeeds = "live_feeds"
  case likesReceived = "likes_received"
  case likesGiven = "likes_given"
  case commentsReceived = "comments_received"
  case commentsGiven = "comments_given"
  case viewsReceived = "views_received"
  case followersWon = "followers_won"
  case feedsWritten = "feeds_written"

  /// What a board of one's own may read besides the application's tables.
  static let forAll: [Preparation] = [.liveUsers, .liveFeeds]

  var file: SQLFile { SQLFile(builtIn: rawValue, text) }

  private var text: [UInt8] {
    switch self {
    case .liveUsers: PackageResources.live_users_sql
    case .liveFeeds: PackageResources.live_feeds_sql
    case .likesReceived: PackageResources.likes_received_sql
    case .likesGiven: PackageResources.likes_given_sql
    case .commentsReceived: PackageResources.comments_received_sql
    case .commentsGiven: PackageResources.comments_given_sql
    case .viewsReceived: PackageResources.views_received_sql
    case .followersWon: PackageResources.followers_won_sql
    case .feedsWritten: PackageResources.feeds_written_sql
    }
  }
}

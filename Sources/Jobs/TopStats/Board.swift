import JobRuntime
import Postgres

/// A board: a query that yields `(member, score)`.
struct Board: Sendable {
  private(set) var file: SQLFile
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
      [.liveUsers, .liveFeeds, .likesReceived, .likesGiven, .commentsReceived, .commentsGiven, .feedsWritten]
    ),
  ]

  /// The built-in boards, and those of a folder: additional ones, or replacements by the same name.
  static func all(folder: String?, chosen: [String]?, _ env: inout Environment) -> [Board] {
    let files = [SQLFile].builtIn(builtIn.map(\.file), andFrom: folder, named: "TOP_STATS_BOARDS_DIR", &env)
    let boards = files.chosen(chosen, named: "TOP_STATS_BOARDS", kind: "board", &env)
    env.select(
      ["TOP_STATS_BOARDS", "TOP_STATS_BOARDS_DIR"], as: "of", boards.map(\.name), unlike: builtIn.map(\.file.name),
      more: "with")
    return boards.map { file in
      // Keys with the prefix meta: are the job's own.
      let file = file.name == "meta" ? file.refused("\(file.place): a board cannot be called meta") : file
      let needs = file.isBuiltIn ? builtIn.first { $0.file.name == file.name }?.needs : nil
      return Board(file: file, needs: needs ?? Preparation.forAll)
    }
  }

  /// The same board for one of the windows, of which the widest is 1: a built-in board reads the count of that window.
  func counting(_ window: Int) -> Board {
    guard file.isBuiltIn else { return self }
    var board = self
    board.file = file.filling(["count": SQLFragment(sql: Preparation.count(ofWindow: window))])
    return board
  }

  /// The board's columns, for a description that reads no rows.
  var columns: SQLFile { file.wrapped(in: SQLFragment(sql: "select board.member, board.score from ({file}) as board")) }

  /// The best members of the board, in order, and one more.
  ///
  /// Equal scores are in the order in which Redis reads them back, by the bytes of their ids, descending, so that a
  /// shorter board is always the beginning of a longer one. First the board is cut by score alone: only the rest, with
  /// all members equal to the last one, is worth the cost of converting ids to text and sorting by it.
  ///
  /// - Parameters:
  ///   - score: the kind of the scores.
  ///   - isExplained: whether the server only plans it.
  func ranked(by score: Score, isExplained: Bool = false) -> SQLFile {
    file.wrapped(
      in: SQLFragment("ranked.sql", PackageResources.ranked_sql).filling([
        "command": isExplained ? SQLFragment(sql: "explain ") : .empty, "number": score.number, "exact": score.exact,
      ]))
  }

  /// A score that Redis could not keep, if the board has one.
  func refusedScore(_ score: Score) -> SQLFile {
    file.wrapped(
      in: SQLFragment("refused_score.sql", PackageResources.refused_score_sql).filling(["number": score.number]))
  }
}

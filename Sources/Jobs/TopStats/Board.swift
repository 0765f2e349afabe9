import JobRuntime

/// A board: a query that yields `(member, score)`.
struct Board: Sendable {
  var name: String
  /// Where its text stands, for messages.
  var file: String
  var text: [UInt8] = []
  /// The temporary relations that its text reads.
  var needs: [Preparation] = []
  /// Why it cannot even be tried.
  var problem: String?
  let isBuiltIn: Bool

  static let builtIn = [
    Board("users_liked", PackageResources.users_liked_sql, needs: [.liveUsers, .liveFeeds, .likesReceived]),
    Board("comments", PackageResources.comments_sql, needs: [.liveUsers, .liveFeeds, .commentsReceived]),
    Board("feeds_viewed", PackageResources.feeds_viewed_sql, needs: [.liveFeeds, .viewsReceived]),
    Board("feeds_liked", PackageResources.feeds_liked_sql, needs: [.liveUsers, .liveFeeds, .likesReceived]),
    Board("users_followed", PackageResources.users_followed_sql, needs: [.liveUsers, .followersWon]),
    Board(
      "users_active", PackageResources.users_active_sql,
      needs: [.liveUsers, .liveFeeds, .likesGiven, .commentsGiven, .feedsWritten]),
  ]

  private init(_ name: String, _ text: [UInt8], needs: [Preparation]) {
    (self.name, file, self.text, self.needs, isBuiltIn) = (name, "\(name).sql (built in)", text, needs, true)
  }

  /// Reads a board from a folder; what is wrong with it is the board's problem alone.
  private init(file name: String, in folder: String) {
    file = "\(folder)/\(name)"
    self.name = String(name.dropLast(Self.ending.count))
    needs = Preparation.forAll
    isBuiltIn = false
    guard Self.isName(self.name) else {
      problem = "\(file): the file's name is the board's, so before .sql stand only a-z, 0-9 and _, a letter first"
      return
    }
    do {
      text = Array(try SmallFile.read(file).utf8)
      if text.contains(0) { problem = "\(file) holds a NUL" }
    } catch {
      problem = "\(file) cannot be read: \(error)"
    }
  }

  /// The board's query with a rank, on the same lines as its file.
  ///
  /// Equal scores stand as Redis reads them back, by the bytes of their ids from the last to the first, so that a
  /// shorter board is always the beginning of a longer one.
  var ranked: SQLFile {
    var query = text[...]
    while let last = query.last, last == UInt8(ascii: ";") || last <= UInt8(ascii: " ") { query.removeLast() }
    let before = "select board.member::text as member, board.score::text as score from ("
    let after = "\n) as board order by board.score desc, board.member::text collate \"C\" desc limit :limit"
    return SQLFile(
      name: file, text: Array(before.utf8) + query + Array(after.utf8),
      lines: query.count { $0 == UInt8(ascii: "\n") } + 1)
  }

  /// The built-in boards, and those of a folder: more, or others by the same name.
  static func all(folder: String?, chosen: [String]?, _ env: inout Environment) -> [Board] {
    var boards = builtIn
    if let folder {
      do {
        // A ConfigMap's folder has links beside its files, whose names begin with a dot.
        for name in try SmallFile.names(in: folder) where name.hasSuffix(ending) && !name.hasPrefix(".") {
          let board = Board(file: name, in: folder)
          boards.removeAll { $0.name == board.name }
          boards.append(board)
        }
      } catch {
        env.complain("TOP_STATS_BOARDS_DIR", "names \(folder), which cannot be read: \(error)")
      }
    }
    guard let chosen else { return boards }
    for name in chosen where !boards.contains(where: { $0.name == name }) {
      env.complain(
        "TOP_STATS_BOARDS",
        "names «\(name)», which is no board; there are \(boards.map(\.name).joined(separator: ", "))")
    }
    return boards.filter { chosen.contains($0.name) }
  }

  private static let ending = ".sql"

  /// A name becomes part of a key: a small alphabet, and nothing that has a meaning of its own there.
  static func isName(_ text: String) -> Bool {
    let letters = Array(text.utf8)
    guard let first = letters.first, letters.count <= 63, text != "meta" else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    return isLetter(first) && letters.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
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

  var file: SQLFile { SQLFile(name: "\(rawValue).sql (built in)", text: text) }

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

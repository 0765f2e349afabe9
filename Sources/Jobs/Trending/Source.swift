import JobRuntime
import Postgres

/// Where events come from: a query that yields `(post_id, user_id, kind, at)`.
struct Source: Sendable {
  let file: SQLFile
  /// The kind of all events of a built-in source.
  let kind: String?
  /// The table of a built-in source.
  let table: String?

  static let origin = TableNeed.Origin.application(otherwise: "give its kind no weight in TRENDING_WEIGHTS")

  var name: String { file.name }

  private static let builtIn: [(file: SQLFile, kind: String, table: String)] = [
    (SQLFile(builtIn: "views", PackageResources.views_sql), "view", "feed_views"),
    (SQLFile(builtIn: "likes", PackageResources.likes_sql), "like", "feed_likes"),
    (SQLFile(builtIn: "comments", PackageResources.comments_sql), "comment", "feed_comments"),
    (SQLFile(builtIn: "shares", PackageResources.shares_sql), "share", "feed_shares"),
  ]

  /// The built-in sources, and those of a folder: additional ones, or replacements by the same name.
  ///
  /// A built-in source whose events count for nothing is not read.
  static func all(folder: String?, weights: Weights, _ env: inout Environment) -> [Source] {
    [SQLFile].builtIn(builtIn.map(\.file), andFrom: folder, named: "TRENDING_SOURCES_DIR", &env).map { file in
      let own = file.isBuiltIn ? builtIn.first { $0.file.name == file.name } : nil
      return Source(file: file, kind: own?.kind, table: own?.table)
    }
    .filter { source in !(source.kind.map { weights.countsForNothing($0) } ?? false) }
  }

  /// The values that the file may use, for one window or several that end at the same moment.
  ///
  /// Each built-in source has its own names for the window: the type of the column that it is compared with decides
  /// whether the moment has a time zone. A column without one holds UTC, and MySQL compares it only with a moment that
  /// also has none.
  func values(since start: Timestamp, until end: Timestamp) -> [String: any PostgresEncodable] {
    let typed: [String: any PostgresEncodable] = ["window_start": start, "window_end": end]
    guard file.isBuiltIn else { return typed }
    return typed.merging(["\(name)_start": start.rfc3339, "\(name)_end": end.rfc3339]) { $1 }
  }

  /// Its events, with ids of the types that posts and users have.
  ///
  /// - Parameters:
  ///   - types: those types.
  ///   - isNamed: whether an event without a user is left out: its moment is null then.
  ///   - isCounted: whether the statement only reads all of it.
  func events(_ types: IDTypes, isNamed: Bool, isCounted: Bool = false) -> SQLFile {
    file.wrapped(
      in: SQLFragment("events.sql", PackageResources.events_sql).filling([
        "post": types.post, "user": types.user,
        "at": SQLFragment(sql: isNamed ? "case when user_id is not null then at::timestamptz end" : "at::timestamptz"),
        "window": window("where"),
        "begin": isCounted
          ? SQLFragment(sql: "select count(post_id), count(user_id), count(kind), count(at) from (") : .empty,
        "end": isCounted ? SQLFragment(sql: ") as event") : .empty,
      ]))
  }

  /// Whether it knows who did what.
  var hasUsers: SQLFile { framed("has_users.sql", PackageResources.has_users_sql) }

  /// An event that `TRENDING_WEIGHTS` does not name, if there is one.
  var unknownKind: SQLFile { framed("unknown_kind.sql", PackageResources.unknown_kind_sql) }

  private func framed(_ name: String, _ text: [UInt8]) -> SQLFile {
    file.wrapped(in: SQLFragment(name, text).filling(["window": window("and")]))
  }

  /// A built-in source has the condition itself, where a foreign server sees it.
  private func window(_ word: String) -> SQLFragment {
    file.isBuiltIn ? .empty : SQLFragment(sql: "\(word) at >= :window_start and at < :window_end")
  }
}

/// The types of ids, as casts name them.
struct IDTypes: Sendable {
  let post: SQLFragment
  let user: SQLFragment
}

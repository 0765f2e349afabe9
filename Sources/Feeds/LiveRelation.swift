public import JobRuntime
public import Postgres

/// The application's users or feeds without those that are deleted: a temporary view, made once in a run.
///
/// It would hide a user's table of the same name, so the names are ones that users do not choose.
public enum LiveRelation: String, CaseIterable, Sendable {
  case users = "oneshot_live_users"
  case feeds = "oneshot_live_feeds"

  private static let prefix = "oneshot_"

  /// What a user's own file calls it.
  public var alias: String { String(rawValue.dropFirst(Self.prefix.count)) }

  /// The statement that creates the view.
  ///
  /// `users` has `id`; `feeds` has `id`, `user_id` and `created_at`.
  public var file: SQLFile {
    switch self {
    case .users: SQLFile(builtIn: "live_users", PackageResources.live_users_sql)
    case .feeds: SQLFile(builtIn: "live_feeds", PackageResources.live_feeds_sql)
    }
  }

  /// The application's table that it reads.
  ///
  /// - Parameter otherwise: how to run without it, as the rest of a sentence.
  public func need(otherwise: String) -> TableNeed {
    let columns =
      switch self {
      case .users: ["id"]
      case .feeds: ["id", "user_id", "created_at"]
      }
    return TableNeed(
      alias.replacing("live_", with: ""), columns: columns, privileges: [.select],
      origin: .application(otherwise: otherwise))
  }
}

extension Session {
  /// Lets the user's own files read a relation that was created by the name that the pages promise.
  ///
  /// If the user has a table by this name, the files mean that table.
  public func makeAlias(of relation: LiveRelation) throws {
    let isFree: Statement = "select to_regclass(\(relation.alias)) is null as is_free"
    guard try query(isFree).only().value("is_free") else { return }
    try query(
      SQLFragment(sql: "create temporary view {alias} as select * from {relation}")
        .filling(["alias": SQLFragment(sql: relation.alias), "relation": SQLFragment(sql: relation.rawValue)])
        .statement())
  }
}

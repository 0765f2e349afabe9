import Feeds
import JobRuntime
import Postgres

/// How the application's tables are made.
struct Standing: Sendable {
  /// The type of `users.id`, as Postgres writes it.
  var idType: String
  /// Columns of `users` that an application may have or not.
  var columns: Set<String>
  /// Tables that an application may have or not.
  var tables: Set<String>
  /// Those of which no trigger queues what changes.
  var untracked: [String]
  /// Whether no pair can stand in `follows` twice.
  var hasPairsOnce: Bool
  /// See `IDColumns`.
  var collations: String?
  /// When hubs were counted last.
  var countedAt: Timestamp?

  static let optionalTables = ["blocks", "mutes", "suggestion_dismissals", "follow_requests"]
  static let optionalColumns = ["deleted_at", "suspended_at", "discoverable", "last_seen_at"]

  private static let users = IDColumns(
    of: "users",
    [
      ("users", "id"), ("follows", "follower_id"), ("follows", "followee_id"), ("blocks", "user_id"),
      ("blocks", "target_id"),
      ("mutes", "user_id"), ("mutes", "target_id"), ("suggestion_dismissals", "user_id"),
      ("suggestion_dismissals", "target_id"), ("follow_requests", "follower_id"), ("follow_requests", "followee_id"),
    ])

  static func read(_ run: JobRun) async throws -> Standing {
    let row = try await run.read(statement()).only()
    func words(_ column: String) throws -> Set<String> {
      Set(try row.value(column, as: String.self).split(separator: ",").map(String.init))
    }
    return Standing(
      idType: try row.value("id_type"), columns: try words("found_columns"), tables: try words("found_tables"),
      untracked: try words("untracked").sorted(),
      hasPairsOnce: try row.value("has_pairs_once"), collations: try row.optional("collations"),
      countedAt: try row.optional("counted_at"))
  }

  static func statement() throws -> Statement {
    try SQLFragment("standing.sql", PackageResources.standing_sql)
      .filling(["untracked": untracked, "pairs_once": pairsOnce, "collations": users.collations])
      .binding(["columns": optionalColumns, "tables": optionalTables])
      .statement()
  }

  /// What an installation should change about those tables.
  static func advice() throws -> Statement {
    try SQLFragment("index_advice.sql", PackageResources.index_advice_sql)
      .filling(["untracked": untracked, "pairs_once": pairsOnce]).statement()
  }

  private static let pairsOnce = SQLFragment("pairs_once.sql", PackageResources.pairs_once_sql)
  private static let untracked = SQLFragment("untracked.sql", PackageResources.untracked_sql)

  /// The tables that are not there.
  var missing: [String] { Self.optionalTables.filter { !tables.contains($0) } }

  /// What is wrong with the tables: ids that cannot be compared, or no blocks where nobody said that there are none.
  func complaint(_ blocks: SuggestedUsers.Blocks) -> JobFailure? {
    if let complaint = Self.users.complaint(collations) { return complaint }
    guard blocks == .required, !tables.contains("blocks") else { return nil }
    return JobFailure(
      .misconfigured, "there is no table blocks, so people would be suggested to those they have blocked",
      hint: "Make a view blocks (user_id, target_id), or set SUGGEST_BLOCKS=none for an application without blocks.")
  }
}

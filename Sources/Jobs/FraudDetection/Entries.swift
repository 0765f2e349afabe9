import JobRuntime
import Postgres

/// Which entries a run is for, as statements.
struct Entries: Sendable {
  let campaigns: [Int64]?
  let shard: Shard
  /// What is older is not checked.
  let keepFrom: Timestamp
  /// Whether the run has all checks.
  ///
  /// A run with some of the checks goes by its position alone: the facts of an entry say nothing about these checks.
  let isWhole: Bool

  /// How far a run before this one has read.
  enum Position: Sendable {
    case start
    /// For entries that carry the transaction that wrote them.
    case snapshot(String)
    /// For others: an entry that was written before this moment may have been committed after it.
    case moment(Timestamp, lastID: Int64)
  }

  /// Entries that no run has checked, in the order of their ids.
  func new(since position: Position, hasVerifiedAt: Bool, after id: Int64, limit: Int) throws -> Statement {
    let isNew: SQLFragment
    switch position {
    case .start: isNew = SQLFragment(sql: "true")
    case .snapshot(let seen):
      isNew = SQLFragment(
        sql: """
          e.written_by >= pg_snapshot_xmin(:seen::pg_snapshot)
              and not pg_visible_in_snapshot(e.written_by, :seen::pg_snapshot)
          """, ["seen": seen])
    case .moment(let moment, let lastID):
      isNew = SQLFragment(
        sql: "(e.created_at >= :since::timestamptz or e.id > :last_id)",
        ["since": moment - Self.overlap, "last_id": lastID])
    }
    let verified =
      hasVerifiedAt
      ? SQLFragment("verified_since.sql", PackageResources.verified_since_sql).filling(["campaign": campaign]) : .empty
    let unchecked = SQLFragment(
      sql: isWhole
        ? "left join oneshot.fraud_facts as f on f.entry_id = e.id\n  where f.entry_id is null" : "where true")
    let again =
      isWhole
      ? SQLFragment("not_whole.sql", PackageResources.not_whole_sql).filling(["campaign": campaign]) : .empty
    return try SQLFragment("new_entries.sql", PackageResources.new_entries_sql)
      .filling(["unchecked": unchecked, "is_new": isNew, "campaign": campaign, "again": again, "verified": verified])
      .binding(values.merging(["after": id, "limit": limit]) { $1 }).statement()
  }

  /// All entries, a page at a time.
  func page(after id: Int64, limit: Int) throws -> Statement {
    try SQLFragment("entries.sql", PackageResources.entries_sql).filling(["campaign": campaign])
      .binding(values.merging(["after": id, "limit": limit]) { $1 }).statement()
  }

  /// How long a transaction that writes entries may take, where these do not carry its number.
  private static let overlap = Duration.seconds(3600)

  private var campaign: SQLFragment {
    campaigns.map { SQLFragment(sql: "and e.campaign_id = any (:campaigns::bigint[])", ["campaigns": $0]) } ?? .empty
  }

  private var values: [String: any PostgresEncodable] {
    ["keep_from": keepFrom, "shard": shard.index, "shards": shard.count]
  }
}

/// One numbered step of the schema.
struct Migration: Sendable, Equatable {
  var version: Int
  var name: String
  var sql: String
}

extension Migration {
  /// All steps, in order. The rule for a new one: add a file to `migrations`, and a line here; only add
  /// to what stands, so that older binaries go on working (docs/decisions/0005-migrations-only-add.md).
  static let all: [Migration] = [
    Migration(1, "ledger", PackageResources.v0001_ledger_sql),
    Migration(2, "usage", PackageResources.v0002_usage_sql),
    Migration(3, "totals", PackageResources.v0003_totals_sql),
    Migration(4, "top_stats", PackageResources.v0004_top_stats_sql),
    Migration(5, "variants", PackageResources.v0005_variants_sql),
    Migration(6, "rollups", PackageResources.v0006_rollups_sql),
    Migration(7, "search", PackageResources.v0007_search_sql),
    Migration(8, "operations", PackageResources.v0008_operations_sql),
    Migration(9, "replay", PackageResources.v0009_replay_sql),
    Migration(10, "incidents", PackageResources.v0010_incidents_sql),
    Migration(11, "search_rebuild", PackageResources.v0011_search_rebuild_sql),
  ]

  private init(_ version: Int, _ name: String, _ bytes: [UInt8]) {
    self.init(version: version, name: name, sql: String(decoding: bytes, as: UTF8.self))
  }
}

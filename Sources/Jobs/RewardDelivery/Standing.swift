import JobRuntime
import Postgres

/// How the application's tables are made, and whose they are.
struct Standing: Sendable {
  var hasLetters: Bool
  var tables: Tables
  /// The schema of `rewards`.
  var schema: String
  /// The one whose rewards this database's rows are of; `nil` where there are none yet.
  var knownSchema: String?

  struct Tables: Sendable {
    /// The types of `rewards.id` and `rewards.status`, as Postgres writes them, without their lengths.
    var idType: String
    var statusType: String
    /// What follows an expression that is compared with `rewards.id`, so that the column's index finds it: ` collate …`.
    var idCollation = ""
    /// The type of `rewards.status` with its length.
    var wholeStatusType: String
    /// What the table's constraints say about `rewards.status` alone: ` and (…)` for each.
    var statusRules = ""
    /// Columns that an application may have or not.
    var optional: Set<String>
  }

  static func read(_ run: JobRun) async throws -> Standing {
    let row = try await run.read(
      Statement(
        file: "standing.sql", PackageResources.standing_sql,
        binding: ["instance": run.instance, "job": RewardDelivery.name])
    ).only()
    let columns: String = try row.value("optional_columns")
    return Standing(
      hasLetters: try row.value("has_letters"),
      tables: Tables(
        idType: try row.value("id_type"), statusType: try row.value("status_type"),
        idCollation: try row.optional("id_collation") ?? "", wholeStatusType: try row.value("whole_status_type"),
        statusRules: try row.optional("status_rules") ?? "",
        optional: Set(columns.split(separator: ",").map(String.init))),
      schema: try row.value("rewards_schema"), knownSchema: try row.optional("known_schema"))
  }

  /// What is wrong where the rows that there are belong to another table.
  var conflict: JobFailure? {
    guard let knownSchema, knownSchema != schema else { return nil }
    return JobFailure(
      .misconfigured,
      "rewards is a table of the schema \(schema), but this database has delivered rewards of the schema \(knownSchema)",
      hint:
        "Equal ids would be taken for the same reward: use a separate database for each. If the table was moved: update oneshot.reward_source set rewards_schema = '\(schema)'."
    )
  }

  /// Notes whose rewards they are, before the first one is decided on.
  func claim(_ run: JobRun) async throws {
    var found = self
    if knownSchema == nil {
      let schema = schema
      found.knownSchema = try await run.transaction { tx in
        try tx.execute(
          "insert into oneshot.reward_source (rewards_schema) values (\(schema)) on conflict do nothing")
        return try tx.query("select rewards_schema from oneshot.reward_source").only().value("rewards_schema")
      }
    }
    if let conflict = found.conflict { throw conflict }
  }
}

package import JobRuntime
package import Postgres

/// The findings of `fraud-detection` about an entry of a waitlist, for the person who decides.
package struct WaitlistReview: Sendable {
  package var entry: Int64
  /// `nil` once the findings about the entry are removed.
  package var campaign: Int64?
  /// `clear`, `suspect`, `held`, `approved` or `rejected`.
  package var state: String
  package var score: Int
  package var changedAt: Timestamp?
  package var decidedBy: String?
  package var decidedAt: Timestamp?
  package var note: String?
  /// What was found, with points: `self_referral 95, bot 50`.
  package var checks: String
  /// The evidence as JSON, by check; ids and counts, no addresses.
  ///
  /// Only for a single entry.
  package var evidence: String?
  /// How many match the filter.
  package var total: Int

  package init(row: Row) throws(PostgresError) {
    (entry, campaign) = (try row.value("entry_id"), try row.optional("campaign_id"))
    (state, score, changedAt) = (try row.value("state"), try row.value("score"), try row.optional("changed_at"))
    (decidedBy, decidedAt) = (try row.optional("decided_by"), try row.optional("decided_at"))
    (note, checks, evidence) = (try row.optional("note"), try row.value("checks"), try row.optional("evidence"))
    total = try row.value("total")
  }

  /// Those that wait for a decision.
  ///
  /// - Parameter limit: how many at most, those with the highest scores.
  package static func open(onlyHeld: Bool, limit: Int) throws(PostgresError) -> Statement {
    try Statement(
      file: "fraud_open.sql", PackageResources.fraud_open_sql, binding: ["only_held": onlyHeld, "limit": limit])
  }

  package static func of(_ entry: Int64) throws(PostgresError) -> Statement {
    try Statement(file: "fraud_entry.sql", PackageResources.fraud_entry_sql, binding: ["entry": entry])
  }

  /// - Parameters:
  ///   - state: `approved` or `rejected`.
  ///   - who: for the audit.
  package static func decide(
    _ entry: Int64, _ state: String, by who: String, note: String?
  ) throws(PostgresError) -> Statement {
    try Statement(
      file: "fraud_decide.sql", PackageResources.fraud_decide_sql,
      binding: ["entry": entry, "state": state, "who": who, "note": note])
  }

  package var json: JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return [
      "entry": .integer(entry), "campaign": campaign.map { .integer($0) } ?? .null, "state": .string(state),
      "score": .integer(Int64(score)), "changed_at": text(changedAt?.rfc3339), "decided_by": text(decidedBy),
      "decided_at": text(decidedAt?.rfc3339), "note": text(note), "checks": .string(checks),
      "evidence": evidence.map { .verbatim($0) } ?? .null,
    ]
  }
}

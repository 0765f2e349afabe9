import Events
import JobRuntime
import Postgres

/// Runs six checks on each new sign-up of a waitlist, keeps the reasons, and leaves the verdict to a person.
///
/// - Reads and writes: `waitlist_entries`; `oneshot.fraud_…`, `oneshot.events`.
/// - Safe to run twice: what is found follows from the entries, and what has not changed is not written.
/// - Safe to stop halfway: each page is its own transaction; the next run continues with what is not checked yet.
/// - If it is late: it checks more entries in one run.
@main
struct FraudDetection: Job {
  static let facts = JobFacts(
    name: "fraud-detection",
    summary: "checks new sign-ups of a waitlist, and holds back those that a person has to decide on",
    schema: [MigrationNeed("fraud", 10), Outbox.schema],
    tables: [entries, Outbox.need] + own,
    letterKinds: [.checkFailed])

  private static let entries = TableNeed(
    "waitlist_entries", columns: ["id", "campaign_id", "email", "referred_by", "created_at"], privileges: [.select],
    origin: .application(otherwise: "make a view of that name with these columns"))

  private static let own = [
    TableNeed(
      "oneshot.fraud_facts", columns: ["entry_id", "network", "device", "is_whole"],
      privileges: [.select, .insert, .update, .delete]),
    TableNeed(
      "oneshot.fraud_signals", columns: ["entry_id", "check_name", "points", "evidence"],
      privileges: [.select, .insert, .update, .delete]),
    TableNeed(
      "oneshot.fraud_reviews", columns: ["entry_id", "score", "state", "signals_at_decision"],
      privileges: [.select, .insert, .update]),
    TableNeed(
      "oneshot.fraud_domains", columns: ["domain", "kind", "source"], privileges: [.select, .insert, .delete]),
    TableNeed("oneshot.fraud_networks", columns: ["network"], privileges: [.select]),
    TableNeed("oneshot.fraud_rules", columns: ["rules"], privileges: [.select, .insert, .update]),
    TableNeed(
      "oneshot.fraud_positions", columns: ["instance", "variant", "seen"], privileges: [.select, .insert, .update]),
  ]

  let settings: Settings

  /// A verification only looks.
  var writes: Bool { settings.mode != .verify }

  func run(_ run: JobRun) async throws -> Report {
    var screening = Screening(settings, run)
    try await screening.look()
    guard !run.isDryRun else { return try await screening.plan() }
    switch settings.mode {
    case .new: try await screening.checkNew()
    case .recheck: try await screening.checkAgain()
    case .verify: try await screening.verify()
    }
    return screening.report
  }
}

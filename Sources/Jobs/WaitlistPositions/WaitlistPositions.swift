import Events
import JobRuntime
import Postgres

/// Gives everybody on a waitlist their place, by the referrals that count, and notifies those whose place has changed.
///
/// - Reads and writes: `waitlist_campaigns`, `waitlist_entries` (of which it writes `position` alone);
///   `oneshot.waitlist_…`; `oneshot.events`.
/// - Safe to run twice: a place that is right already is not written, and causes no notification.
/// - Safe to stop halfway: a campaign is one transaction, with its events.
/// - If it is late: places are right all the same, and climbs add up to one event.
@main
struct WaitlistPositions: Job {
  static let facts = JobFacts(
    name: "waitlist-positions",
    summary: "gives waitlist entries their places, and notifies those who have moved",
    schema: [Outbox.schema, MigrationNeed("waitlist", 7)],
    tables: [
      Outbox.need,
      TableNeed(
        "oneshot.waitlist_placements",
        columns: ["campaign_id", "entry_id", "priority", "referrals", "notified_position"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.waitlist_standings", columns: ["campaign_id", "rules", "digest", "instance"],
        privileges: [.select, .insert, .update]),
      TableNeed(
        "oneshot.waitlist_position_history", columns: ["entry_id", "moved_at", "to_position"], privileges: [.insert]),
    ],
    letterKinds: [.failed, .oddReferrals])

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    var (report, failures) = (Report(), Failures())
    let campaigns = try await campaigns(run)
    for campaign in campaigns where campaign.hasValidPoints {
      try Task.checkCancellation()
      var outcome = Outcome(hasFailed: true)
      do { outcome = try await place(campaign, run) } catch PostgresError.server(let error)
        where error.isOfOneCampaign
      {
        try await failures.failed(campaign, error, run)
      }
      if !outcome.hasFailed { try await failures.placed(run) }
      report.add(outcome)
      try run.checkpoint(report)
      run.log.progress("campaigns", report.campaigns)
    }
    try failures.end()
    try await resolveLettersOfOthers(run)
    try Self.refuse(campaigns.filter { !$0.hasValidPoints })
    return report
  }
}

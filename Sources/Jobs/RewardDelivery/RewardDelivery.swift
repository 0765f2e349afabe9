import JobRuntime
import Postgres

/// Gives each reward that is due its code, requests the message to its owner, and notes what became of it.
///
/// - Reads and writes: `rewards` (of which it writes `status` alone), `users`; `oneshot.reward_…`, `oneshot.deliveries`.
/// - Safe to run twice: a reward that was decided on has a row, and a code is given to one reward.
/// - Safe to stop halfway: each batch is its own transaction, with codes, messages and outcomes.
/// - If it is late: it delivers more in one run; what is older than `REWARD_MAX_AGE` is left to a person.
@main
struct RewardDelivery: Job {
  static let facts = JobFacts(
    name: "reward-delivery",
    summary: "gives rewards their codes, each one once, and requests the messages to their owners",
    schema: [MigrationNeed("rewards", 1), MigrationNeed("delivery", 1), MigrationNeed("notifications", 1)],
    tables: application + [
      TableNeed(
        "oneshot.reward_codes", columns: ["reward_type", "code", "valid_until", "reward_id", "given_at", "void_at"],
        privileges: [.select], limits: [.update: ["reward_id", "given_at"]]),
      TableNeed(
        "oneshot.reward_types",
        columns: ["reward_type", "needs_code", "title", "template", "endpoint_id", "low_codes"], privileges: [.select]),
      TableNeed(
        "oneshot.reward_deliveries",
        columns: [
          "reward_id", "reward_type", "method", "state", "delivery_id", "requests", "decided_at", "ended_at", "reason",
        ],
        privileges: [.select, .insert, .update]),
      TableNeed("oneshot.reward_source", columns: ["rewards_schema"], privileges: [.select, .insert]),
      TableNeed(
        "oneshot.deliveries", columns: requested, privileges: [],
        limits: [.insert: requested, .select: ["delivery_id", "state", "last_code"]]),
      TableNeed("oneshot.webhook_endpoints", columns: endpoint, privileges: [], limits: [.select: endpoint]),
    ],
    letterKinds: [.invalid, .tooOld, .noCode, .undelivered, .refused])

  private static let application = [
    TableNeed("users", columns: ["id", "email"], privileges: [.select], origin: origin),
    TableNeed(
      "rewards", columns: ["id", "user_id", "campaign_id", "type", "method", "status", "earned_at"],
      privileges: [.select], limits: [.update: ["status"]], origin: origin),
  ]
  private static let origin = TableNeed.Origin.application(otherwise: "make a view of that name with these columns")

  private static let requested = [
    "dedup_key", "channel", "recipient", "user_id", "locale", "template", "data", "on_doubt", "expires_at",
  ]
  // Not their secrets: only outbox-delivery reads those.
  private static let endpoint = ["endpoint_id", "types", "disabled_at"]

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    let standing = try await Standing.read(run)
    let rewards = Rewards(settings, standing.tables, run)
    var pass = RewardPass(rewards, hasLetters: standing.hasLetters, run)
    if run.isDryRun {
      try await pass.plan()
    } else {
      try await standing.claim(run)
      try await pass.follow()
      try await pass.decide()
    }
    try await pass.conclude()
    return pass.report
  }
}

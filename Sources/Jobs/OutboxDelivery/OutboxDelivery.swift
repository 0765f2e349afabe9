import JobRuntime
import Postgres

/// Sends the mail and the webhooks that other jobs and the application have requested in `oneshot.deliveries`.
///
/// - Reads and writes: `oneshot.deliveries`, their attempts and targets, `oneshot.suppressions`,
///   `oneshot.webhook_endpoints`. It is the only job that talks to the outside.
/// - Safe to run twice: an attempt is committed before anything is sent, and its outcome afterwards.
/// - Safe to stop halfway: at most one message of each lane is in doubt; what it says of doubt decides.
/// - If it is late: it sends what is due, by priority, and nothing that has expired.
@main
struct OutboxDelivery: Job {
  static let facts = JobFacts(
    name: "outbox-delivery",
    summary: "sends mail and webhooks that are due, each attempt committed before anything is sent",
    schema: [MigrationNeed("delivery", 3)],
    tables: [
      TableNeed(
        "oneshot.deliveries", columns: ["delivery_id", "state", "next_at", "recipient", "data"],
        privileges: [.select, .update, .delete]),
      TableNeed(
        "oneshot.delivery_attempts", columns: ["delivery_id", "attempt", "outcome", "started_at"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.delivery_targets", columns: ["target", "failures", "closed_until"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.suppressions", columns: ["address", "category", "until"], privileges: [.select, .insert, .update]),
      TableNeed(
        "oneshot.webhook_endpoints", columns: ["endpoint_id", "url", "secrets", "types"], privileges: [.select],
        limits: [.update: ["disabled_at", "disabled_reason"]]),
    ],
    letterKinds: LetterKind.all)

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    guard run.shard.isWhole else {
      throw JobFailure(
        .misconfigured, "JOB_SHARD_COUNT is \(run.shard.count), and one process sends all messages",
        hint: "Leave it unset; DELIVERY_PARALLEL is how many it sends at once.")
    }
    guard WebDelivery.isBuiltIn else {
      throw JobFailure(.misconfigured, "outbox-delivery \(WebDelivery.isMissing)", hint: "Build it with that trait.")
    }
    let pass = try await DeliveryPass(settings, run)
    guard !run.isDryRun else { return try await pass.plan(run) }
    try await pass.sweep(run)
    try await run.inLanes(settings.parallel) { _, run in try await pass.send(run) }
    return try await pass.finish(run)
  }
}

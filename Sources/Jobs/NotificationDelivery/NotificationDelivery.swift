import JobRuntime
import Postgres

/// Decides where each notification goes: into the application, by e-mail or webhook, into a digest, or nowhere.
///
/// - Reads and writes: `notifications`, `users`, `notification_preferences`; `oneshot.notification_…`,
///   `oneshot.digest_items`, `oneshot.deliveries`.
/// - Safe to run twice: what was decided for a notification and a channel stays.
/// - Safe to stop halfway: each batch is its own transaction, which takes its notifications from the queue.
/// - If it is late: it decides more in one run; e-mails about notifications older than `NOTIFY_MAX_AGE` are left out.
@main
struct NotificationDelivery: Job {
  static let facts = JobFacts(
    name: "notification-delivery",
    summary: "decides where each notification goes, once: shown, by e-mail, by webhook, into a digest",
    schema: [MigrationNeed("notifications", 1), MigrationNeed("delivery", 1)],
    tables: application + [
      TableNeed(
        "oneshot.notification_pending", columns: ["notification_id", "queued_at"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.notification_categories",
        columns: ["category", "in_app", "email", "webhook", "can_be_left", "on_doubt", "template"],
        privileges: [.select]),
      TableNeed(
        "oneshot.notification_inbox", columns: ["user_id", "notification_id", "category", "arrived_at"],
        privileges: [.insert]),
      TableNeed(
        "oneshot.digest_items", columns: ["user_id", "frequency", "notification_id", "queued_at", "digest_id"],
        privileges: [.select, .insert, .update]),
      TableNeed(
        "oneshot.notification_outcomes",
        columns: ["notification_id", "channel", "outcome", "delivery_id", "decided_at", "user_id", "due_at"],
        privileges: [.select, .insert]),
      TableNeed(
        "oneshot.deliveries", columns: requested, privileges: [],
        limits: [.insert: requested, .select: ["delivery_id", "state", "attempts"], .update: ["data"]]),
      TableNeed(
        "oneshot.suppressions", columns: suppression, privileges: [], limits: [.select: suppression]),
      TableNeed("oneshot.webhook_endpoints", columns: endpoint, privileges: [], limits: [.select: endpoint]),
    ],
    letterKinds: [.invalid, .refused])

  private static let application = [
    ("users", ["id", "email"]),
    ("notifications", ["id", "user_id", "type", "category", "title", "body", "data", "created_at"]),
    ("notification_preferences", ["user_id", "category", "channel", "mode"]),
  ].map { table, columns in
    TableNeed(
      table, columns: columns, privileges: [.select],
      origin: .application(otherwise: "make a view of that name with these columns"))
  }

  private static let requested = [
    "dedup_key", "channel", "category", "recipient", "user_id", "locale", "template", "data", "on_doubt", "not_before",
    "expires_at",
  ]
  private static let suppression = ["address", "category", "until"]
  // Not their secrets: only outbox-delivery reads those.
  private static let endpoint = ["endpoint_id", "types", "disabled_at"]

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    var pass = DecisionPass(settings, run)
    let standing = try await Standing.read(run)
    guard standing.isPending || settings.linger > .zero else { return pass.report }
    let decision = try Decision(settings, standing.tables)
    guard !run.isDryRun else { return try await pass.plan(decision) }
    try await pass.carryOut(decision, hasLetters: standing.hasLetters)
    return pass.report
  }
}

extension LetterKind {
  static let invalid = LetterKind(
    "invalid",
    cause:
      "A mode, a time zone or an address that the notification depends on is not valid; the message names its column.",
    remedy: "Correct it, then replay the dead letter: the channels that were not decided are decided then.")

  static let refused = LetterKind(
    "refused",
    cause:
      "Postgres refused to write the decision about the notification, or refused its id; the message is from Postgres.",
    remedy: "Correct the notification, then replay the dead letter; or discard it.")
}

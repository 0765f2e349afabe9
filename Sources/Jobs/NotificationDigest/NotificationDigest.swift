import JobRuntime
import Postgres

/// Collects items that wait for a digest into one e-mail for each user, at an hour of the user's own clock.
///
/// - Reads and writes: `notifications`, `users`, `digest_preferences`; `oneshot.digest_…`, `oneshot.digests`,
///   `oneshot.deliveries`.
/// - Safe to run twice: a user who has had the digest of a due time is no longer due.
/// - Safe to stop halfway: each batch of users is its own transaction.
/// - If it is late: within `DIGEST_GRACE` digests go out late; after that their items wait for the next one.
@main
struct NotificationDigest: Job {
  static let facts = JobFacts(
    name: "notification-digest",
    summary: "makes one mail of a day's or a week's notifications, at an hour in the user's time zone",
    schema: [MigrationNeed("notifications", 2), MigrationNeed("delivery", 1)],
    tables: application + [
      TableNeed(
        "oneshot.digest_items", columns: ["user_id", "frequency", "notification_id", "queued_at", "digest_id"],
        privileges: [.select, .update, .delete]),
      TableNeed(
        "oneshot.digest_state", columns: ["user_id", "frequency", "last_due_at", "last_digest_at"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.digests", columns: ["digest_id", "user_id", "frequency", "due_at", "items", "delivery_id", "made_at"],
        privileges: [.select, .insert]),
      TableNeed(
        "oneshot.notification_inbox", columns: shown, privileges: [], limits: [.select: shown]),
      TableNeed("oneshot.deliveries", columns: requested, privileges: [], limits: [.insert: requested]),
      TableNeed("oneshot.suppressions", columns: suppression, privileges: [], limits: [.select: suppression]),
    ],
    letterKinds: [.invalid, .refused])

  private static let application = [
    ("users", ["id", "email"]),
    ("notifications", ["id", "type", "category", "title", "body", "data", "created_at"]),
  ].map { table, columns in
    TableNeed(
      table, columns: columns, privileges: [.select],
      origin: .application(otherwise: "make a view of that name with these columns"))
  }

  private static let shown = ["user_id", "notification_id", "read_at"]
  private static let requested = [
    "dedup_key", "channel", "category", "recipient", "user_id", "locale", "template", "data", "on_doubt", "expires_at",
  ]
  private static let suppression = ["address", "category", "until"]

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    var pass = DigestPass(settings, run)
    let standing = try await Standing.read(settings, run)
    guard standing.isWaiting else { return pass.report }
    let digest = Digest(settings, standing.tables, zones: try await Digest.zones(run), run)
    for frequency in settings.frequencies { try await pass.carryOut(frequency, digest, standing.hasLetters) }
    if !run.isDryRun { try await pass.dropOld(digest) }
    return pass.report
  }
}

extension LetterKind {
  static let invalid = LetterKind(
    "invalid",
    cause:
      "A user's preference is not a valid time zone, hour, minute or weekday, or the address is not valid; the message says which.",
    remedy:
      "Correct it, then replay the dead letter. Until then the defaults apply; without an address nothing is sent."
  )

  static let refused = LetterKind(
    "refused",
    cause: "Postgres refused the user's digest; the message is from Postgres.",
    remedy: "Correct what it names; each run tries it again until `DIGEST_GRACE` is over.")
}

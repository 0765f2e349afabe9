import JobRuntime
import Postgres
import Redis

/// Keeps a list of people to follow for each user, in Redis: friends of their friends, best first.
///
/// - Reads and writes: the application's tables; keys `suggested_users:{id}`; `oneshot.suggestion_…`.
/// - Safe to run twice: what was queued is removed once its list is published, and a repeat makes the same bytes.
/// - Safe to stop halfway: each list is replaced in one step; users whose list was not recorded are still queued.
/// - If it is late: lists do not know of what happened since, a block, for example; who is queued longest comes first.
@main
struct SuggestedUsers: Job {
  static let facts = JobFacts(
    name: "suggested-users",
    summary: "keeps a list of people to follow for each user",
    keepsDataInRedis: true,
    schema: [MigrationNeed("suggestions", 3)],
    tables: [
      TableNeed(
        "users", columns: ["id"], privileges: [.select],
        origin: .application(otherwise: "make a view of that name with these columns")),
      TableNeed(
        "follows", columns: ["follower_id", "followee_id", "created_at"], privileges: [.select],
        origin: .application(otherwise: "make a view of that name with these columns")),
      TableNeed(
        "oneshot.suggestion_pending", columns: ["id", "user_id", "urgency", "queued_at"],
        privileges: [.select, .insert, .delete]),
      TableNeed(
        "oneshot.suggestion_lists", columns: ["user_id", "digest", "computed_at", "members"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.suggestion_hubs", columns: ["user_id", "followers", "following", "gained"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.suggestion_state", columns: ["shard_count", "counted_at", "due_before"],
        privileges: [.select, .update]),
      TableNeed(
        "oneshot.suggestion_cursors", columns: ["shard", "shard_count", "after_id"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed("oneshot.suggestion_unknown", columns: ["id", "reason"], privileges: [.select, .delete]),
    ],
    letterKinds: [.failed, .sourceFailed, .forbidden])

  let settings: Settings

  var writes: Bool { settings.mode != .verify }

  func run(_ run: JobRun) async throws -> Report {
    let standing = try await Standing.read(run)
    if let complaint = standing.complaint(settings.blocks) { throw complaint }
    let run = run.isDryRun || !writes ? run : try await run.keepingOtherShardCountsOut(by: "suggestion_state")
    // From now on an earlier run that was paused cannot publish over this run's lists.
    try await run.claim(family: settings.keyPrefix)
    let suggestions = Suggestions(settings, standing, run)
    if settings.mode != .verify { try await suggestions.refreshHubs(run) }
    var pass = ListPass(suggestions, popular: try await suggestions.popularPeople(run), run)
    pass.report.withoutTables = standing.missing.isEmpty ? nil : standing.missing
    if !standing.untracked.isEmpty {
      pass.report.withoutTriggers = standing.untracked
      run.log.warning(
        "no trigger queues what changes in some tables, so lists know of that only when they are SUGGEST_MAX_AGE old, unless the application queues users itself; suggested-users --check says what to run",
        ["tables": .array(standing.untracked.map { .string($0) })])
    }
    switch settings.mode {
    case .changed: try await pass.makeChanged()
    case .users: try await pass.make(settings.users.map { Queued(id: $0, urgency: 0) })
    case .rebuild: try await pass.rebuild()
    case .verify: try await pass.verify()
    }
    try await pass.conclude()
    return pass.report
  }
}

/// A user whose list is to be made.
struct Queued: Sendable {
  var id: String
  /// See `suggestion_pending`.
  var urgency: Int
}

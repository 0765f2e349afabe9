import JobRuntime
import Postgres

/// A replay puts the notification into the queue again; the run, or one of another share, decides what was not decided.
extension NotificationDelivery: Replayable {
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let ids = letters.map(\.item)
    try await run.transaction { tx in
      try tx.execute(
        """
        insert into oneshot.notification_pending (notification_id) select unnest(\(ids)::text[]) on conflict do nothing
        """)
    }
    return letters.map { _ in .done }
  }
}

extension NotificationDelivery: Checkable {
  /// Makes the server parse the deciding statement against the application's actual tables.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    do {
      let standing = try await Standing.read(run)
      let statement = try Decision(settings, standing.tables).writing([], at: run.scheduledAt, for: run.shard)
      try await run.reading { session in _ = try session.describe(statement) }
      return []
    } catch let error as PostgresError where error.state == .undefinedTable || error.state?.isDenied == true {
      // Missing tables and rights are reported elsewhere.
      return []
    } catch let error as PostgresError where error.state?.errorClass == "42" {
      return [
        JobFailure(
          .misconfigured, "the types of users, notifications and notification_preferences do not match: \(error)",
          hint: "Give user_id in both the type of users.id; a view may convert it.")
      ]
    }
  }
}

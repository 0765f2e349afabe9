import JobRuntime
import Postgres

/// A replay makes a user who had no digest at the last due time due again, for the same digest, within `DIGEST_GRACE`.
extension NotificationDigest: Replayable {
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    settings.frequencies.contains { letter.item.hasPrefix("\($0.rawValue)/") } && letter.isShare(of: shard)
  }

  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let items = letters.map(\.item)
    try await run.transaction { tx in
      try tx.execute(
        """
        delete from oneshot.digest_state as state
        where frequency || '/' || user_id = any (\(items)::text[]) and not exists (
          select from oneshot.digests as made
          where (made.user_id, made.frequency, made.due_at) = (state.user_id, state.frequency, state.last_due_at))
        """)
    }
    return letters.map { _ in .done }
  }
}

extension NotificationDigest: Checkable {
  /// Makes the server parse the statements against the application's actual tables.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    do {
      let standing = try await Standing.read(settings, run)
      let digest = Digest(settings, standing.tables, zones: [], run)
      try await run.reading { session in
        for frequency in settings.frequencies {
          _ = try session.describe(digest.page(frequency, after: "", limit: 1))
          _ = try session.describe(digest.making([], frequency))
        }
      }
      return []
    } catch let error as PostgresError where error.state == .undefinedTable || error.state?.isDenied == true {
      // Missing tables and rights are reported elsewhere.
      return []
    } catch let error as PostgresError where error.state?.errorClass == "42" {
      return [
        JobFailure(
          .misconfigured, "the types of users, notifications and digest_preferences do not match: \(error)",
          hint:
            "Give digest_preferences the columns user_id, of the type of users.id, and frequency; a view may convert them."
        )
      ]
    }
  }
}

import JobRuntime
import Postgres
import Redis

extension SuggestedUsers: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    if settings.blocks == .required {
      needs.tables.append(
        TableNeed(
          "blocks", columns: ["user_id", "target_id"], privileges: [.select],
          origin: .application(otherwise: "set SUGGEST_BLOCKS=none")))
    }
    let key = settings.keyPrefix + "check"
    needs.redisTrials = [RedisCommand("GET", key), RedisCommand("PTTL", key)]
    if settings.mode == .verify { needs.redisTrials.append(RedisCommand("CLUSTER", "SLOTS")) }
    return needs
  }

  /// Has the server parse the statements over the application's tables, as they are.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    do {
      let standing = try await Standing.read(run)
      if let complaint = standing.complaint(settings.blocks) { return [complaint] }
      let suggestions = Suggestions(settings, standing, run)
      let statements = try [
        suggestions.batch([], popular: []), suggestions.page(after: nil), suggestions.countHubs(),
        suggestions.spread(of: []), suggestions.forbidden([], lists: []),
      ]
      try await run.reading { session in
        for statement in statements { _ = try session.describe(statement) }
      }
      let failures = try await run.snapshot { session in
        try suggestions.sources.read([], session, limit: run.timeLeft).failures
      }
      return failures.sorted { $0.key < $1.key }.map {
        JobFailure(.misconfigured, $0.value, hint: "Correct the file, or take it out of SUGGEST_SOURCES_DIR.")
      }
    } catch let error as PostgresError where error.state == .undefinedTable || error.state?.isDenied == true {
      // Reported as what is missing.
      return []
    } catch let error as PostgresError where error.state.map({ ["42", "22"].contains($0.errorClass) }) ?? false {
      return [
        JobFailure(
          .misconfigured, "the tables do not match what this job needs: \(error)",
          hint: "Give all columns with ids of users the type of users.id; a view may convert them.")
      ]
    }
  }

  func advice(for run: JobRun) -> Statement? { try? Standing.advice() }
}

/// A replay queues the user: whichever shard has them makes their list.
extension SuggestedUsers: Replayable {
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool { letter.isShare(of: shard) && writes }

  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let users = letters.map(\.item).filter { !$0.hasPrefix("source/") }
    let queue: Statement = """
      insert into oneshot.suggestion_pending (user_id, urgency) select item, 0 from unnest(\(users)::text[]) as item
      """
    try await run.transaction { tx in try tx.execute(queue) }
    return letters.map { _ in .done }
  }
}

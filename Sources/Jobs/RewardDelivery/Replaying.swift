import JobRuntime
import Postgres

/// A replay decides again on a reward that has failed: with the code that it has, and whatever its age.
extension RewardDelivery: Replayable {
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    guard letter.isShare(of: shard) else { return false }
    guard let types = settings.types else { return true }
    // Which type it was, a letter of Postgres' does not say.
    return !letter.hasPayload("type") || types.contains { letter.hasPayload("type", $0) }
  }

  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let standing = try await Standing.read(run)
    try await standing.claim(run)
    let batch = Batch(rewards: Rewards(settings, standing.tables, run), hasLetters: true, run: run)
    var locked: Set<ExactName> = []
    for start in stride(from: 0, to: letters.count, by: settings.batch) {
      let ids = letters[start..<min(start + settings.batch, letters.count)].map(\.item)
      // What was sent again by hand is not sent once more.
      let outcome = try await run.transaction { tx in try batch.carryOut([.follow, .decideAgain], ids, tx) }
      locked.formUnion(outcome.locked.map(ExactName.init))
    }
    return letters.map {
      locked.contains(ExactName($0.item)) ? .postponed("another transaction has locked its row of rewards") : .done
    }
  }
}

extension RewardDelivery: Checkable {
  /// Has the server parse the statements over the application's tables, as they are, and try each status there.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    do {
      let standing = try await Standing.read(run)
      let rewards = Rewards(settings, standing.tables, run)
      let place = Rewards.Place(earnedAt: "-infinity", id: "")
      let statements = try [
        rewards.page(after: place, short: [], limit: 1), rewards.deciding([], short: [], isReplay: false),
        rewards.following([]),
      ]
      let refused: [String] = try await run.reading { session in
        for statement in statements { _ = try session.describe(statement) }
        return try session.query(rewards.refusedStates()).map { try $0.value("state") }
      }
      let ofStates = JobFailure(
        .misconfigured,
        "rewards.status does not take \(refused.joined(separator: ", ")): its type is too short, or a constraint refuses it",
        hint: Self.states)
      return [standing.conflict, refused.isEmpty ? nil : ofStates].compactMap(\.self)
    } catch let error as PostgresError where error.state == .undefinedTable || error.state?.isDenied == true {
      // Reported as what is missing.
      return []
    } catch let error as PostgresError where error.isOfHowTablesAreMade {
      return [
        JobFailure(
          .misconfigured, "rewards and users do not match what this job needs: \(error)",
          hint: "Give user_id the type of users.id. " + Self.states
        )
      ]
    }
  }

  private static let states =
    "Make status accept due, \(Rewards.states.joined(separator: ", ")); a view may convert it, if it can be updated."

  func advice(for run: JobRun) -> Statement? {
    try? Statement(file: "index_advice.sql", PackageResources.index_advice_sql, binding: [:])
  }
}

extension PostgresError {
  /// Whether a statement does not fit the tables: a column, a type, a value of an enumeration, a view that cannot be updated.
  fileprivate var isOfHowTablesAreMade: Bool {
    state.map { $0.mayBeOfOneRow || ["0A", "42", "55"].contains($0.errorClass) } ?? false
  }
}

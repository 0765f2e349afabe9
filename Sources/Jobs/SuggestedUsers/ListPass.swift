import JobRuntime
import Postgres

/// The lists of a run, batch by batch.
struct ListPass: Sendable {
  let suggestions: Suggestions
  let popular: [String]
  let run: JobRun
  var report = SuggestedUsers.Report()
  /// Why sources have failed, by their names.
  private var sourceFailures: [String: String] = [:]
  /// How many users this run has taken.
  ///
  /// One who is queued again meanwhile counts again.
  private var taken = 0
  /// Users whom this run does not take again: those who have failed; of a plan, which records nothing, all.
  private var passed: [String] = []

  var settings: SuggestedUsers.Settings { suggestions.settings }

  init(_ suggestions: Suggestions, popular: [String], _ run: JobRun) {
    (self.suggestions, self.popular, self.run) = (suggestions, popular, run)
  }

  // MARK: Whose lists

  /// Those who are queued, the most urgent first, and those whose lists are old.
  mutating func makeChanged() async throws {
    report.lost = try await Presence(settings).findLost(run)
    for next in [suggestions.pending, suggestions.due] {
      while taken < settings.budget {
        let users = try await run.read(next(passed).limited(to: run.timeLeft)).map { row in
          Queued(id: try row.value("user_id"), urgency: try row.value("urgency"))
        }
        guard !users.isEmpty else { break }
        try await make(Array(users.prefix(settings.budget - taken)))
      }
    }
  }

  mutating func make(_ users: [Queued]) async throws {
    for start in stride(from: 0, to: users.count, by: settings.batch) {
      try Task.checkCancellation()
      let batch = Array(users[start..<min(start + settings.batch, users.count)])
      try await makeBatch(batch)
      taken += batch.count
      if run.isDryRun { passed += batch.map(\.id) }
      try run.checkpoint(report)
      run.log.progress("users", report.users)
    }
  }

  // MARK: A batch

  /// What Postgres refuses because of one user is found by halves; the others go on.
  private mutating func makeBatch(_ users: [Queued]) async throws {
    do {
      let batch = try await Batch.read(users.map(\.id), suggestions, popular: popular, run)
      run.log.debug("calculated the lists")
      sourceFailures.merge(batch.sourceFailures) { first, _ in first }
      try await publish(batch)
      if !run.isDryRun { try await batch.record(suggestions, run) }
      count(batch)
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      guard users.count > 1 else {
        return try await fail(users[0].id, "\(error.message) (SQLSTATE \(error.state.rawValue))")
      }
      try await makeBatch(Array(users[..<(users.count / 2)]))
      try await makeBatch(Array(users[(users.count / 2)...]))
    }
  }

  private func publish(_ batch: Batch) async throws {
    // Whoever names users wants to have their lists as they are now.
    let mustGo = settings.mode == .users
    var entries = batch.gone.map { FamilyEntry(settings.keyPrefix + $0, .sortedSet([])) }
    for list in batch.lists where !list.isInactive || mustGo || batch.urgent.contains(ExactName(list.user)) {
      entries.append(
        FamilyEntry(
          settings.keyPrefix + list.user, list.content(settings.form), timeToLive: life(of: list.user),
          condition: .differing))
    }
    try await run.publish(entries, fencedBy: settings.keyPrefix)
  }

  /// The lists of those who came at the same time do not all expire at the same time.
  private func life(of user: String) -> Duration {
    let tenth = Int(UInt64(bitPattern: MadeList.digest(user)) % 201) - 100
    return settings.timeToLive * (1000 + tenth) / 1000
  }

  private mutating func count(_ batch: Batch) {
    report.users += batch.lists.count + batch.gone.count
    report.removed += batch.gone.count
    for list in batch.lists {
      if list.isInactive {
        report.inactive += 1
      } else {
        if batch.known[ExactName(list.user)] == list.digest { report.unchanged += 1 } else { report.changed += 1 }
        if list.entries.isEmpty { report.empty += 1 }
        if list.isFilled { report.filled += 1 }
      }
    }
  }

  private mutating func fail(_ user: String, _ message: String) async throws {
    report.users += 1
    report.failed += 1
    passed.append(user)
    try await run.transaction { tx in try tx.reject([ItemFailure(item: user, kind: .failed, message: message)]) }
  }

  // MARK: After

  mutating func conclude() async throws {
    try await recordSources()
    let left = try await run.read(suggestions.left().limited(to: run.timeLeft)).only()
    report.behind = try left.value("users")
    report.oldestSeconds = try left.optional("oldest_seconds")
  }

  /// A source that fails stops no list.
  private func recordSources() async throws {
    let failures = sourceFailures.sorted { $0.key < $1.key }.map { name, message in
      ItemFailure(item: "source/" + name, kind: .sourceFailed, message: message)
    }
    let good = settings.sources.map(\.name).filter { sourceFailures[$0] == nil }.map { "source/" + $0 }
    guard report.users > 0, !(failures.isEmpty && good.isEmpty) else { return }
    try await run.transaction { tx in
      try tx.reject(failures)
      try tx.resolve(good)
    }
  }
}

import BlockingIO
import JobRuntime

/// Finds what is wrong, from facts and expectations alone.
package struct Judgement {
  package let facts: HealthFacts
  let settings: HealthSettings
  /// The job that judges, and does not judge itself.
  let observer: String?
  /// Whose runs are judged.
  package let scope: HealthScope
  let parts: [HealthPart]
  /// The names of the parts.
  package private(set) var names = PartNames([])
  /// The same by job and shard: those that share a lock, each under the name of no variant.
  let byLock: [JobPart: [HealthPart]]
  /// Runs whose start is in the future by Postgres' clock; they are not judged.
  private let early: [LedgerRun]

  /// The most successes from which a usual duration is calculated.
  static let longestHistory = 20
  static let shortestHistory = 5
  /// How much longer than usual a run has to take to count as slow, however short it is.
  static let noticeable = Duration.seconds(10)
  /// The most locks without an expiry that are reported.
  static let strangeLocks = 50

  package init(_ facts: HealthFacts, _ settings: HealthSettings, by observer: String? = nil) {
    let latest = facts.now + settings.grace
    var facts = facts
    let scope = HealthScope(settings, facts, isDoctor: observer == JobPart.doctor)
    facts.runs.removeAll { !scope.contains($0.part.instance) }
    facts.letters.removeAll { !scope.contains($0.part.instance) }
    facts.locks?.removeAll { !scope.contains(JobPart(lockName: $0.name).instance) }
    self.scope = scope
    early = facts.runs.filter { $0.startedAt > latest && $0.part.job != observer }
    facts.runs.removeAll { $0.startedAt > latest }
    (self.facts, self.settings, self.observer) = (facts, settings, observer)
    parts = facts.parts.filter { $0.part.job != observer }
    byLock = Dictionary(grouping: parts, by: \.part.ofLock)
    let expected = Set(settings.expectations.map(\.job))
    names = PartNames(
      judgedParts.map(\.part) + self.facts.runs.lazy.map(\.part).filter { expected.contains($0.job) })
  }

  var now: Timestamp { facts.now }

  /// All troubles, one for each part and kind, in their order, whether somebody has silenced them or not: `verdict` knows.
  var found: [Trouble] {
    var found: [Trouble] = []
    for expectation in settings.expectations where expectation.job != observer { found += schedule(expectation) }
    for part in judgedParts {
      found += [
        silent(part), stuck(part), slow(part), failing(part), idle(part), debt(part), waiting(part), closed(part),
      ]
      .compactMap(\.self)
    }
    found += earlyRuns + endlessLocks + oldLetters
    var seen: Set<Place> = []
    return found.filter { seen.insert(Place(part: $0.part, kind: $0.kind)).inserted }
      .sorted { $0.part < $1.part }
  }

  private struct Place: Hashable {
    var part: JobPart
    var kind: Trouble.Kind
  }

  /// Parts that have an expectation, that have run lately, or that have stopped running.
  package var judgedParts: [HealthPart] {
    let known = Dictionary(grouping: parts, by: \.part.ofAnyServer)
    return parts.filter { part in
      guard let newest = part.newest else { return false }
      // Two parts side by side are distinguished from one that replaced the other once they have run for a day.
      let twins = (known[part.part.ofAnyServer] ?? []).filter { $0.part.server != part.part.server }
      if newest.startedAt < now - .days(1), twins.contains(where: { isReplaced(newest, by: [$0.part]) }) {
        return false
      }
      let patience = expectation(of: part)?.period.map { $0 + settings.grace }
      if newest.startedAt >= now - max(HealthFacts.lately, patience ?? .zero) { return true }
      // For a job that is gone, no later run will end the row of a run that died.
      if newest.status == .running, patience != nil || !facts.orphans.contains(newest.id) { return true }
      return silent(part) != nil
    }
  }

  /// The expectation of a part: the one that matches most of its variant's name, or else that of its job.
  package func expectation(of part: HealthPart) -> Expectation? {
    let ofJob = settings.expectations.filter { isOf(part.part, $0.instance, $0.job) }
    return best(ofJob, for: part.part.variant)
  }

  /// The expectation that matches most of a variant's name.
  func best(_ expectations: [Expectation], for variant: String) -> Expectation? {
    expectations.filter { $0.fit(variant) != nil }.max { ($0.fit(variant) ?? -2) < ($1.fit(variant) ?? -2) }
  }

  /// Whether a part is of an installation (`nil`: the one that checks) and a job.
  func isOf(_ part: JobPart, _ instance: String?, _ job: String) -> Bool {
    part.job == job && part.instance == instance ?? settings.instance
  }

  /// Whether the Redis of a newest run has been replaced by that of other parts: the first of their runs began after
  /// it.
  ///
  /// It compares with the first run in the ledger, not with the oldest that was fetched: otherwise twenty runs of the
  /// other part would count as replacing a part that died.
  func isReplaced(_ newest: LedgerRun, by others: some Sequence<JobPart>) -> Bool {
    others.compactMap { facts.firstStart(of: $0) }.min().map { $0 > newest.startedAt } ?? false
  }

  /// Whether a run is still running within its time.
  func isAlive(_ run: LedgerRun) -> Bool {
    run.status == .running && !facts.orphans.contains(run.id)
      && run.deadlineAt.map { now <= $0 + StopLimits.seenFromOutside } ?? true
  }

  /// The times in which runs of other work kept a run waiting: those that got the lock before it.
  func spans(before run: LedgerRun) -> [Span] {
    let parts = byLock[run.part.ofLock] ?? []
    return parts.flatMap { part in
      part.runs.filter { ($0.part.variant != run.part.variant || $0.isOnce) && $0.fence < run.fence }.compactMap(span)
    }
  }

  // MARK: Clocks, locks and dead letters

  /// Runs that started in the future: if judged, such a run would be the newest until then, and hide all others.
  private var earlyRuns: [Trouble] {
    early.map { run in
      Trouble(
        part: run.part, kind: .clock, since: now,
        message:
          "run \(run.id) on \(run.host) says that it started at \(run.startedAt.toTheSecond), \((run.startedAt - now).short) from now: the clock of that host is ahead, or Postgres' is behind. Set it right; until its time has come, the run is not judged"
      )
    }
  }

  /// Locks without an expiry: no run leaves one, and no run can start beside it.
  private var endlessLocks: [Trouble] {
    (facts.locks ?? []).filter { $0.timeLeft == nil }.prefix(Self.strangeLocks).compactMap { lock in
      // Anybody who may write to Redis can have chosen the name.
      let part = JobPart(lockName: String(decoding: lock.name.utf8.prefix(200), as: UTF8.self))
      guard part.job != observer else { return nil }
      return Trouble(
        part: part, kind: .stuck, since: now,
        message:
          "the lock \(lock.key) has no end, so no run can start; its holder is \(lock.holder.prefix(300)). Find out who set it without an expiry, then: oneshot unlock \(shellWord(lock.name))"
      )
    }
  }

  private var oldLetters: [Trouble] {
    guard let age = settings.deadLettersAge else { return [] }
    return facts.letters.filter { now - $0.oldest > age }.map { letters in
      Trouble(
        part: letters.part, kind: .deadLetters, since: letters.oldest + age,
        message:
          "\(letters.count == 1 ? "1 dead letter is" : "\(letters.count) dead letters are") pending, the oldest failed first \(letters.oldest.withAge(at: now)). oneshot dead-letters list --job \(shellWord(letters.job))\(letters.part.instance.isEmpty ? "" : " --instance \(shellWord(letters.part.instance))") shows them; fix the cause, then replay or discard them"
      )
    }
  }
}

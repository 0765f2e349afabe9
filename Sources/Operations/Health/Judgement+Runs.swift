import BlockingIO
import JobRuntime

/// Troubles of a part's runs, apart from their schedule.
extension Judgement {
  func stuck(_ part: HealthPart) -> Trouble? {
    for run in part.runs where run.status == .running {
      if let deadline = run.deadlineAt, now > deadline + StopLimits.seenFromOutside {
        return Trouble(
          part: part.part, kind: .stuck, since: deadline,
          message:
            "run \(run.id) on \(run.host) was to end at \(deadline.toTheSecond) at the latest, and is still recorded as running. Does its process still exist? Its log and pg_stat_activity show what it is doing. The next run closes its row"
        )
      }
      if facts.orphans.contains(run.id) {
        return Trouble(
          part: part.part, kind: .stuck, since: run.startedAt,
          message:
            "run \(run.id) on \(run.host), started \(run.startedAt.withAge(at: now)), is recorded as running, but the lock \(HeldLock.prefix)\(run.lockName) is not its own: its process has died, or was cut off. The next run does its work and ends its row; start one if none is due"
        )
      }
    }
    return nil
  }

  func slow(_ part: HealthPart) -> Trouble? {
    let running = part.running.flatMap { isAlive($0) && !$0.isOnce ? ($0, now) : nil }
    let last = part.lastSuccess.flatMap { run in run.finishedAt.map { (run, $0) } }
    for (run, end) in [running, last].compactMap(\.self) {
      guard let usual = part.usual(before: run) else { continue }
      let isSlow = { (taken: Duration) in taken > usual * settings.slow && taken > usual + Self.noticeable }
      guard isSlow(end - run.startedAt) else { continue }
      // It may just have waited for the lock.
      let taken = spans(before: run).free(from: run.startedAt, to: end)
      guard isSlow(taken) else { continue }
      let verb = run.status == .running ? "has been running for" : "took"
      return Trouble(
        part: part.part, kind: .slow, since: run.startedAt,
        message:
          "run \(run.id) \(verb) \(taken.short); the median of those before it is \(usual.short). More to do than usual, or servers that are busy? oneshot run \(run.id) shows what it did"
      )
    }
    return nil
  }

  /// Runs that do not succeed, whether all of them or alternating with successes.
  func failing(_ part: HealthPart) -> Trouble? {
    // Somebody watches a one-off run.
    let failures = part.failures.filter { !$0.isOnce || now - $0.startedAt <= .days(1) }
    // Alternating runs are one incident, not one for each run that fails.
    if failures.count < settings.failures, let trouble = flapping(part) { return trouble }
    guard let last = failures.first, let first = failures.last else { return nil }
    let isUrgent = last.status == .partial || last.errorKind.map { Self.needsPerson.contains($0) } ?? false
    guard isUrgent || failures.count >= settings.failures else { return nil }
    let kind = last.errorKind.map { " (\($0))" } ?? ""
    let cause = last.errorMessage.map { ": \($0.prefix(300))" } ?? ""
    let items = last.errorsTotal > 0 ? "; \(last.errorsTotal) items failed" : ""
    let count =
      failures.count == 1
      ? "the last run" : (failures.count < HealthFacts.newest ? "" : "at least ") + "the last \(failures.count) runs"
    return Trouble(
      part: part.part, kind: .failing, since: first.startedAt,
      message:
        "\(count) did not succeed; run \(last.id) of \(last.startedAt.withAge(at: now)) ended as \(last.status.rawValue)\(kind)\(cause)\(items). \(last.remedy)"
    )
  }

  /// Runs that alternate between success and failure: at least every other one of the last runs did not succeed, and no
  /// series of failures is long enough to be reported as failing.
  private func flapping(_ part: HealthPart) -> Trouble? {
    let count = min(2 * settings.failures, HealthFacts.newest)
    let ended = part.runs.filter { !$0.isOnce && $0.status != .running }.prefix(count)
    let failures = ended.filter { !$0.isGood }
    let rows = zip(ended.map(\.isGood), ended.dropFirst().map(\.isGood) + [true]).count { !$0 && $1 }
    guard ended.count == count, failures.count * 2 >= count, rows > 1, let last = failures.first,
      let first = failures.last
    else { return nil }
    let kind = last.errorKind.map { " (\($0))" } ?? ""
    return Trouble(
      part: part.part, kind: .flapping, since: first.startedAt,
      message:
        "\(failures.count) of the last \(ended.count) runs did not succeed, with successes between them; run \(last.id) of \(last.startedAt.withAge(at: now)) ended as \(last.status.rawValue)\(kind). Compare one that failed with one that succeeded: the hour, the host, what else ran then. oneshot run \(last.id) shows what went wrong"
    )
  }

  /// The kinds of failure that no later run fixes by itself.
  private static let needsPerson = Set([FailureKind.internal, .denied, .misconfigured].map(\.rawValue))

  func idle(_ part: HealthPart) -> Trouble? {
    guard !settings.mayIdle.contains(where: { isNamed(part.part, by: $0) }) else { return nil }
    let last = part.successes.prefix(settings.idle)
    guard last.count == settings.idle, last.allSatisfy({ $0.itemsProcessed == 0 }), let first = last.last else {
      return nil
    }
    return Trouble(
      part: part.part, kind: .idle, since: first.startedAt,
      message:
        "the last \(last.count) runs succeeded and found nothing to do. Do DATABASE_URL, REDIS_URL and the job's settings lead where the work is? Where there often is none: HEALTH_MAY_IDLE\(misspelt(for: part.part))"
    )
  }

  func debt(_ part: HealthPart) -> Trouble? {
    let last = part.successes.prefix(Self.debtIsOf)
    guard last.count == Self.debtIsOf, last.allSatisfy({ $0.behind ?? 0 > 0 }), let first = last.last,
      let (now, before) = last.first?.behind.flatMap({ now in first.behind.map { (now, $0) } }), now >= before
    else { return nil }
    return Trouble(
      part: part.part, kind: .debt, since: first.startedAt,
      message:
        "the last \(last.count) runs succeeded and left work to later ones: \(before) then, \(now) now. Does something fail repeatedly (dead letters), or are runs too few or too short for the incoming work?"
    )
  }

  /// Work that has waited for too long, by what the last run says of it.
  func waiting(_ part: HealthPart) -> Trouble? {
    guard let oldest = part.oldestWork, now - oldest > settings.oldest else { return nil }
    return Trouble(
      part: part.part, kind: .waiting, since: oldest + settings.oldest,
      message:
        "the oldest work that it left has waited since \(oldest.withAge(at: now)). Do runs end before they reach it, or does a service that they need refuse it? HEALTH_OLDEST is how old it may become"
    )
  }

  /// A relay that was left alone at the end of every run for longer than the grace.
  func closed(_ part: HealthPart) -> Trouble? {
    let ended = part.runs.prefix(HealthFacts.newest).filter { $0.status != .running }
    let closed = ended.prefix { $0.closedRelays ?? 0 > 0 }
    guard let last = closed.first, let first = closed.last,
      now - first.startedAt > settings.grace || closed.count >= HealthFacts.newest - 1
    else { return nil }
    return Trouble(
      part: part.part, kind: .closed, since: first.startedAt,
      message:
        "its relay takes nothing: \(closed.count == 1 ? "the last run" : "the last \(closed.count) runs") left it alone, and \(last.behind ?? 0) messages wait. oneshot run \(last.id) says why (details.closed). Once it takes one message, the others follow by themselves; none has lost an attempt"
    )
  }

  /// How many successes show that the work left behind does not shrink.
  private static var debtIsOf: Int { 3 }
}

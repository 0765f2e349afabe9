import JobRuntime
import Postgres
import Redis

/// One run's work, and what it has done so far.
struct Warming: Sendable {
  private let settings: CacheWarmer.Settings
  private let run: JobRun
  private let clock = ContinuousClock.now
  private(set) var report = CacheWarmer.Report()

  init(_ settings: CacheWarmer.Settings, _ run: JobRun) { (self.settings, self.run) = (settings, run) }

  /// How long ago the moment is that the run is for.
  private var age: Duration { max(.zero, run.startedAt - run.scheduledAt + (ContinuousClock.now - clock)) }

  /// A user whose feed is to be renewed.
  private struct Due: Sendable {
    var user: String
    var expiry: KeyExpiry
  }

  /// Users for whom one transaction ranks: it does not stay open for all of a large run.
  private static let atOnce = 2000

  mutating func carryOut() async throws {
    guard try checkShare() else { return }
    // From now on an earlier run that was paused writes nothing over what others have written since.
    try await run.claim(family: settings.keyPrefix)
    let standing = try await Standing.read(settings, run)
    if let complaint = standing.complaint { throw complaint }
    if settings.ranking == nil, !standing.missing.isEmpty { report.without = standing.missing }
    let ranking = Ranking(settings, standing, at: run.scheduledAt)
    let active = try await ActiveUsers.read(settings, standing, ranking, run)
    note(strangers: active.strangers)
    report.users = active.ids.count + active.strangers.count
    run.log.debug("read the active users", ["users": .integer(Int64(active.ids.count))])
    let due = try await due(of: active.ids, standing)
    report.behind = due.count
    try run.checkpoint(report)
    for first in stride(from: 0, to: due.count, by: Self.atOnce) {
      try Task.checkCancellation()
      let slice = Array(due[first..<min(first + Self.atOnce, due.count)])
      guard try await warm(slice, ranking, standing) else { return }
      report.behind -= slice.count
      try run.checkpoint(report)
      run.log.progress("warmed", report.warmed)
    }
  }

  /// - Returns: whether feeds of the moment have any life left.
  /// - Throws: `JobFailure` of kind `misconfigured` for more users than a process takes.
  private mutating func checkShare() throws -> Bool {
    if let failure = settings.tooManyUsers(for: run.shard) { throw failure }
    guard age >= settings.timeToLive else { return true }
    report.staleSlot = true
    run.log.warning(
      "the run is for a moment longer ago than WARM_TTL: its feeds would have expired, so it writes none",
      ["scheduled_at": .string(run.scheduledAt.rfc3339)])
    return false
  }

  private mutating func note(strangers: [String]) {
    report.unknown += strangers.count
    guard let first = strangers.first else { return }
    run.log.warning(
      "members of WARM_ACTIVITY do not have the form of user ids, and are skipped",
      ["members": .integer(Int64(strangers.count)), "first": .string(String(first.prefix(100)))])
  }

  // MARK: What is due

  /// The users whose feeds have less than `WARM_AHEAD` left, in the same order.
  ///
  /// A feed that expires later than this run's would is of a later moment, or somebody else's.
  private mutating func due(of users: [String], _ standing: Standing) async throws -> [Due] {
    let expiries = try await run.expiries(of: users.map(settings.key))
    run.log.debug("read the expiries of their feeds")
    var (due, endless, least): ([Due], [String], Duration?) = ([], [], nil)
    for (user, expiry) in zip(users, expiries) {
      switch expiry.life {
      case .missing: due.append(Due(user: user, expiry: expiry))
      case .endless: endless.append(user)
      case .left(let left):
        least = min(least ?? left, left)
        if left < min(settings.ahead, settings.life(of: user) - age) { due.append(Due(user: user, expiry: expiry)) }
      }
    }
    report.fresh = users.count - due.count
    note(endless: endless)
    note(least: least, standing)
    return due
  }

  private mutating func note(endless users: [String]) {
    guard let first = users.first else { return }
    report.endless = Double(users.count)
    run.log.warning(
      "feeds never expire, so they are left as they are; the application has written them without a lifetime",
      ["feeds": .integer(Int64(users.count)), "first": .string(settings.key(String(first.prefix(100))))])
  }

  /// A feed that was just not due in the previous run had `WARM_AHEAD` left when that began.
  private mutating func note(least: Duration?, _ standing: Standing) {
    let sincePrevious = standing.lastStartedAt.map { settings.ahead - (run.startedAt - $0) }
    if let late = sincePrevious, late < .zero {
      report.leastLeftMs = Double(late.inMilliseconds)
      run.log.warning(
        "feeds may have expired before this run: the previous one began longer than WARM_AHEAD ago; run more often, or raise WARM_AHEAD and WARM_TTL",
        ["least_left_ms": .integer(late.inMilliseconds)])
    } else {
      report.leastLeftMs = least.map { Double($0.inMilliseconds) }
    }
  }

  // MARK: Renewal

  /// Ranks for some users and publishes their feeds.
  ///
  /// - Returns: whether feeds of the moment still have life left.
  private mutating func warm(_ due: [Due], _ ranking: Ranking, _ standing: Standing) async throws -> Bool {
    guard age < settings.timeToLive else {
      run.log.warning("the run took so long that its feeds would have expired; the rest is left to later runs")
      return false
    }
    let (users, batch, limit) = (due.map(\.user), settings.batch, run.timeLeft)
    let ranked = try await run.snapshot { session in
      try ranking.ranked(for: users, batch: batch, limit: limit, session)
    }
    run.log.debug("ranked", ["feeds": .integer(Int64(ranked.feeds.count))])
    try await publish(ranked.feeds, due)
    report.empty += ranked.empty.count
    report.unknown += ranked.unknown
    try await keep(ranked, hadLetters: standing.hasLetters)
    return true
  }

  private mutating func publish(_ feeds: [Feed], _ due: [Due]) async throws {
    let expiries = Dictionary(uniqueKeysWithValues: due.map { (ExactName($0.user), $0.expiry) })
    let age = age
    let entries = feeds.compactMap { feed -> FamilyEntry? in
      let life = settings.life(of: feed.user) - age
      guard life >= .milliseconds(1), let expiry = expiries[ExactName(feed.user)] else { return nil }
      return FamilyEntry(
        settings.key(feed.user), settings.content(of: feed, at: run.scheduledAt), timeToLive: life,
        condition: .unchanged(since: expiry))
    }
    let outcome = try await run.publish(entries, fencedBy: settings.keyPrefix)
    report.kept += outcome.kept.count
    report.warmed += run.isDryRun ? entries.count : outcome.written
    // Those whose life is over by now.
    report.behind += feeds.count - entries.count
  }

  /// Writes which batches failed.
  private mutating func keep(_ ranked: Ranked, hadLetters: Bool) async throws {
    let failures = ranked.failures.compactMap { failure in
      failure.users.first.map { first in
        ItemFailure(
          item: settings.item(first), kind: .rankingFailed, message: failure.message,
          payload: ["users": .integer(Int64(failure.users.count))])
      }
    }
    report.failed += ranked.failures.reduce(0) { $0 + $1.users.count }
    for failure in failures {
      run.log.warning(
        "the ranking failed for a batch of users, whose feeds keep their contents",
        ["first": .string(failure.item), "error": .string(failure.message)])
    }
    let done = hadLetters ? (ranked.feeds.map(\.user) + ranked.empty).map(settings.item) : []
    guard !failures.isEmpty || !done.isEmpty else { return }
    try await run.transaction { tx in
      try tx.reject(failures)
      try tx.resolve(done)
    }
  }
}

import JobRuntime
import Postgres

/// One run's pass over its work, and what it has done so far.
struct DigestPass: Sendable {
  private let settings: NotificationDigest.Settings
  private let run: JobRun
  private(set) var report = NotificationDigest.Report()

  init(_ settings: NotificationDigest.Settings, _ run: JobRun) { (self.settings, self.run) = (settings, run) }

  /// Makes the digests of all users who are due, a page of users at a time; in a plan it only counts them.
  mutating func carryOut(
    _ frequency: NotificationDigest.Frequency, _ digest: Digest, _ hasLetters: Bool
  ) async throws {
    let batch = Batch(
      digest: digest, frequency: frequency, limit: settings.batch, hasLetters: hasLetters, run: run)
    var user = ""
    while true {
      try Task.checkCancellation()
      let from = user
      let outcome =
        run.isDryRun
        ? try await plan(frequency, digest, after: from)
        : try await run.transaction { tx in try batch.carryOut(after: from, tx) }
      outcome.tallies.forEach { report.add($0, of: frequency) }
      report.failed += outcome.failures.count
      report.behind += outcome.behind
      try run.checkpoint(report)
      run.log.progress("digests", report.made)
      guard outcome.found == settings.batch, let last = outcome.last else { return }
      user = last
    }
  }

  private func plan(
    _ frequency: NotificationDigest.Frequency, _ digest: Digest, after user: String
  ) async throws -> Outcome {
    var outcome = Outcome()
    let page = try await run.read(digest.page(frequency, after: user, limit: settings.batch).limited(to: run.timeLeft))
      .map(Digest.Due.init)
    (outcome.found, outcome.last) = (page.count, page.last?.user)
    guard !page.isEmpty else { return outcome }
    try await outcome.add(run.read(digest.planning(page, frequency).limited(to: run.timeLeft)), frequency)
    outcome.note(page, frequency)
    return outcome
  }

  /// Drops items that have waited for too long.
  mutating func dropOld(_ digest: Digest) async throws {
    var dropped: Int
    repeat {
      try Task.checkCancellation()
      dropped = try await run.transaction { tx in try tx.execute(digest.droppingOld(limit: Self.atOnce)) }
      report.dropped += dropped
      try run.checkpoint(report)
    } while dropped == Self.atOnce
  }

  private static let atOnce = 5000
}

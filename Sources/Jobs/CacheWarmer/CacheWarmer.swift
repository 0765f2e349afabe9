import JobRuntime
import Postgres
import Redis

/// Computes the feeds of the most active users before they request them, and leaves alone feeds that are still fresh.
///
/// - Reads and writes: the application's tables, or a sorted set of last-seen times; keys `feed:{user id}`.
/// - Safe to run twice: what the first run has written is fresh to the second.
/// - Safe to stop halfway: each feed is written in one step; the next run does the rest.
/// - If it is late: feeds are as of the moment that the run is for, and expire as if it had been punctual.
@main
struct CacheWarmer: Job {
  static let facts = JobFacts(
    name: "cache-warmer",
    summary: "keeps the feeds of the most active users in Redis, computed before they are requested",
    keepsDataInRedis: true,
    tables: Table.allCases.map(\.need),
    letterKinds: [.rankingFailed])

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    var warming = Warming(settings, run)
    do { try await warming.carryOut() } catch let error as PostgresError { throw Self.mismatch(error) ?? error }
    return warming.report
  }
}

extension LetterKind {
  static let rankingFailed = LetterKind(
    "ranking_failed",
    cause: "The ranking failed for a batch of users, of whom this is the first; the message says why.",
    remedy:
      "Correct the ranking or the rows that it reads. The batch's feeds keep their contents until they expire; each run tries those users again while they are active."
  )
}

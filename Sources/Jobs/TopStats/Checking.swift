import Feeds
import JobRuntime
import Postgres
import Redis

extension TopStats: Checkable {
  /// What the user's own boards read, only the server knows: see `check`.
  var needs: JobNeeds {
    let read = Preparation.tables(of: settings.boards.filter(\.file.isBuiltIn).flatMap(\.needs))
    let key = settings.keyPrefix + "check"
    return JobNeeds(
      tables: settings.keepsHistory || settings.historyKeep != nil ? read + [Self.history] : read,
      redisTrials: [RedisCommand("ZCARD", key), RedisCommand("EXISTS", key)])
  }

  func advice(for run: JobRun) -> Statement? {
    try? IndexAdvice.statement(for: Self.eventColumns)
  }

  /// Where the events of a window are found, by table and column.
  static let eventColumns = SQLFragment(
    sql: """
      ('feed_likes', 'created_at'), ('feed_comments', 'created_at'), ('feed_views', 'viewed_at'),
          ('follows', 'created_at'), ('feeds', 'created_at')
      """)

  func check(_ run: JobRun) async throws -> [JobFailure] {
    let calculation = calculation(of: settings.boards, run)
    return try await run.snapshot { session in try calculation.trial(session) }.map {
      JobFailure(
        .misconfigured, $0.description, hint: "`top-stats --plan` tries boards in full, and publishes nothing.")
    }
  }

  func remarks(_ run: JobRun) async throws -> [String] {
    let calculation = calculation(of: settings.boards, run)
    return try await run.snapshot { session in try calculation.remarks(session) }
  }
}

import Feeds
import JobRuntime
import Postgres
import Redis

extension TopStats: Checkable {
  /// What boards read are their tables (`parts`).
  var needs: JobNeeds {
    let key = settings.keyPrefix + "check"
    return JobNeeds(
      tables: settings.keepsHistory || settings.historyKeep != nil ? [Self.history] : [],
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

extension TopStats: HasParts {
  /// What the user's own boards read, only the server knows: see `check`.
  var parts: [WorkPart] {
    settings.boards.map { board in
      WorkPart(
        board.name, tables: board.file.isBuiltIn ? Preparation.tables(of: board.needs) : [],
        isOptional: board.file.isBuiltIn && !settings.hasChosenBoards)
    }
  }

  /// Those that were published: an API reads them still.
  func partsWithResults(_ names: [String], _ run: JobRun) async throws -> Set<String> {
    var found: Set<String> = []
    for name in names {
      for window in settings.windows where !found.contains(name) {
        let key = settings.metaKey(name, window)
        if case .integer(1) = try await run.redis({ session in try session.command(RedisRead(.exists, key)) }) {
          found.insert(name)
        }
      }
    }
    return found
  }
}

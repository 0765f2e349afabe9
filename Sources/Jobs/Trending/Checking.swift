import Feeds
import JobRuntime
import Postgres
import Redis

extension Trending: Checkable {
  /// What sources read, only the server knows: see `check`.
  var needs: JobNeeds {
    let key = settings.keyPrefix + "check"
    var tables = Self.facts.needs.tables
    if settings.accountAge > .zero, let users = tables.firstIndex(where: { $0.table == "users" }) {
      tables[users].columns.append("created_at")
    }
    return JobNeeds(tables: tables, redisTrials: [RedisCommand("ZCARD", key), RedisCommand("EXISTS", key)])
  }

  func advice(for run: JobRun) -> Statement? { try? IndexAdvice.statement(for: Self.eventColumns) }

  /// Where the events of a window are found, by table and column.
  static let eventColumns = SQLFragment(
    sql: """
      ('feed_views', 'viewed_at'), ('feed_likes', 'created_at'), ('feed_comments', 'created_at'),
          ('feed_shares', 'created_at')
      """)

  func check(_ run: JobRun) async throws -> [JobFailure] {
    let calculation = calculation(of: settings.windows, run)
    return try await run.snapshot { session in try calculation.trial(session) }.failures.map {
      JobFailure(
        .misconfigured, $0.message, hint: "`trending --plan` reads all sources in full, and publishes nothing.")
    }
  }

  func remarks(_ run: JobRun) async throws -> [String] {
    let calculation = calculation(of: settings.windows, run)
    return try await run.snapshot { session in
      try calculation.trial(session).absent.map {
        "the table of the source \($0) does not exist, so lists are without it"
      } + session.foreignMeanings(of: calculation.sources.map(\.file), binding: calculation.typedValues)
    }
  }
}

extension Calculation {
  /// How long `--check` looks for an event of a kind that no weight is known for.
  private static let look = Duration.seconds(5)

  /// Has the server plan each source, and read it for a while. Writes nothing.
  func trial(_ session: borrowing Session) throws -> (failures: [SourceFailure], absent: [String]) {
    guard let widest = windows.first else { return ([], []) }
    let types = try setUp(session)
    var pass = Pass(
      sources: sources, settings: settings, windows: windows, start: widest.start(before: moment), moment: moment,
      types: types, timeLeft: timeLeft)
    let failures = try pass.open(session)
    guard failures.isEmpty else { return (failures, pass.reading.absent) }
    try session.setTimeout(min(settings.sourceTimeout ?? Self.look, Self.look))
    return (try pass.unknownKinds(session), pass.reading.absent)
  }

  var typedValues: [String: any PostgresEncodable] {
    ["window_start": windows.first?.start(before: moment) ?? moment, "window_end": moment]
  }
}

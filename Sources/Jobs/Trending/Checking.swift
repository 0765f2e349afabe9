import Feeds
import JobRuntime
import Postgres
import Redis

extension Trending: Checkable {
  /// What sources read are their tables (`parts`).
  var needs: JobNeeds {
    let key = settings.keyPrefix + "check"
    return JobNeeds(redisTrials: [RedisCommand("ZCARD", key), RedisCommand("EXISTS", key)])
  }

  func advice(for run: JobRun) -> Statement? { try? IndexAdvice.statement(for: Self.eventColumns) }

  /// Where the events of a window are found, by table and column.
  static let eventColumns = SQLFragment(
    sql: """
      ('feed_views', 'viewed_at'), ('feed_likes', 'created_at'), ('feed_comments', 'created_at'),
          ('feed_shares', 'created_at')
      """)

  func check(_ run: JobRun) async throws -> [JobFailure] {
    let calculation = calculation(of: settings.windows, try await sourcesInUse(findParts(run)), run)
    guard !calculation.sources.isEmpty else { return [] }
    return try await run.snapshot { session in try calculation.trial(session) }.map {
      JobFailure(
        .misconfigured, $0.message, hint: "`trending --plan` reads all sources in full, and publishes nothing.")
    }
  }

  func remarks(_ run: JobRun) async throws -> [String] {
    let calculation = calculation(of: settings.windows, try await sourcesInUse(findParts(run)), run)
    guard !calculation.sources.isEmpty else { return [] }
    return try await run.snapshot { session in
      _ = try calculation.trial(session)
      return try session.foreignMeanings(of: calculation.sources.map(\.file), binding: calculation.typedValues)
    }
  }
}

extension Trending: HasParts {
  /// What a user's own source reads besides users and feeds, only the server knows: see `check`.
  var parts: [WorkPart] {
    var shared = Self.facts.needs.tables
    if settings.accountAge > .zero, let users = shared.firstIndex(where: { $0.table == "users" }) {
      shared[users].columns.append("created_at")
    }
    return settings.sources.map { source in
      let own = source.table.map { TableNeed($0, columns: [], privileges: [], origin: Source.origin) }
      return WorkPart(source.name, tables: shared + (own.map { [$0] } ?? []), isOptional: source.file.isBuiltIn)
    }
  }

  func sourcesInUse(_ parts: PartsInUse) -> [Source] { settings.sources.filter { parts.isOn($0.name) } }
}

extension Calculation {
  /// How long `--check` looks for an event of a kind that no weight is known for.
  private static let look = Duration.seconds(5)

  /// Has the server plan each source, and read it for a while.
  ///
  /// Writes nothing.
  func trial(_ session: borrowing Session) throws -> [SourceFailure] {
    guard let widest = windows.first else { return [] }
    let types = try setUp(session)
    var pass = Pass(
      sources: sources, settings: settings, windows: windows, start: widest.start(before: moment), moment: moment,
      types: types, timeLeft: timeLeft)
    let failures = try pass.open(session)
    guard failures.isEmpty else { return failures }
    let unplanned = try pass.planFailures(session)
    guard unplanned.isEmpty else { return unplanned }
    try session.setTimeout(min(settings.sourceTimeout ?? Self.look, Self.look))
    return try pass.unknownKinds(session)
  }

  var typedValues: [String: any PostgresEncodable] {
    ["window_start": windows.first?.start(before: moment) ?? moment, "window_end": moment]
  }
}

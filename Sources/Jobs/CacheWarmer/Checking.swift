import JobRuntime
import Postgres
import Redis

extension CacheWarmer: Checkable {
  var needs: JobNeeds {
    var trials = [RedisCommand("PTTL", settings.key("check"))]
    if case .sortedSet(let key) = settings.activity { trials.append(RedisCommand("ZRANGE", key, "0", "0")) }
    return JobNeeds(tables: Table.needed(settings).map(\.need), redisTrials: trials)
  }

  func advice(for run: JobRun) -> Statement? {
    try? Statement(file: "index_advice.sql", PackageResources.index_advice_sql)
  }

  /// Has the server make what the ranking needs, for nobody, and plan it.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    if let failure = settings.tooManyUsers(for: run.shard) { return [failure] }
    do {
      let standing = try await Standing.read(settings, run)
      let ranking = Ranking(settings, standing, at: run.scheduledAt)
      if let complaint = standing.complaint { return [complaint] }
      let isDatabase = settings.activity == .database
      try await run.snapshot { session in
        if isDatabase { _ = try session.describe(try ranking.active()) }
        if ranking.isBuiltIn { try session.pipeline(try ranking.preparation(for: [])) }
        try ranking.checkFile(session)
        _ = try session.describe(ranking.file, binding: ranking.values(for: []))
      }
      return []
    } catch let failure as JobFailure where failure.kind == .misconfigured {
      return [failure]
    } catch let error as PostgresError where error.state?.errorClass == "42" {
      // Missing tables and rights are reported elsewhere.
      return [Self.mismatch(error)].compactMap { $0 }
    }
  }

  /// What the server refuses in a statement because columns of the application's tables do not match.
  ///
  /// - Returns: `nil` for other errors, and for missing tables and rights.
  static func mismatch(_ error: PostgresError) -> JobFailure? {
    guard let state = error.state, state.errorClass == "42", state != .undefinedTable, !state.isDenied else {
      return nil
    }
    return JobFailure(
      .misconfigured, "the types in the application's tables do not match: \(error)",
      hint:
        "Give the ids of users one type and one collation in all tables, and the ids of posts one; a view may convert them."
    )
  }
}

/// A replay needs nothing more than a run that has the user among the active ones and finds no fresh feed.
extension CacheWarmer: Replayable {
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    settings.user(ofItem: letter.item).map { Settings.isShare($0, of: shard) } ?? false
  }
}

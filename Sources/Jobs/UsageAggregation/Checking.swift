import JobRuntime
import Postgres
import Redis

extension UsageAggregation: Checkable {
  /// Finds a second name of this Redis in the ledger: progress is kept by address.
  ///
  /// Where another one has written of the same prefix lately, one of the two may be a second name of the other, or a
  /// schedule that cannot be distinguished from this one.
  func advice(for run: JobRun) -> Statement? {
    try? Statement(
      file: "other_servers.sql", PackageResources.other_servers_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.source,
        "since": run.scheduledAt - settings.retention,
      ])
  }

  func check(_ run: JobRun) async throws -> [JobFailure] {
    try await showSample(run)
    return try await tryTarget(run)
  }

  /// Makes the server plan the user's statement over no rows.
  private func tryTarget(_ run: JobRun) async throws -> [JobFailure] {
    guard let file = settings.target?.explained() else { return [] }
    let (table, day) = (settings.table, CalendarDay(daysSince1970: 0))
    let failure = try await run.snapshot { session -> SQLFile.Failure? in
      try session.query(table.staging.creation)
      try session.pipeline(Statements.showStaged(day, of: table))
      do {
        try session.attempt(file, binding: ["day": day])
        return nil
      } catch let failure as SQLFile.Failure {
        return failure
      }
    }
    return failure.map { failure in
      [JobFailure(.misconfigured, "USAGE_TARGET: \(failure)", hint: "Correct the file, or grant what it needs.")]
    } ?? []
  }

  /// Shows how the format takes keys apart.
  ///
  /// A Redis that does not answer is reported by the runtime's own check, so it is not waited for here.
  private func showSample(_ run: JobRun) async throws {
    let selection = CounterSelection(settings, days: [], merchant: settings.merchant, shard: run.shard)
    do {
      let sample = try await run.retrying("reading a sample of keys", whileLeft: run.timeLeft) {
        var sample = KeySample(of: selection)
        for primary in try await run.redisPrimaries() { sample = try await run.redis(on: primary, sample.reading) }
        return sample
      }
      sample.report(to: run.log)
    } catch is RedisError {}
  }

  var needs: JobNeeds {
    var needs = Self.facts.needs
    if settings.target != nil {
      // What the file needs only the server knows: see `check`.
      needs.tables.removeAll { $0.table == "merchant_usage" }
    } else if settings.table.isHourly {
      needs.tables.append(settings.table.need)
    }
    needs.redisTrials = redisTrials
    return needs
  }

  private var redisTrials: [RedisCommand] {
    let key = settings.format.key(merchant: "check", day: CalendarDay(daysSince1970: 0), metric: "check")
    var reads = [
      RedisCommand("SCAN", "0", "MATCH", key, "COUNT", "1"), RedisCommand("MGET", key),
      RedisCommand("GETRANGE", key, "0", "1"), RedisCommand("TYPE", key), RedisCommand("TTL", key),
      RedisCommand("CLUSTER", "SLOTS"),
    ]
    if settings.format.field != nil { reads.append(RedisCommand("HSCAN", key, "0")) }
    // NX and XX exclude each other: Redis 7 reports that, an older one does not know them.
    return settings.newTTL == nil ? reads : reads + [RedisCommand("EXPIRE", key, "1", "NX", "XX")]
  }
}

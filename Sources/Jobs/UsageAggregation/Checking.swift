import JobRuntime
import Postgres
import Redis

extension UsageAggregation: Checkable {
  /// Progress is kept for each Redis by its address. Where another one has written of the same prefix lately, one of the
  /// two may be a second name of the other, or a schedule that nobody can tell from this one.
  func advice(for run: JobRun) -> Statement? {
    try? Statement(
      file: "other_servers.sql", PackageResources.other_servers_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.format.name,
        "since": run.scheduledAt - settings.retention,
      ])
  }

  /// Shows how the format takes keys apart. A Redis that does not answer is told by the runtime's own check, so it is not
  /// waited for here.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    let selection = CounterSelection(settings, days: [], merchant: settings.merchant, shard: run.shard)
    do {
      let sample = try await run.retrying("reading a sample of keys", whileLeft: run.timeLeft) {
        var sample = KeySample(of: selection)
        for primary in try await run.redisPrimaries() { sample = try await run.redis(on: primary, sample.reading) }
        return sample
      }
      sample.tell(run.log)
    } catch is RedisError {}
    return []
  }

  var needs: JobNeeds {
    var needs = Self.facts.needs
    needs.redisTrials = redisTrials
    return needs
  }

  private var redisTrials: [RedisCommand] {
    let key = settings.format.key(merchant: "check", day: CalendarDay(daysSince1970: 0), metric: "check")
    let reads = [
      RedisCommand("SCAN", "0", "MATCH", key, "COUNT", "1"), RedisCommand("MGET", key),
      RedisCommand("GETRANGE", key, "0", "1"),
      RedisCommand("TYPE", key), RedisCommand("TTL", key), RedisCommand("CLUSTER", "SLOTS"),
    ]
    // NX and XX exclude each other: Redis 7 says so, an older one does not know them.
    return settings.newTTL == nil ? reads : reads + [RedisCommand("EXPIRE", key, "1", "NX", "XX")]
  }
}

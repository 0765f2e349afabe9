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
        "instance": run.instance, "server": run.server, "key_prefix": settings.keyPrefix,
        "since": run.scheduledAt - settings.retention,
      ])
  }

  var needs: JobNeeds {
    var needs = Self.facts.needs
    needs.redisTrials = redisTrials
    return needs
  }

  private var redisTrials: [RedisCommand] {
    let key = settings.keyPrefix + "check"
    let reads = [
      RedisCommand("SCAN", "0", "MATCH", key, "COUNT", "1"), RedisCommand("MGET", key),
      RedisCommand("GETRANGE", key, "0", "1"),
      RedisCommand("TYPE", key), RedisCommand("TTL", key), RedisCommand("CLUSTER", "SLOTS"),
    ]
    // NX and XX exclude each other: Redis 7 says so, an older one does not know them.
    return settings.newTTL == nil ? reads : reads + [RedisCommand("EXPIRE", key, "1", "NX", "XX")]
  }
}

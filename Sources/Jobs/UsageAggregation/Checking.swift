import JobRuntime
import Redis

extension UsageAggregation: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    needs.redisTrials = redisTrials
    return needs
  }

  private var redisTrials: [RedisCommand] {
    let key = settings.keyPrefix + "check"
    let reads = [
      RedisCommand("SCAN", "0", "MATCH", key, "COUNT", "1"), RedisCommand("DBSIZE"), RedisCommand("MGET", key),
      RedisCommand("GET", key), RedisCommand("TYPE", key), RedisCommand("TTL", key), RedisCommand("CLUSTER", "SLOTS"),
    ]
    // NX and XX exclude each other: Redis 7 says so, an older one does not know them.
    return settings.newTTL == nil ? reads : reads + [RedisCommand("EXPIRE", key, "1", "NX", "XX")]
  }
}

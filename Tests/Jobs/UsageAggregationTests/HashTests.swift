import Redis
import TestSupport
import Testing

/// Counters that are fields of hashes.
@Suite(.timeLimit(.minutes(10))) struct HashTests {
  private static let format = ["USAGE_KEY_FORMAT": "usage:{merchant}:{yyyy-MM-dd}"]

  private func usage(_ hashes: [String: [String: String]]) async throws -> Usage {
    let usage = try await Usage()
    try await usage.place.redis(
      all: hashes.flatMap { key, fields in
        fields.map { RedisCommand("HSET", "usage:\(key)", $0.key, $0.value) }
      })
    return usage
  }

  @Test func `each field of a hash is a counter`() async throws {
    let usage = try await usage([
      "a:b:2025-11-05": ["queries": "3", "logins:eu": "4"], "c:2025-11-06": ["queries": "5"],
    ])
    let run = try await usage.run([], Self.format.merging(["USAGE_SET_TTL": "7d"]) { $1 })
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.count("scanned") == 2 && run.count("matched") == 3 && run.count("inserted") == 3)
    #expect(run.count("keys_without_ttl") == 2)
    #expect(
      try await usage.stored() == [
        "a:b:2025-11-05:queries": "3", "a:b:2025-11-05:logins:eu": "4", "c:2025-11-06:queries": "5",
      ])
    #expect((600_000...604_800).contains(try await usage.place.redis("TTL", "usage:a:b:2025-11-05").integer ?? 0))
    try await usage.place.redis("HINCRBY", "usage:c:2025-11-06", "queries", "2")
    let again = try await usage.run([], Self.format.merging(["USAGE_DAYS": "2025-11-06"]) { $1 })
    #expect(again.count("updated") == 1 && again.count("late") == 1)
  }

  @Test func `a hash of merchants is shared by shards merchant by merchant`() async throws {
    let fields = Dictionary(uniqueKeysWithValues: (0..<200).map { ("m\($0)", "\($0)") })
    let usage = try await usage(["2025-11-05:x": fields])
    var matched: [Int] = []
    for index in 0..<3 {
      let shard = [
        "JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "\(index)", "USAGE_KEY_FORMAT": "usage:{yyyy-MM-dd}:{metric}",
      ]
      let run = try await usage.run([], shard)
      #expect(run.exitCode == 0, "\(run.output)")
      matched.append(run.count("matched") ?? 0)
    }
    #expect(matched.reduce(0, +) == 200 && matched.allSatisfy { $0 > 30 }, "\(matched)")
    #expect(try await usage.place.value("select sum(value) from merchant_usage") == "19900")
  }

  @Test func `a hash of merchants gets a life once all shards have completed its day`() async throws {
    let fields = Dictionary(uniqueKeysWithValues: (0..<50).map { ("m\($0)", "1") })
    let usage = try await usage(["2025-11-05:x": fields])
    let settings = ["USAGE_KEY_FORMAT": "usage:{yyyy-MM-dd}:{metric}", "USAGE_SET_TTL": "7d", "JOB_SHARD_COUNT": "2"]
    for (index, isGiven) in [("0", false), ("1", true)] {
      let run = try await usage.run([], settings.merging(["JOB_SHARD_INDEX": index]) { $1 })
      #expect(run.exitCode == 0, "\(run.output)")
      let life = try await usage.place.redis("TTL", "usage:2025-11-05:x").integer ?? 0
      #expect((life > 0) == isGiven)
    }
    let one = settings.merging(["USAGE_MERCHANT": "m1", "JOB_SHARD_INDEX": "0"]) { $1 }
    let refused = try await usage.run([], one)
    #expect(refused.exitCode == 78 && refused.output.contains("USAGE_SET_TTL"), "\(refused.output)")
  }

  @Test func `a large hash is read to its end`() async throws {
    let fields = Dictionary(uniqueKeysWithValues: (0..<12_345).map { ("k\($0)", "1") })
    let usage = try await usage(["m:2025-11-05": fields])
    let run = try await usage.run([], Self.format)
    #expect(run.exitCode == 0 && run.count("inserted") == 12_345, "\(run.output)")
  }

  @Test func `bad fields and keys of another type are dead letters each, and are replayed`() async throws {
    let usage = try await usage(["m:2025-11-05": ["good": "1", "bad": "?", "worse": "-1"], "config": ["x": "1"]])
    try await usage.place.redis("SET", "usage:string:2025-11-05", "1")
    #expect(try await usage.run([], Self.format).exitCode == 65)
    #expect(
      try await usage.deadLetters() == [
        #"usage:m:2025-11-05 \ bad"#: "not_integer/pending/1", #"usage:m:2025-11-05 \ worse"#: "negative/pending/1",
        "usage:config": "missing_part/pending/1", "usage:string:2025-11-05": "wrong_type/pending/1",
      ])
    #expect(try await usage.stored() == ["m:2025-11-05:good": "1"])
    try await usage.place.redis("HSET", "usage:m:2025-11-05", "bad", "7", "worse", "8")
    try await usage.place.redis("DEL", "usage:config", "usage:string:2025-11-05")
    try await usage.place.askForReplay("--job", "usage-aggregation")
    let run = try await usage.run([], Self.format)
    #expect(run.exitCode == 0 && run.replayed == [4, 4, 0, 0], "\(run.output)")
    #expect(try await usage.stored() == ["m:2025-11-05:good": "1", "m:2025-11-05:bad": "7", "m:2025-11-05:worse": "8"])
  }

  @Test func `a field of 110 MB is a dead letter and the counters beside it are written`() async throws {
    // Of its own, so that nobody else waits for it.
    let (usage, redis) = (try await Usage(), try await RedisServer())
    try await redis("HSET", "usage:m:2025-11-05", "good", "1", "more", "2")
    try await redis("HSET", "usage:n:2025-11-05", "good", "3")
    // Made by the server, which would take long to put such a text together in Lua.
    let script = """
      redis.call('SETRANGE', KEYS[2], 109999999, 'x')
      redis.call('HSET', KEYS[1], 'large', redis.call('GET', KEYS[2]))
      return redis.call('DEL', KEYS[2])
      """
    try await redis("EVAL", script, "2", "usage:m:2025-11-05", "scratch")
    let run = try await usage.runInLittleMemory(Self.format.merging(["REDIS_URL": redis.url]) { $1 })
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(try await usage.stored() == ["m:2025-11-05:good": "1", "m:2025-11-05:more": "2", "n:2025-11-05:good": "3"])
    #expect(try await usage.deadLetters() == [#"usage:m:2025-11-05 \ large"#: "not_integer/pending/1"])
    #expect(run.count("matched") == 4 && run.count("scanned") == 2)
  }

  @Test func `in a cluster every primary's hashes are read`() async throws {
    let cluster = try await RedisCluster()
    let place = try await Place()
    try await cluster.cli(all: (0..<30).map { "HSET usage:m\($0):2025-11-07 x \($0) y 1" })
    let settings = place.environment.merging(Self.format) { $1 }.merging([
      "REDIS_URL": cluster.url, "USAGE_DAYS": "2025-11-07",
    ]) { $1 }
    let run = try await Usage.binary.run([], settings)
    #expect(run.exitCode == 0 && run.count("inserted") == 60, "\(run.output)")
    #expect(try await place.value("select sum(value) from merchant_usage") == "465")
  }
}

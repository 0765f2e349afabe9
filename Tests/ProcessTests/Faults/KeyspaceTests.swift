import Foundation
import Redis
import TestSupport
import Testing

/// Rows 14 and 26: keys of any letters, and keys that come and go while they are read. (Bad keys and bad
/// values, rows 14 and 15: BadItemTests.)
@Suite(.timeLimit(.minutes(10))) struct KeyspaceTests {
  @Test func `14: what looks like a statement, a pattern or a code is stored letter by letter`() async throws {
    let usage = try await Usage()
    let odd = [
      "'; drop table merchant_usage; --", "\" or 1=1", "$1", "{}", "*", "?", "[a-z]", "\\x00", "\\0", "%s%n",
      "😀👩‍👩‍👧",
      "\u{1}\u{7F}", "\r\n*1\r\n$4\r\nPING\r\n", "a b\tc", "NULL", "\\N", "٢", "\u{202E}x", "e\u{301}", "é",
    ]
    // As merchant and as metric, and both; a merchant of a single one of them is asked for at the end.
    let counters = odd.flatMap { ["\($0):2025-11-07:x", "m:2025-11-07:\($0)", "\($0):2025-11-07:\($0)"] }
    try await usage.place.redis(all: counters.map { RedisCommand("SET", "usage:\($0)", "5") })
    let run = try await usage.run()
    #expect(run.exitCode == 0, "\(run.output)")
    let stored = try await usage.place.rows(
      "select merchant_id || ':' || usage_date || ':' || metric_type as a from merchant_usage where value = 5")
    // By bytes: Swift holds é and e with an accent for equal.
    #expect(Set(stored.map { Array($0[0].utf8) }) == Set(counters.map { Array($0.utf8) }))

    for merchant in odd {
      try await usage.place.redis("SET", "usage:\(merchant):2025-11-07:x", "6")
      let one = try await usage.run([], ["USAGE_MERCHANT": merchant, "USAGE_DAYS": "2025-11-07"])
      #expect(one.exitCode == 0 && one.count("updated") == 1 && one.count("matched") == 2, "\(merchant): \(one.output)")
    }
  }

  @Test func `26: keys that come and go while they are read leave the data of a model`() async throws {
    let usage = try await Usage()
    let lasting = 3000
    try await usage.place.redis(
      all: (0..<lasting).map { RedisCommand("SET", "usage:lasting\($0):2025-11-07:x", "\($0)") })
    let churn = try churn(usage.place)

    var vanished = 0
    for _ in 0..<8 {
      let run = try await usage.run([], ["USAGE_DAYS": "2025-11-07"])
      try #require(run.exitCode == 0, "\(run.output)")
      func count(_ name: String) -> Int { run.count(name) ?? -1 }
      let keys = run.result["details", "by_day"][0]["keys"].int ?? -1
      // Every key that was there all the time is seen; a key counts once, however often SCAN returns it.
      #expect(keys >= lasting)
      #expect(count("inserted") + count("updated") + count("unchanged") == keys)
      #expect(count("updated") == 0 && count("regressed") == 0 && count("failed") == 0)
      #expect(count("matched") - count("vanished") >= keys)
      vanished += count("vanished")
      #expect(try await usage.place.value("select keys from oneshot.usage_days") == "\(keys)")
    }
    churn.cancel()
    #expect(await churn.value > 0, "it made and deleted all its keys meanwhile")
    #expect(vanished > 0, "keys went between SCAN and MGET")

    let stored = try await usage.stored()
    #expect(stored.count { $0.key.hasPrefix("lasting") } == lasting)
    for (counter, value) in stored {
      // "lasting17:2025-11-07:x" holds 17, and so does "churning17:…": whatever was read was whole.
      let number = counter.prefix { $0 != ":" }.drop { !$0.isNumber }
      #expect(value == number)
    }
    #expect(try await usage.deadLetters().isEmpty)
  }

  @Test func `26: a key that SCAN returns twice counts once`() async throws {
    let usage = try await Usage()
    // Its own, with few databases: a table is given less room by a task that goes from database to database.
    let redis = try await RedisServer(["--hz", "100"])
    func all(_ word: String, _ name: String, _ count: Int) async throws {
      try await redis.connection.withSession { session in
        _ = try session.pipeline(
          (0..<count).map { number in
            let key = "usage:\(name)\(number):2025-11-07:x"
            return word == "SET" ? RedisCommand(word, key, "\(number)") : RedisCommand(word, key)
          })
      }
    }
    try await all("SET", "lasting", 2000)
    // A table that shrinks under a SCAN makes it return some keys again, but not wherever it stands: other keys
    // every time make it stand elsewhere.
    var duplicates = 0
    for attempt in 0..<60 where duplicates == 0 {
      try await all("SET", "passing\(attempt)-", 20_000)
      let run = try await SteppedRun(
        Usage.binary, usage.environment(["USAGE_DAYS": "2025-11-07", "REDIS_URL": redis.url]), past: "scanned a page")
      try await all("DEL", "passing\(attempt)-", 20_000)
      try await eventually { try await tableSize(redis) < 150_000 }
      run.letGo()
      let outcome = await run.process.outcome()
      try #require(outcome.exitCode == 0, "\(outcome.output)")
      let keys = outcome.result["details", "by_day"][0]["keys"].int ?? -1
      duplicates += (outcome.count("matched") ?? 0) - (outcome.count("vanished") ?? 0) - keys
      #expect(keys >= 2000)
      #expect(try await usage.place.value("select keys from oneshot.usage_days") == "\(keys)")
      #expect((outcome.count("inserted") ?? 0) + (outcome.count("unchanged") ?? 0) == keys)
    }
    #expect(duplicates > 0)
    #expect(try await usage.stored().count { $0.key.hasPrefix("lasting") } == 2000)
  }

  /// How many bytes Redis needs for the table of its keys.
  private func tableSize(_ redis: RedisServer) async throws -> Int64 {
    let stats = try await redis("MEMORY", "STATS").elements
    let own = try #require(stats.firstIndex { $0.text == "db.0" })
    return try #require(stats[own + 1].elements[1].integer)
  }

  /// A client that makes and deletes keys as fast as it can, so that Redis' table grows, shrinks and is
  /// rehashed all the time.
  ///
  /// - Returns: how often it has made and deleted all its keys, once it is cancelled.
  private func churn(_ place: Place) throws -> Task<Int, Never> {
    let redis = try place.newRedisConnection()
    return Task {
      var rounds = 0
      while !Task.isCancelled {
        for word in ["SET", "DEL"] {
          for start in stride(from: 0, to: 40_000, by: 2000) {
            let commands = (start..<start + 2000).map { number in
              let key = "usage:churning\(number):2025-11-07:x"
              return word == "SET" ? RedisCommand(word, key, "\(number)") : RedisCommand(word, key)
            }
            _ = try? await redis.withSession { session in try session.pipeline(commands) }
          }
        }
        rounds += 1
      }
      await redis.close()
      return rounds
    }
  }
}

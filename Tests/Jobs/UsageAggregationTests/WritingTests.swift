import JobRuntime
import Redis
import TestSupport
import Testing

/// What usage-aggregation writes, and what it leaves alone.
@Suite struct WritingTests {
  @Test func `counters of every open day arrive as they are`() async throws {
    let usage = try await Usage()
    let counters = ["acme:2025-11-01:queries": "1523", "acme:2025-11-07:queries": "7", "b:2025-11-03:logins": "0"]
    try await usage.set(counters)
    let run = try await usage.run()
    #expect(run.exitCode == 0)
    #expect(run.result["status"].string == "succeeded")
    #expect(try await usage.stored() == counters)
    #expect(run.count("scanned") == 3 && run.count("matched") == 3 && run.count("inserted") == 3)
    #expect(run.count("days") == 7)
    #expect(run.result["window", "start"].string == "2025-11-01T00:00:00Z")
    #expect(run.result["window", "end"].string == "2025-11-08T00:00:00Z")
  }

  @Test func `a second run changes nothing and leaves no dead tuple`() async throws {
    let usage = try await Usage()
    let counters = Dictionary(uniqueKeysWithValues: (0..<3000).map { ("m\($0 / 10):2025-11-05:k\($0 % 10)", "\($0)") })
    try await usage.set(counters)
    #expect(try await usage.run().count("inserted") == 3000)
    let rows = "select md5(string_agg(ctid::text || xmin, ' ' order by ctid)) from merchant_usage"
    let before = try await usage.place.value(rows)
    let again = try await usage.run([], ["USAGE_DAYS": "2025-11-05"])
    #expect(again.count("unchanged") == 3000)
    #expect(again.count("inserted") == 0 && again.count("updated") == 0)
    #expect(try await usage.stored() == counters)
    #expect(try await usage.place.value(rows) == before, "each row is the one that it was, so none is dead")
  }

  @Test func `a greater counter is updated, and only that row is written`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-05:x": "1", "b:2025-11-05:x": "1"])
    _ = try await usage.run()
    try await usage.set(["a:2025-11-05:x": "2"])
    let run = try await usage.run([], ["USAGE_DAYS": "2025-11-05"])
    #expect(run.count("updated") == 1 && run.count("unchanged") == 1)
    #expect(try await usage.stored() == ["a:2025-11-05:x": "2", "b:2025-11-05:x": "1"])
    #expect(try await usage.place.value("select count(*) from merchant_usage where updated_at > first_seen_at") == "1")
  }

  @Test func `a smaller counter is kept out by default, and told`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-05:x": "100"])
    _ = try await usage.run()
    try await usage.set(["a:2025-11-05:x": "3"])
    let run = try await usage.run([], ["USAGE_DAYS": "2025-11-05"])
    #expect(run.exitCode == 0)
    #expect(run.count("regressed") == 1 && run.count("unchanged") == 0)
    #expect(run.result["details", "regressed_items"][0]["item"].string == "usage:a:2025-11-05:x")
    #expect(run.result["details", "regressed_items"][0]["stored"].int == 100)
    #expect(try await usage.stored() == ["a:2025-11-05:x": "100"])
  }

  @Test func `a smaller counter overwrites when that is asked for`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-05:x": "100"])
    _ = try await usage.run()
    try await usage.set(["a:2025-11-05:x": "3"])
    let run = try await usage.run([], ["USAGE_DAYS": "2025-11-05", "USAGE_ON_REGRESSION": "overwrite"])
    #expect(run.count("regressed") == 1)
    #expect(try await usage.stored() == ["a:2025-11-05:x": "3"])
  }

  @Test func `a smaller counter fails the item when that is asked for, and resolves once it has grown`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-05:x": "100", "b:2025-11-05:x": "1"])
    _ = try await usage.run()
    try await usage.set(["a:2025-11-05:x": "3", "b:2025-11-05:x": "2"])
    let settings = ["USAGE_DAYS": "2025-11-05", "USAGE_ON_REGRESSION": "fail"]
    let run = try await usage.run([], settings)
    #expect(run.exitCode == 65)
    #expect(run.result["status"].string == "partial")
    #expect(run.count("failed") == 1 && run.count("updated") == 1)
    #expect(try await usage.stored() == ["a:2025-11-05:x": "100", "b:2025-11-05:x": "2"])
    #expect(try await usage.deadLetters() == ["usage:a:2025-11-05:x": "regressed/pending/1"])
    try await usage.set(["a:2025-11-05:x": "101"])
    #expect(try await usage.run([], settings).exitCode == 0)
    #expect(try await usage.deadLetters() == ["usage:a:2025-11-05:x": "regressed/resolved/1"])
  }

  @Test func `a plan reports what would change and changes nothing`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-05:x": "1", "bad:2025-11-05:x": "no number"])
    let run = try await usage.run(["--plan"])
    #expect(run.count("inserted") == 1 && run.count("failed") == 1)
    #expect(run.result["dry_run"].int == 1)
    #expect(try await usage.stored().isEmpty)
    #expect(try await usage.deadLetters().isEmpty)
    #expect(try await usage.place.value("select count(*) from oneshot.job_runs") == "0")
    #expect(try await usage.place.value("select count(*) from oneshot.fences") == "0")
  }

  @Test func `only one merchant's counters are touched when one is named`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-05:x": "1", "a:b:2025-11-05:x": "2", "ab:2025-11-05:x": "3"])
    let run = try await usage.run([], ["USAGE_MERCHANT": "a"])
    #expect(run.count("matched") == 1)
    #expect(try await usage.stored() == ["a:2025-11-05:x": "1"])
    #expect(try await usage.completed().isEmpty, "a day of one merchant is not a completed day")
  }

  @Test func `a prefix and a merchant with letters of glob patterns are taken letter by letter`() async throws {
    let usage = try await Usage()
    try await usage.set(["*[m]?\\:2025-11-05:x": "1"], prefix: "u?[a-z]*:")
    try await usage.set(["other:2025-11-05:x": "2"], prefix: "uxy:")
    let run = try await usage.run([], ["USAGE_KEY_PREFIX": "u?[a-z]*:", "USAGE_MERCHANT": "*[m]?\\"])
    #expect(run.count("scanned") == 1)
    #expect(try await usage.stored() == ["*[m]?\\:2025-11-05:x": "1"])
  }

  @Test func `shards divide the merchants among them`() async throws {
    let usage = try await Usage()
    let counters = Dictionary(uniqueKeysWithValues: (0..<200).map { ("m\($0):2025-11-05:x", "\($0)") })
    try await usage.set(counters)
    var matched: [Int] = []
    for index in 0..<3 {
      let run = try await usage.run([], ["JOB_SHARD_COUNT": "3", "JOB_COMPLETION_INDEX": "\(index)"])
      #expect(run.exitCode == 0)
      matched.append(run.count("matched") ?? 0)
    }
    #expect(matched.reduce(0, +) == 200)
    #expect(matched.allSatisfy { $0 > 30 }, "\(matched)")
    #expect(try await usage.stored() == counters)
  }

  @Test func `counters without a life get one once they are written, the others keep theirs`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-05:x": "1", "b:2025-11-05:x": "2", "bad:2025-11-05:x": "?"])
    try await usage.place.redis("EXPIRE", "usage:b:2025-11-05:x", "77777")
    let run = try await usage.run([], ["USAGE_SET_TTL": "7d"])
    #expect(run.count("keys_without_ttl") == 2)
    let given = try await usage.place.redis("TTL", "usage:a:2025-11-05:x").integer ?? 0
    #expect((604_000...604_800).contains(given))
    #expect((77_000...77_777).contains(try await usage.place.redis("TTL", "usage:b:2025-11-05:x").integer ?? 0))
    #expect(try await usage.place.redis("TTL", "usage:bad:2025-11-05:x").integer == -1, "what failed keeps its key")
  }

  @Test func `a day that still grows keeps its keys without an end`() async throws {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-07:x": "1", "a:2025-11-08:x": "1"])
    #expect(try await usage.run([], ["USAGE_SET_TTL": "1h", "USAGE_INCLUDE_TODAY": "true"]).exitCode == 0)
    #expect((1...3600).contains(try await usage.place.redis("TTL", "usage:a:2025-11-07:x").integer ?? 0))
    #expect(try await usage.place.redis("TTL", "usage:a:2025-11-08:x").integer == -1)
  }

  @Test func `hundreds of bad counters beside many good ones are no burden`() async throws {
    let usage = try await Usage()
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<60_000).map { ("m\($0):2025-11-05:x", "1") }))
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<600).map { ("bad\($0):2025-11-05:x", "?") }))
    let run = try await usage.run()
    #expect(run.exitCode == 65)
    #expect(run.count("inserted") == 60_000 && run.count("failed") == 600)
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<600).map { ("bad\($0):2025-11-05:x", "1") }))
    #expect(try await usage.run().exitCode == 0)
    #expect(try await usage.place.value("select count(*) from oneshot.dead_letters where state <> 'resolved'") == "0")
  }
}

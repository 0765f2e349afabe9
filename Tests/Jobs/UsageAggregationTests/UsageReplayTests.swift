import Glibc
import JobRuntime
import Redis
import TestSupport
import Testing

@testable import UsageAggregation

/// Dead letters of usage-aggregation that somebody asked for: exactly their keys are read again.
@Suite(.timeLimit(.minutes(15))) struct UsageReplayTests {
  /// Counters of a day that no run looks at any more; one of them bad.
  private func old(_ bad: [String: String]) async throws -> Usage {
    let usage = try await Usage()
    try await usage.set(bad.merging(["good:2025-10-01:x": "1"]) { $1 })
    #expect(try await usage.run([], ["USAGE_DAYS": "2025-10-01..2025-11-07"]).exitCode == 65)
    return usage
  }

  @Test func `a bad counter that was mended is written and resolved by the next run, however old its day is`()
    async throws
  {
    let usage = try await old(["bad:2025-10-01:x": "?", "worse:2025-10-01:x": "?", "late:2025-11-07:x": "?"])
    // An ordinary run does not look there.
    try await usage.set(["bad:2025-10-01:x": "7", "late:2025-11-07:x": "8"])
    #expect(try await usage.run().exitCode == 0)
    #expect(try await usage.stored() == ["good:2025-10-01:x": "1", "late:2025-11-07:x": "8"])
    try await usage.place.askForReplay("usage-aggregation", "usage:bad:2025-10-01:x")
    try await usage.place.askForReplay("usage-aggregation", "usage:worse:2025-10-01:x")
    let run = try await usage.run()
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(run.replayed == [2, 1, 1, 0])
    #expect(run.result["errors_total"].int == 1)
    #expect(
      try await usage.stored() == ["good:2025-10-01:x": "1", "bad:2025-10-01:x": "7", "late:2025-11-07:x": "8"])
    #expect(
      try await usage.deadLetters() == [
        "usage:bad:2025-10-01:x": "not_integer/resolved/1", "usage:worse:2025-10-01:x": "not_integer/pending/2",
        "usage:late:2025-11-07:x": "not_integer/resolved/1",
      ])
    // Not all of that day was read, so it is not complete.
    #expect(try await !usage.completed().contains("2025-10-01"))
    #expect(try await usage.run().exitCode == 0)
  }

  @Test func `a day that is completed stays as it was completed`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-05:x": "5", "n:2025-11-05:x": "9"])
    #expect(try await usage.run().exitCode == 0)
    let completed = try await usage.place.rows("select * from oneshot.usage_days where usage_date = '2025-11-05'")
    #expect(completed.count == 1)
    // Redis has lost some of it, and somebody forces the day: a letter of a counter that went back.
    try await usage.set(["m:2025-11-05:x": "3"])
    try await usage.place.redis("DEL", "usage:n:2025-11-05:x")
    let fail = ["USAGE_ON_REGRESSION": "fail"]
    #expect(try await usage.run([], fail.merging(["USAGE_DAYS": "2025-11-05"]) { $1 }).exitCode == 65)
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05:x": "regressed/pending/1"])
    try await usage.place.askForReplay("--job", "usage-aggregation")
    #expect(try await usage.run([], fail).replayed == [1, 0, 1, 0])
    #expect(try await usage.stored() == ["m:2025-11-05:x": "5", "n:2025-11-05:x": "9"])
    try await usage.set(["m:2025-11-05:x": "6"])
    try await usage.place.askForReplay("--job", "usage-aggregation")
    let run = try await usage.run([], fail)
    #expect(run.exitCode == 0 && run.replayed == [1, 1, 0, 0], "\(run.output)")
    #expect(try await usage.stored() == ["m:2025-11-05:x": "6", "n:2025-11-05:x": "9"])
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05:x": "regressed/resolved/2"])
    #expect(
      try await usage.place.rows("select * from oneshot.usage_days where usage_date = '2025-11-05'") == completed)
  }

  @Test func `a key that names no counter is counted again while it is there, and resolved once it is gone`()
    async throws
  {
    let usage = try await Usage()
    let keys: [[UInt8]] = [
      Array("usage:config".utf8), Array("usage:".utf8) + [0xFF, 0xFE] + Array(":2025-11-05:x".utf8),
      Array("usage:a".utf8) + [0] + Array("b:2025-11-05:x".utf8), Array("usage:back\\slash\u{1b}[2J".utf8),
    ]
    try await usage.place.redis(all: keys.map { RedisCommand("SET", bytes: [$0, Array("1".utf8)]) })
    try await usage.set(["list:2025-11-05:x": "1", "mended:2025-11-05:x": "?"])
    #expect(try await usage.run().exitCode == 65)
    // Every day is completed by now, so an ordinary run reads nothing at all.
    try await usage.place.execute(
      """
      insert into oneshot.usage_days (server, key_prefix, usage_date, shard, shard_count, keys, completed_at, run_id)
      select run.server, 'usage:', d::date, 0, 1, 1, now(), gen_random_uuid()
      from oneshot.job_runs run, generate_series(date '2025-10-31', '2025-11-07', interval '1 day') d
      on conflict do nothing
      """)
    #expect(try await usage.run().exitCode == 0)
    try await usage.place.askForReplay("--job", "usage-aggregation")
    let still = try await usage.run()
    #expect(still.exitCode == 65 && still.replayed == [5, 0, 5, 0], "\(still.output)")
    try await usage.place.redis(all: keys.map { RedisCommand("DEL", bytes: [$0]) })
    try await usage.set(["mended:2025-11-05:x": "3"])
    try await usage.place.askForReplay("--job", "usage-aggregation")
    let gone = try await usage.run()
    #expect(gone.exitCode == 0 && gone.replayed == [5, 5, 0, 0], "\(gone.output)")
    #expect(gone.errors.contains("their letters are resolved") && gone.errors.contains(#""keys":4"#), "\(gone.errors)")
    #expect(try await usage.deadLetters().values.allSatisfy { $0.hasSuffix("/resolved/2") })
  }

  @Test func `where all that was asked for is gone, Redis may have lost it: it stays asked`() async throws {
    let usage = try await old(["bad:2025-10-01:x": "?", "worse:2025-10-01:x": "?"])
    try await usage.place.askForReplay("--job", "usage-aggregation")
    try await usage.place.redis("FLUSHDB")
    let empty = try await usage.run()
    #expect(empty.exitCode == 0 && empty.replayed == [2, 0, 0, 2], "\(empty.output)")
    #expect(empty.errors.contains("they remain requested"), "\(empty.errors)")
    try await usage.set(["bad:2025-10-01:x": "7", "worse:2025-10-01:x": "8"])
    let back = try await usage.run()
    #expect(back.exitCode == 0 && back.replayed == [2, 2, 0, 0], "\(back.output)")
    #expect(
      try await usage.stored() == ["good:2025-10-01:x": "1", "bad:2025-10-01:x": "7", "worse:2025-10-01:x": "8"])
  }

  @Test func `a letter is its own prefix's, also where another prefix is the beginning of it`() async throws {
    let usage = try await Usage()
    let (days, inEurope) = (["USAGE_DAYS": "2025-10-01"], ["USAGE_KEY_PREFIX": "usage:eu:"])
    try await usage.set(["m:2025-10-01:x": "?"], prefix: "usage:eu:")
    #expect(try await usage.run([], days.merging(inEurope) { $1 }).exitCode == 65)
    try await usage.set(["m:2025-10-01:x": "7"], prefix: "usage:eu:")
    try await usage.place.askForReplay("--job", "usage-aggregation")
    let other = try await usage.run()
    #expect(other.exitCode == 0 && !other.result["details", "replayed"].isThere, "\(other.output)")
    let own = try await usage.run([], inEurope)
    #expect(own.exitCode == 0 && own.replayed == [1, 1, 0, 0], "\(own.output)")
    #expect(try await usage.stored() == ["m:2025-10-01:x": "7"])
    // Of an older version, which told no prefix.
    try await usage.set(["n:2025-10-01:x": "?"])
    #expect(try await usage.run([], days.merging(["USAGE_MERCHANT": "n"]) { $1 }).exitCode == 65)
    try await usage.place.execute("update oneshot.dead_letters set payload = payload - 'key_prefix'")
    try await usage.set(["n:2025-10-01:x": "8"])
    try await usage.place.askForReplay("--job", "usage-aggregation")
    #expect(try await usage.run().replayed == [1, 1, 0, 0])
  }

  @Test func `every shard does its merchants, and another prefix is another schedule's`() async throws {
    let usage = try await Usage()
    let merchants = (0..<20).map { "m\($0):2025-10-01:x" }
    let days = ["USAGE_DAYS": "2025-10-01"]
    try await usage.set(Dictionary(uniqueKeysWithValues: merchants.map { ($0, "?") }))
    try await usage.set(["other:2025-10-01:x": "?"], prefix: "eu:")
    #expect(try await usage.run([], days).exitCode == 65)
    #expect(try await usage.run([], days.merging(["USAGE_KEY_PREFIX": "eu:"]) { $1 }).exitCode == 65)
    try await usage.set(Dictionary(uniqueKeysWithValues: merchants.map { ($0, "4") }))
    try await usage.set(["other:2025-10-01:x": "5"], prefix: "eu:")
    try await usage.place.askForReplay("--job", "usage-aggregation")
    var resolved = 0
    for index in 0..<3 {
      let run = try await usage.run([], ["JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "\(index)"])
      #expect(run.exitCode == 0, "\(run.output)")
      resolved += run.replayed[1] ?? 0
    }
    #expect(resolved == 20)
    #expect(try await usage.stored().count == 20)
    #expect(try await usage.deadLetters()["eu:other:2025-10-01:x"] == "not_integer/pending/1")
    let other = try await usage.run([], ["USAGE_KEY_PREFIX": "eu:"])
    #expect(other.replayed == [1, 1, 0, 0], "\(other.output)")
    #expect(try await usage.stored()["other:2025-10-01:x"] == "5")
  }

  @Test func `in a cluster the primary that has the key is asked`() async throws {
    let cluster = try await RedisCluster()
    let place = try await Place()
    let environment = place.environment.merging([
      "REDIS_URL": cluster.url, "JOB_SCHEDULED_AT": Usage.now, "JOB_FORCE": "true",
    ]) { $1 }
    let merchants = (0..<12).map { "m\($0)" }
    func set(_ value: String) async throws {
      try await cluster.cli(all: merchants.map { "SET usage:\($0):2025-10-01:x \(value)" })
    }
    try await set("?")
    try await cluster.cli(all: ["SET usage:config ?"])
    let days = environment.merging(["USAGE_DAYS": "2025-10-01"]) { $1 }
    #expect(try await Usage.binary.run([], days).exitCode == 65)
    try await set("3")
    try await place.askForReplay("--job", "usage-aggregation")
    let run = try await Usage.binary.run([], environment)
    #expect(run.exitCode == 65 && run.replayed == [13, 12, 1, 0], "\(run.output)\(run.errors)")
    #expect(try await place.value("select count(*) from merchant_usage where value = 3") == "12")
  }

  @Test(arguments: [
    "replaying dead letters", "begun", "committing", "replayed dead letters", "scanned a page",
    "settling the replay",
  ])
  func `a run that is killed in the middle of a replay leaves it asked, and the next one does it`(line: String)
    async throws
  {
    let usage = try await old(["bad:2025-10-01:x": "?", "worse:2025-10-01:x": "?"])
    try await usage.set(["bad:2025-10-01:x": "7"])
    try await usage.place.askForReplay("--job", "usage-aggregation")
    let asked = "select count(*) from oneshot.dead_letters where state = 'pending' and replay_asked_at is not null"
    let run = try await SteppedRun(Usage.binary, usage.environment(), past: line)
    run.process.send(SIGKILL)
    _ = await run.process.outcome()
    try await eventually {
      try await usage.place.value(
        "select count(*) from pg_stat_activity where application_name = 'oneshot' and datname = current_database()")
        == "0"
    }
    #expect(try await usage.place.value(asked) != "0")
    try await usage.place.redis("DEL", Usage.lockKey)
    let next = try await usage.run()
    #expect(next.exitCode == 65, "\(next.output)\(next.errors)")
    #expect(try await usage.place.value(asked) == "0")
    #expect(try await usage.stored() == ["good:2025-10-01:x": "1", "bad:2025-10-01:x": "7"])
    let letters = try await usage.deadLetters()
    #expect(letters["usage:bad:2025-10-01:x"] == "not_integer/resolved/1")
    // The run that died may have told it, too.
    let worse = letters["usage:worse:2025-10-01:x"] ?? ""
    #expect(["not_integer/pending/2", "not_integer/pending/3"].contains(worse), "\(worse)")
  }

  @Test func `names of keys read back as the bytes that they are`() {
    let keys: [[UInt8]] = [
      [], Array("plain".utf8), Array(#"a\b\\x41"#.utf8), [0, 1, 0x1F, 0x20, 0x7F, 0x80, 0xC3, 0x28, 0xFF],
      Array("é😀\n\t\"".utf8), [0xE2, 0x82], Array(#"\xff"#.utf8),
    ]
    for key in keys {
      #expect(ItemName.bytes(of: key.withUnsafeBytes { ItemName.shown($0) }) == key)
    }
    #expect(ItemName.bytes(of: #"a\m"#) == nil && ItemName.bytes(of: #"\x4"#) == nil)
  }
}

import Foundation
import Redis
import TestSupport
import Testing

/// What others have written may be of any size, and a run, or the operator's command, stays within the memory that the
/// manifests give it.
@Suite(.timeLimit(.minutes(10))) struct LittleMemoryTests {
  private static let oneshot = Binary("oneshot")

  @Test func `a lock's value of 64 MiB skips a run as any other does, and is shown cut`() async throws {
    let usage = try await Usage()
    try await usage.place.redis("SETRANGE", Usage.lockKey, "\(64 << 20)", "x")
    let run = try await Usage.binary.runInLittleMemory([], usage.environment())
    #expect(run.exitCode == 0 && run.result["reason"].string == "locked", "\(run.output)\(run.errors)")
    #expect(run.output.utf8.count < 8000 && run.errors.utf8.count < 32_000)
    for words in [["locks"], ["locks", "--json"], ["unlock", Usage.job, "--yes"]] {
      let outcome = try await Self.oneshot.runInLittleMemory(words, usage.place.environment)
      #expect(outcome.exitCode == 0 && outcome.output.utf8.count < 32_000, "\(words): \(outcome.errors)")
    }
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
  }

  @Test(arguments: [false, true])
  func `names of 20 MB are dead letters, and the counters beside them are written`(hashes: Bool) async throws {
    let (usage, redis) = (try await Usage(), try await RedisServer())
    // Pages before and after the one that has them.
    for number in 1...2500 {
      if hashes {
        try await redis("HSET", "usage:m\(number):2025-11-07", "x", "5")
      } else {
        try await redis("SET", "usage:m\(number):2025-11-07:x", "5")
      }
    }
    let script = "return redis.call('set', 'usage:' .. string.rep(string.rep('x', 10000), 2000) .. ARGV[1], '1')"
    for letter in ["x", "y"] { try await redis("EVAL", script, "0", letter) }
    let settings = ["REDIS_URL": redis.url].merging(
      hashes ? ["USAGE_KEY_FORMAT": "usage:{merchant}:{yyyy-MM-dd}"] : [:]
    ) { $1 }
    let run = try await Usage.binary.runInLittleMemory([], usage.environment(settings))
    #expect(run.exitCode == 65 && run.count("failed") == 2, "\(run.output)\(run.errors)")
    #expect(try await usage.stored().count == 2500)
    #expect(run.errors.contains("larger than an answer may be"))
    #expect(try await usage.deadLetters().count == 2)
  }

  @Test func `names of a mebibyte are dead letters that name them by their digest`() async throws {
    let (usage, redis) = (try await Usage(), try await RedisServer())
    try await redis("SET", "usage:m:2025-11-07:x", "5")
    for letter in ["x", "y", "z"] {
      try await redis(
        "EVAL", "return redis.call('set', 'usage:' .. string.rep(string.rep('\\n', 1024), 1024) .. ARGV[1], '1')", "0",
        letter)
    }
    let run = try await Usage.binary.runInLittleMemory([], usage.environment(["REDIS_URL": redis.url]))
    #expect(run.exitCode == 65 && run.count("failed") == 3, "\(run.output)\(run.errors)")
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
    let longest = try await usage.place.value("select max(octet_length(item)) from oneshot.dead_letters")
    // 4 KiB of letters that are written as four, and the digest.
    #expect(Int(longest) ?? .max <= 17_000)
    #expect(try await usage.place.value("select count(distinct item) from oneshot.dead_letters") == "3")
  }

  @Test func `a hash with a field whose name has 20 MB is a dead letter, and the others are counted`() async throws {
    let (usage, redis) = (try await Usage(), try await RedisServer())
    for merchant in ["m", "n"] { try await redis("HSET", "usage:\(merchant):2025-11-05", "x", "1") }
    try await redis(
      "EVAL", "return redis.call('hset', KEYS[1], string.rep(string.rep('x', 10000), 2000), '1')", "1",
      "usage:m:2025-11-05")
    let run = try await Usage.binary.runInLittleMemory(
      [],
      usage.environment([
        "REDIS_URL": redis.url, "USAGE_KEY_FORMAT": "usage:{merchant}:{yyyy-MM-dd}",
      ]))
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(try await usage.stored() == ["n:2025-11-05:x": "1"])
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05": "wrong_type/pending/1"])
  }

  @Test func `a list that is longer than one answer may be is read a few at a time`() async throws {
    let place = try await Place()
    try await place.execute(
      """
      insert into oneshot.dead_letters (instance, job, server, variant, item_digest, item, payload, error_kind,
        error_message, attempts, first_failed_at, last_failed_at, last_run_id, state)
      select '', 'reindex', '', '', sha256(number::text::bytea), number::text, jsonb_build_object('x', repeat('x', 60000)),
        'kind', 'message', 1, now(), now(), '01a1ff42-bc8d-7131-b048-aaaaaaaaaaaa', 'pending'
      from generate_series(1, 400) as number
      """)
    // Of a Unix socket nobody counts what comes.
    let proxy = try Proxy(to: .unix(path: place.servers.folder + "/.s.PGSQL.5432"))
    defer { proxy.close() }
    let words = ["dead-letters", "list", "--json", "--limit", "1000"]
    let outcome = try await Self.oneshot.run(words, place.environment(postgres: proxy))
    #expect(outcome.exitCode == 0 && outcome.result.count == 400, "\(outcome.errors)")
    #expect(proxy.bytes(.toClient) > 24_000_000)
  }

  @Test func `dead letters of 20 MB cost neither the run nor whoever lists them more memory`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    // Random, so that they are as large as they look.
    try await usage.place.execute(
      """
      create temporary table large as
        select string_agg(md5(n::text), '') as text from generate_series(1, 600000) as n;
      insert into oneshot.dead_letters (instance, job, server, variant, item_digest, item, payload, error_kind,
        error_message, attempts, first_failed_at, last_failed_at, last_run_id, state, replay_asked_at, replay_asked_by)
      select '', 'usage-aggregation', '', '', sha256(convert_to(number::text, 'UTF8')),
        case when number = 2 then text else 'usage:large' || number || ':2025-11-07:x' end,
        jsonb_build_object('value', case when number = 1 then text end), 'not_integer',
        case when number = 3 then text else 'of another time' end, 1, now(), now(),
        '01a1ff42-bc8d-7131-b048-aaaaaaaaaaaa', 'pending', now(), 'a test'
      from large, generate_series(1, 3) as number;
      """)
    let run = try await Usage.binary.runInLittleMemory([], usage.environment())
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    // Of a name that is not read whole nobody knows which item it is.
    #expect(run.result["details", "replayed", "handed"].int == 2, "\(run.output)")
    let digest = try await usage.place.value(
      "select encode(item_digest, 'hex') from oneshot.dead_letters where octet_length(item) > 1000")
    for words in [["list", "--state", "all"], ["list", "--state", "all", "--json"], ["show", Usage.job, digest]] {
      let outcome = try await Self.oneshot.runInLittleMemory(["dead-letters"] + words, usage.place.environment)
      #expect(outcome.exitCode == 0 && outcome.output.utf8.count < 200_000, "\(words): \(outcome.errors)")
    }
  }
}

import JobRuntime
import Redis
import TestSupport
import Testing

/// What cannot be stored is a dead letter each; the rest is written.
@Suite struct BadItemTests {
  @Test func `15: values that are no counters are dead letters and the rest is written`() async throws {
    let usage = try await Usage()
    let bad = [
      "word": "abc", "float": "1.5", "empty": "", "space": " 1", "plus": "+1", "octal": "007", "minus": "-",
    ]
    try await usage.set(Dictionary(uniqueKeysWithValues: bad.map { ("\($0.key):2025-11-05:x", $0.value) }))
    try await usage.set([
      "below:2025-11-05:x": "-1", "large:2025-11-05:x": "9223372036854775808",
      "largest:2025-11-05:x": "9223372036854775807", "good:2025-11-05:x": "0",
    ])
    try await usage.place.redis("LPUSH", "usage:list:2025-11-05:x", "1")
    try await usage.place.redis("HSET", "usage:hash:2025-11-05:x", "1", "1")

    let run = try await usage.run()
    #expect(run.exitCode == 65)
    #expect(run.result["status"].string == "partial")
    #expect(try await usage.stored() == ["largest:2025-11-05:x": "9223372036854775807", "good:2025-11-05:x": "0"])
    var expected = Dictionary(
      uniqueKeysWithValues: bad.keys.map { ("usage:\($0):2025-11-05:x", "not_integer/pending/1") })
    expected["usage:below:2025-11-05:x"] = "negative/pending/1"
    expected["usage:large:2025-11-05:x"] = "out_of_range/pending/1"
    expected["usage:list:2025-11-05:x"] = "wrong_type/pending/1"
    expected["usage:hash:2025-11-05:x"] = "wrong_type/pending/1"
    #expect(try await usage.deadLetters() == expected)
    #expect(run.count("failed") == expected.count && run.result["errors_total"].int == expected.count)
    #expect(run.result["errors"].count == expected.count)
  }

  @Test func `keys that name no counter are dead letters whatever their bytes`() async throws {
    let usage = try await Usage()
    let long = Array("usage:\(String(repeating: "l", count: 65_536)):2025-11-05:x".utf8)
    let digest = String(long.withUnsafeBytes { FNV1a.digest($0) }, radix: 16)
    let bad: [([UInt8], String, String)] = [
      (Array("usage:a:2025-13-01:x".utf8), "usage:a:2025-13-01:x", "bad_date"),
      (Array("usage:a:2025-02-29:x".utf8), "usage:a:2025-02-29:x", "bad_date"),
      (Array("usage:a:2025-1-1:x".utf8), "usage:a:2025-1-1:x", "bad_date"),
      (Array("usage::2025-11-05:x".utf8), "usage::2025-11-05:x", "empty_part"),
      (Array("usage:a:2025-11-05:".utf8), "usage:a:2025-11-05:", "empty_part"),
      (Array("usage:config".utf8), "usage:config", "missing_part"),
      (Array("usage:".utf8) + [0xFF, 0xFE] + Array(":2025-11-05:x".utf8), "usage:\\xff\\xfe:2025-11-05:x", "not_utf8"),
      (Array("usage:a".utf8) + [0] + Array("b:2025-11-05:x".utf8), "usage:a\\x00b:2025-11-05:x", "nul"),
      (
        long,
        // Its beginning, and what tells it from others that begin so.
        "usage:\(String(repeating: "l", count: 4090))\\… (65555 bytes, digest \(digest))", "too_long"
      ),
    ]
    try await usage.place.redis(all: bad.map { RedisCommand("SET", bytes: [$0.0, Array("1".utf8)]) })
    try await usage.set(["good:2025-11-05:x": "1"])
    let run = try await usage.run()
    #expect(run.exitCode == 65)
    #expect(try await usage.stored() == ["good:2025-11-05:x": "1"])
    let expected = Dictionary(uniqueKeysWithValues: bad.map { ($0.1, "\($0.2)/pending/1") })
    #expect(try await usage.deadLetters() == expected)
  }

  @Test func `merchant ids of any letters are stored as they are`() async throws {
    let usage = try await Usage()
    let merchants = [
      "a:b::c", "o'brien", "say \"hi\"", "x; drop table merchant_usage; --", "$1 \\ \\n", "*?[a]", "смайл😀",
      "tab\tand\nnewline", "{\"json\":1}", " ", "NULL", "é", "e\u{301}", String(repeating: "z", count: 2500),
    ]
    // Swift holds é and e with an accent for equal; Redis and Postgres do not, so bytes are compared here.
    try await usage.place.redis(all: merchants.map { RedisCommand("SET", "usage:\($0):2025-11-05:x", "5") })
    let run = try await usage.run()
    #expect(run.exitCode == 0)
    let stored = try await usage.place.rows("select merchant_id from merchant_usage").map { Array($0[0].utf8) }
    #expect(Set(stored) == Set(merchants.map { Array($0.utf8) }))
    #expect(stored.count == merchants.count)
  }

  @Test func `a key that fails again raises its attempts, and one that is mended is resolved`() async throws {
    let usage = try await Usage()
    try await usage.set(["bad:2025-11-05:x": "?", "worse:2025-11-05:x": "?", "good:2025-11-05:x": "1"])
    #expect(try await usage.run().exitCode == 65)
    try await usage.set(["bad:2025-11-05:x": "8"])
    #expect(try await usage.run().exitCode == 65, "the day is not completed while an item of it fails")
    #expect(
      try await usage.deadLetters() == [
        "usage:bad:2025-11-05:x": "not_integer/resolved/1", "usage:worse:2025-11-05:x": "not_integer/pending/2",
      ])
    #expect(try await usage.stored() == ["bad:2025-11-05:x": "8", "good:2025-11-05:x": "1"])
    #expect(try await usage.completed().isEmpty)
  }

  @Test func `the error budget decides between succeeded and partial`() async throws {
    let usage = try await Usage()
    try await usage.set(["bad:2025-11-05:x": "?"])
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<99).map { ("m\($0):2025-11-05:x", "1") }))
    #expect(try await usage.run([], ["JOB_ERROR_BUDGET": "1"]).exitCode == 0)
    #expect(try await usage.run([], ["JOB_ERROR_BUDGET": "1%"]).exitCode == 0)
    #expect(try await usage.run([], ["JOB_ERROR_BUDGET": "0.9%"]).exitCode == 65)
  }

  @Test func `thousands of bad items are all dead letters, and the result shows twenty`() async throws {
    let usage = try await Usage()
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<2500).map { ("m\($0):2025-11-05:x", "?") }))
    let run = try await usage.run()
    #expect(run.result["errors"].count == 20)
    #expect(run.result["errors_total"].int == 2500)
    #expect(try await usage.deadLetters().count == 2500)
  }
}

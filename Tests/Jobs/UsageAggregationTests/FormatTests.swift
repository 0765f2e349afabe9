import Redis
import TestSupport
import Testing

/// Counters whose keys are put together in another way.
@Suite(.timeLimit(.minutes(10))) struct FormatTests {
  private func usage(_ keys: [String: String]) async throws -> Usage {
    let usage = try await Usage()
    try await usage.set(keys, prefix: "")
    return usage
  }

  @Test func `keys with another date, hash tags, and a part that holds colons are stored as the usual ones`()
    async throws
  {
    for (format, key) in [
      ("quota:{tenant}:{yyyyMMdd}:{metric}", "quota:a:b:20251105:x"),
      ("usage:{{merchant}}:{yyyy-MM-dd}:{metric}", "usage:{a:b}:2025-11-05:x"),
      ("{metric}:{yyyy/MM/dd}:{merchant}:total", "x:2025/11/05:a:b:total"),
    ] {
      let usage = try await usage([key: "7"])
      let run = try await usage.run([], ["USAGE_KEY_FORMAT": format, "USAGE_SET_TTL": "7d"])
      #expect(run.exitCode == 0, "\(run.output)")
      #expect(try await usage.stored() == ["a:b:2025-11-05:x": "7"])
      #expect((600_000...604_800).contains(try await usage.place.redis("TTL", key).integer ?? 0), "\(key)")
      #expect(
        try await usage.place.value("select key_prefix from oneshot.usage_days")
          == format
          .replacing("tenant", with: "merchant").replacing("{{merchant}}", with: "{{{merchant}}}"))
    }
  }

  @Test func `counters of a month are stored at its first day once it is over`() async throws {
    let usage = try await usage(["x:2025-10:a": "7", "x:2025-11:a": "8"])
    let format = ["USAGE_KEY_FORMAT": "{metric}:{yyyy-MM}:{merchant}"]
    let early = format.merging(["JOB_SCHEDULED_AT": "2025-11-01T00:30:00Z"]) { $1 }
    #expect(try await usage.run([], early).count("inserted") == 1)
    #expect(try await usage.completed().isEmpty, "the month has not been over for the settling time")
    try await usage.set(["x:2025-10:a": "9"], prefix: "")
    let run = try await usage.run([], format.merging(["JOB_SCHEDULED_AT": "2025-11-01T02:00:00Z"]) { $1 })
    #expect(run.exitCode == 0 && run.count("updated") == 1, "\(run.output)")
    #expect(run.result["window", "start"].string == "2025-10-01T00:00:00Z")
    #expect(run.result["window", "end"].string == "2025-11-01T00:00:00Z")
    #expect(try await usage.stored() == ["a:2025-10-01:x": "9"])
    #expect(try await usage.completed() == ["2025-10-01"])
    // Any day of it means the month.
    let chosen = try await usage.run([], format.merging(["USAGE_DAYS": "2025-11-03..2025-11-05"]) { $1 })
    #expect(chosen.count("days") == 1 && chosen.count("inserted") == 1, "\(chosen.output)")
    #expect(try await usage.stored() == ["a:2025-10-01:x": "9", "a:2025-11-01:x": "8"])
  }

  @Test func `keys of somebody else are left out and are no dead letters`() async throws {
    let usage = try await usage(["usage:config:a": "?", "usage:a:limit": "?", "usage:a:2025-11-05:x": "1"])
    let run = try await usage.run([], ["USAGE_IGNORE": "usage:config:*, usage:*:limit"])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.count("ignored") == 2 && run.count("scanned") == 3)
    #expect(try await usage.deadLetters().isEmpty)
    #expect(try await usage.stored() == ["a:2025-11-05:x": "1"])
  }

  @Test func `a key that does not fit is a dead letter that names the format`() async throws {
    let usage = try await usage(["quota:a:2025-11-05:x": "1", "quota:a": "1", "quota:good:20251105:x": "1"])
    let format = ["USAGE_KEY_FORMAT": "quota:{merchant}:{yyyyMMdd}:{metric}"]
    let run = try await usage.run([], format)
    #expect(run.exitCode == 65)
    #expect(
      try await usage.deadLetters() == [
        "quota:a:2025-11-05:x": "bad_date/pending/1", "quota:a": "missing_part/pending/1",
      ])
    #expect(run.output.contains("the key is not of the form quota:{merchant}:{yyyyMMdd}:{metric}"), "\(run.output)")
    try await usage.place.redis("DEL", "quota:a")
    try await usage.place.askForReplay("--job", "usage-aggregation")
    #expect(try await usage.run([], format).replayed == [2, 1, 1, 0])
  }

  @Test func `a check shows how keys are taken apart, three of each kind`() async throws {
    var keys = ["usage:ignored": "1"]
    for number in 0..<5 {
      keys["usage:m\(number):2025-11-05:x"] = "1"
      keys["usage:bad\(number)"] = "1"
    }
    let usage = try await usage(keys)
    let check = try await usage.run(["--check"], ["USAGE_IGNORE": "*:ignored"])
    #expect(check.exitCode == 0, "\(check.output)")
    let lines = check.errors.split(separator: "\n")
    let good = lines.filter { $0.contains("a counter, as its key is taken apart") }
    #expect(good.count == 3 && good.allSatisfy { $0.contains(#""day":"2025-11-05","metric":"x""#) }, "\(check.errors)")
    let refused = lines.filter { $0.contains("a key that names no counter") }
    #expect(refused.count == 3 && refused.allSatisfy { $0.contains("is not of the form usage:{merchant}:") })
    let elsewhere = try await usage.run(["--check"], ["USAGE_KEY_PREFIX": "nothing:"])
    #expect(
      elsewhere.exitCode == 0 && elsewhere.errors.contains("no key begins as the format does"), "\(elsewhere.errors)")
  }

  @Test func `a format and a prefix together are a mistake`() async throws {
    let usage = try await Usage()
    let both = ["USAGE_KEY_PREFIX": "a:", "USAGE_KEY_FORMAT": "a:{merchant}:{yyyyMM}:{metric}"]
    let run = try await usage.run([], both)
    #expect(run.exitCode == 78)
    #expect(run.result["error", "message"].string?.contains("USAGE_KEY_PREFIX too") == true, "\(run.output)")
  }
}

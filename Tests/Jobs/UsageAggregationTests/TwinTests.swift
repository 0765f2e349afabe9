import Redis
import TestSupport
import Testing

/// Schedules of one minute that differ in their work alone: other counters, other days, another Redis.
@Suite(.timeLimit(.minutes(10))) struct TwinTests {
  private func usageTwins(
    _ first: [String: String], _ second: [String: String], on usage: Usage
  ) -> Twins {
    Twins(usage.place, Usage.binary, at: Usage.now, first, second)
  }

  @Test(arguments: [false, true])
  func `another prefix`(atOnce: Bool) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1"])
    try await usage.set(["n:2025-11-07:x": "2"], prefix: "eu:")
    let twins = usageTwins([:], ["USAGE_KEY_PREFIX": "eu:"], on: usage)
    try await twins.run(atOnce: atOnce)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    let parts = try await twins.health("usage-aggregation=366d")
    #expect(parts.count == 2 && parts[0] == "usage-aggregation" && parts[1].hasPrefix("usage-aggregation:prefix-eu_-"))
  }

  @Test(arguments: [false, true])
  func `another merchant`(atOnce: Bool) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    let twins = usageTwins(["USAGE_MERCHANT": "m"], ["USAGE_MERCHANT": "n"], on: usage)
    try await twins.run(atOnce: atOnce)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    #expect(
      try await twins.health("usage-aggregation:merchant-n=366d") == [
        "usage-aggregation:merchant-m", "usage-aggregation:merchant-n",
      ])
  }

  @Test(arguments: [false, true])
  func `other days, and today`(atOnce: Bool) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1", "m:2025-10-01:x": "2", "m:2025-11-08:x": "3"])
    let days = usageTwins(
      ["USAGE_INCLUDE_TODAY": "true"], ["USAGE_DAYS": "2025-10-02, 2025-10-01"], on: usage)
    try await days.run(atOnce: atOnce)
    #expect(
      try await usage.stored() == ["m:2025-11-07:x": "1", "m:2025-10-01:x": "2", "m:2025-11-08:x": "3"])
    // What was wanted once is judged with the usual work.
    #expect(try await days.health() == ["usage-aggregation", "usage-aggregation:and_today"])
  }

  @Test(arguments: [false, true])
  func `another Redis behind the same prefix`(atOnce: Bool) async throws {
    let usage = try await Usage()
    let other = try await RedisServer()
    try await usage.set(["m:2025-11-07:x": "1"])
    try await other("SET", "usage:n:2025-11-07:x", "2")
    let twins = usageTwins([:], ["REDIS_URL": other.url], on: usage)
    try await twins.run(atOnce: atOnce)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    #expect(
      try await usage.place.rows(
        "select server as a, usage_date as b from oneshot.usage_days where keys > 0 order by 1"
      )
      .count == 2)
    let parts = try await twins.health("usage-aggregation=366d")
    #expect(parts.count == 2 && parts.allSatisfy { $0.hasPrefix("usage-aggregation @/") }, "\(parts)")
  }

  @Test func `check warns when two addresses have written one progress, and names the remedy`() async throws {
    let usage = try await Usage()
    let other = try await RedisServer()
    try await usage.set(["m:2025-11-07:x": "1"])
    try await other("SET", "usage:n:2025-11-07:x", "2")
    let here = ["JOB_FORCE": "false"]
    #expect(try await usage.run([], here).exitCode == 0)
    #expect(try await !usage.run(["--check"], here).result["details", "advice"].isThere)
    #expect(try await usage.run([], here.merging(["REDIS_URL": other.url]) { $1 }).exitCode == 0)
    // Days are completed by the clock, and the warning is of the life of counters.
    try await usage.place.execute("update oneshot.usage_days set completed_at = '\(Usage.now)'")
    for settings in [here, here.merging(["REDIS_URL": other.url]) { $1 }] {
      let check = try await usage.run(["--check"], settings)
      let advice = check.result["details", "advice"].elements.compactMap(\.string)
      #expect(check.exitCode == 0 && advice.count == 1, "\(check.output)")
      #expect(
        advice.allSatisfy {
          $0.contains("JOB_INSTANCE") && $0.contains(other.address.identity) && $0.contains(usage.place.redis.identity)
        }, "\(advice)")
      #expect(check.errors.contains("two addresses have written"), "\(check.errors)")
    }
    for settings in [["JOB_INSTANCE": "a"], ["USAGE_KEY_PREFIX": "eu:"], ["JOB_SCHEDULED_AT": "2025-12-08T02:00:00Z"]] {
      #expect(try await !usage.run(["--check"], settings).result["details", "advice"].isThere, "\(settings)")
    }
  }

  @Test func `two installations neither wait for nor skip each other, and each has its own days`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1", "bad:2025-11-07:x": "?"])
    let twins = Twins(
      usage.place, Usage.binary, at: Usage.now, ["JOB_INSTANCE": "a", "JOB_ERROR_BUDGET": "1"],
      ["JOB_INSTANCE": "b", "JOB_ERROR_BUDGET": "1"])
    try await twins.run(atOnce: true)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1"])
    #expect(
      try await usage.place.rows("select instance as a from oneshot.dead_letters order by 1") == [["a"], ["b"]])
    #expect(
      try await twins.health("a/usage-aggregation=366d,b/usage-aggregation=366d")
        == ["a/usage-aggregation", "b/usage-aggregation"])
    let one = try await Binary("oneshot").run(["health", "--instance", "a"], usage.place.environment)
    #expect(one.output.contains("a/usage-aggregation") && !one.output.contains("b/usage-aggregation"))
    let letters = try await Binary("oneshot").run(
      ["dead-letters", "show", "usage-aggregation", "usage:bad:2025-11-07:x"], usage.place.environment)
    #expect(letters.exitCode == 1 && letters.errors.contains("--instance"), "\(letters.errors)")
    let discarded = try await Binary("oneshot").run(
      ["dead-letters", "discard", "--instance", "a", "usage-aggregation", "usage:bad:2025-11-07:x"],
      usage.place.environment)
    #expect(discarded.exitCode == 0 && discarded.output.contains("a/usage-aggregation 1"), "\(discarded.output)")
    #expect(
      try await usage.place.rows("select instance as a, state as b from oneshot.dead_letters order by 1")
        == [["a", "discarded"], ["b", "pending"]])
  }
}

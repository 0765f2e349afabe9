import JobRuntime
import Redis
import TestSupport
import Testing

/// Which days a run takes, and which it leaves for ever.
@Suite struct DayTests {
  private let week = ["2025-11-01", "2025-11-02", "2025-11-03", "2025-11-04", "2025-11-05", "2025-11-06", "2025-11-07"]

  private func usageOfTenDays() async throws -> Usage {
    let usage = try await Usage()
    let days = ["2025-10-30", "2025-10-31"] + week + ["2025-11-08"]
    try await usage.set(Dictionary(uniqueKeysWithValues: days.map { ("m:\($0):x", "1") }))
    return usage
  }

  private func days(_ run: Binary.Outcome) -> [String] {
    run.result["details", "by_day"].elements.filter { $0["keys"].int != 0 }.compactMap { $0["day"].string }
  }

  @Test func `by default every day up to yesterday, back to the counters' life`() async throws {
    let usage = try await usageOfTenDays()
    #expect(days(try await usage.run()) == week)
    #expect(try await usage.completed() == week)
    let next = try await usage.run()
    #expect(next.exitCode == 0)
    #expect(next.count("days") == 0 && next.count("scanned") == 0)
    let later = try await usage.run([], ["JOB_SCHEDULED_AT": "2025-11-09T02:00:00Z"])
    // The one is new, the others are read again: their counters are about to expire, or a day has gone by.
    #expect(days(later) == ["2025-11-03", "2025-11-07", "2025-11-08"])
    #expect(later.count("inserted") == 1 && later.count("late") == 0)
  }

  @Test func `a schedule that was down for three days catches up by itself`() async throws {
    let usage = try await usageOfTenDays()
    #expect(days(try await usage.run([], ["JOB_SCHEDULED_AT": "2025-11-04T02:00:00Z"])).last == "2025-11-03")
    let later = try await usage.run([], ["USAGE_RECHECK": "false"])
    #expect(days(later) == ["2025-11-04", "2025-11-05", "2025-11-06", "2025-11-07"])
  }

  @Test func `a day that was done by hand leaves no gap behind it`() async throws {
    let usage = try await usageOfTenDays()
    #expect(days(try await usage.run([], ["USAGE_DAYS": "2025-11-05"])) == ["2025-11-05"])
    #expect(days(try await usage.run()) == week.filter { $0 != "2025-11-05" })
  }

  @Test(arguments: [
    ("2025-10-30", ["2025-10-30"]), ("2025-11-01..2025-11-03", ["2025-11-01", "2025-11-02", "2025-11-03"]),
    ("yesterday", ["2025-11-07"]), ("today", ["2025-11-08"]),
    ("today, 2025-11-01,2025-11-01..2025-11-02", ["2025-11-01", "2025-11-02", "2025-11-08"]),
  ])
  func `asked-for days are the ones that are done`(setting: String, expected: [String]) async throws {
    let usage = try await usageOfTenDays()
    #expect(days(try await usage.run([], ["USAGE_DAYS": setting])) == expected)
    #expect(try await usage.completed() == expected.filter { $0 != "2025-11-08" })
  }

  @Test func `today is added when asked for, and never completed`() async throws {
    let usage = try await usageOfTenDays()
    #expect(days(try await usage.run([], ["USAGE_INCLUDE_TODAY": "true"])) == week + ["2025-11-08"])
    #expect(days(try await usage.run([], ["USAGE_INCLUDE_TODAY": "true"])) == ["2025-11-08"])
  }

  @Test func `a day is read again until it has been over for the settling time`() async throws {
    let usage = try await usageOfTenDays()
    _ = try await usage.run([], ["JOB_SCHEDULED_AT": "2025-11-08T00:30:00Z"])
    #expect(try await usage.completed() == Array(week.dropLast()))
    try await usage.set(["m:2025-11-07:x": "2"])
    let later = try await usage.run([], ["JOB_SCHEDULED_AT": "2025-11-08T01:00:00Z"])
    #expect(later.count("updated") == 1)
    #expect(try await usage.completed() == week)
  }

  @Test func `a retention of two days looks back two days`() async throws {
    let usage = try await usageOfTenDays()
    #expect(days(try await usage.run([], ["USAGE_RETENTION": "2d"])) == ["2025-11-06", "2025-11-07"])
  }

  @Test func `days follow the time zone, daylight saving included`() async throws {
    let usage = try await usageOfTenDays()
    // 02:00 UTC on the 8th is still the 7th in Los Angeles.
    let run = try await usage.run([], ["USAGE_TIMEZONE": "America/Los_Angeles", "USAGE_DAYS": "yesterday"])
    #expect(days(run) == ["2025-11-06"])
    #expect(run.result["window", "start"].string == "2025-11-06T08:00:00Z")
    // The clocks go back on 2025-11-02 there: that day has 25 hours.
    let long = try await usage.run([], ["USAGE_TIMEZONE": "America/Los_Angeles", "USAGE_DAYS": "2025-11-02"])
    #expect(long.result["window", "start"].string == "2025-11-02T07:00:00Z")
    #expect(long.result["window", "end"].string == "2025-11-03T08:00:00Z")
  }

  @Test func `an unknown time zone is a misconfiguration that is named`() async throws {
    let usage = try await usageOfTenDays()
    let run = try await usage.run([], ["USAGE_TIMEZONE": "Mars/Olympus"])
    #expect(run.exitCode == 78)
    #expect(run.result["error", "message"].string?.contains("Mars/Olympus") == true)
  }

  @Test func `status compares both sides of every day and writes nothing`() async throws {
    let usage = try await usageOfTenDays()
    _ = try await usage.run()
    try await usage.set(["m:2025-11-07:x": "5", "new:2025-11-07:x": "9223372036854775807"])
    try await usage.place.redis("DEL", "usage:m:2025-11-06:x")
    let before = try await usage.stored()
    let run = try await usage.run([], ["USAGE_MODE": "status"])
    #expect(run.exitCode == 0)
    let status = run.result["details", "status"].elements
    #expect(status.compactMap { $0["day"].string } == week)
    let last = try #require(status.last)
    #expect(last["redis_keys"].int == 2 && last["postgres_rows"].int == 1)
    #expect(last["redis_sum"].string == "9223372036854775812" && last["postgres_sum"].int == 1)
    #expect(last["missing"].int == 1 && last["differing"].int == 1)
    #expect(status[5]["redis_keys"].int == 0 && status[5]["postgres_rows"].int == 1)
    #expect(try await usage.stored() == before)
    #expect(try await usage.place.value("select count(*) from oneshot.job_runs") == "1")
  }
}

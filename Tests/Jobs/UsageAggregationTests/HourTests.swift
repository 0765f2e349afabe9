import TestSupport
import Testing

/// Counters of hours, and the sums that are made of them.
@Suite(.timeLimit(.minutes(10))) struct HourTests {
  private static let format = ["USAGE_KEY_FORMAT": "usage:{merchant}:{yyyy-MM-dd'T'HH}:{metric}"]

  private func hours(_ usage: Usage) async throws -> [[String]] {
    try await usage.place.rows(
      "select merchant_id as a, usage_hour as b, value as c from merchant_usage_hourly order by 1, 2")
  }

  @Test func `hours are stored each, and the day has their sum`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-05T00:x": "1", "m:2025-11-05T23:x": "2", "n:2025-11-05T07:x": "4"])
    let run = try await usage.run([], Self.format)
    #expect(run.exitCode == 0 && run.count("inserted") == 3, "\(run.output)")
    #expect(try await hours(usage) == [["m", "0", "1"], ["m", "23", "2"], ["n", "7", "4"]])
    #expect(try await usage.stored() == ["m:2025-11-05:x": "3", "n:2025-11-05:x": "4"])
    #expect(try await usage.completed() == ["2025-11-05"])

    try await usage.set(["m:2025-11-05T23:x": "5", "m:2025-11-05T24:x": "1"])
    let more = try await usage.run([], Self.format.merging(["USAGE_DAYS": "2025-11-05"]) { $1 })
    #expect(more.exitCode == 65 && more.count("updated") == 1 && more.count("unchanged") == 2, "\(more.output)")
    #expect(try await usage.stored() == ["m:2025-11-05:x": "6", "n:2025-11-05:x": "4"])
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05T24:x": "bad_date/pending/1"])
  }

  @Test func `an hour that went back is kept, overwritten or failed as a day is`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-05T01:x": "10", "m:2025-11-05T02:x": "5"])
    #expect(try await usage.run([], Self.format).exitCode == 0)
    try await usage.set(["m:2025-11-05T01:x": "3"])
    let day = Self.format.merging(["USAGE_DAYS": "2025-11-05"]) { $1 }
    #expect(try await usage.run([], day).count("regressed") == 1)
    #expect(try await usage.stored() == ["m:2025-11-05:x": "15"])
    let fail = day.merging(["USAGE_ON_REGRESSION": "fail"]) { $1 }
    #expect(try await usage.run([], fail).exitCode == 65)
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05T01:x": "regressed/pending/1"])
    try await usage.set(["m:2025-11-05T01:x": "11"])
    #expect(try await usage.run([], fail).exitCode == 0)
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05T01:x": "regressed/resolved/1"])
    try await usage.set(["m:2025-11-05T01:x": "2"])
    #expect(try await usage.run([], day.merging(["USAGE_ON_REGRESSION": "overwrite"]) { $1 }).exitCode == 0)
    #expect(try await usage.stored() == ["m:2025-11-05:x": "7"])
  }

  @Test func `hours do not lower a day that was counted as a day before`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-05:x": "100", "n:2025-11-05:x": "1"])
    #expect(try await usage.run().exitCode == 0)
    try await usage.place.redis("FLUSHDB")
    try await usage.set(["m:2025-11-05T01:x": "20", "n:2025-11-05T01:x": "2"])
    let fail = Self.format.merging(["USAGE_ON_REGRESSION": "fail"]) { $1 }
    let run = try await usage.run([], fail)
    #expect(run.exitCode == 65 && run.count("regressed") == 1, "\(run.output)")
    #expect(try await usage.stored() == ["m:2025-11-05:x": "100", "n:2025-11-05:x": "2"])
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05T*:x": "regressed/pending/1"])
    try await usage.set(["m:2025-11-05T02:x": "90"])
    #expect(try await usage.run([], fail).exitCode == 0)
    #expect(try await usage.stored() == ["m:2025-11-05:x": "110", "n:2025-11-05:x": "2"])
    #expect(try await usage.deadLetters() == ["usage:m:2025-11-05T*:x": "regressed/resolved/1"])
  }

  @Test func `both sides of a day of hours are compared hour by hour`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07T01:x": "10", "m:2025-11-07T02:x": "5"])
    #expect(try await usage.run([], Self.format).exitCode == 0)
    try await usage.set(["m:2025-11-07T02:x": "6", "m:2025-11-07T03:x": "1"])
    let run = try await usage.run([], Self.format.merging(["USAGE_MODE": "status"]) { $1 })
    let status = try #require(run.result["details", "status"].elements.last)
    #expect(status["redis_keys"].int == 3 && status["postgres_rows"].int == 2, "\(run.output)")
    #expect(status["missing"].int == 1 && status["differing"].int == 1)
  }

  @Test func `weeks and months are sums of days`() async throws {
    let usage = try await Usage()
    // A Sunday and the Monday after it; October and November.
    try await usage.set(["m:2025-10-31:x": "1", "m:2025-11-02:x": "2", "m:2025-11-03:x": "4"])
    #expect(try await usage.run([], ["USAGE_DAYS": "2025-10-31..2025-11-03"]).exitCode == 0)
    let weeks = "select week_start as a, value as b from merchant_usage_weekly order by 1"
    #expect(try await usage.place.rows(weeks) == [["2025-10-27", "3"], ["2025-11-03", "4"]])
    let months = "select month_start as a, value as b from merchant_usage_monthly order by 1"
    #expect(try await usage.place.rows(months) == [["2025-10-01", "1"], ["2025-11-01", "6"]])
  }
}

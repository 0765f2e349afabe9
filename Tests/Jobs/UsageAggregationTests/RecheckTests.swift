import TestSupport
import Testing

/// Completed days are read again, twice; and an emptied Redis is not taken for days without usage.
@Suite(.timeLimit(.minutes(10))) struct RecheckTests {
  /// Counters of 2025-11-07, written and completed by the run of the next morning.
  private func completed() async throws -> Usage {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1", "n:2025-11-07:x": "1"])
    #expect(try await usage.run().exitCode == 0)
    #expect(try await usage.completed() == ["2025-11-07"])
    return usage
  }

  private func run(
    _ usage: Usage, at time: String, _ settings: [String: String] = [:]
  ) async throws -> Binary.Outcome {
    try await usage.run([], settings.merging(["JOB_SCHEDULED_AT": "2025-11-\(time):00Z"]) { $1 })
  }

  @Test func `what grew after a day was completed is written a day later and before counters expire`() async throws {
    let usage = try await completed()
    let changedAt = "select changed_at from oneshot.usage_days where usage_date = '2025-11-07'"
    let first = try await usage.place.value(changedAt)
    #expect(first != "NULL")
    try await usage.set(["m:2025-11-07:x": "5", "late:2025-11-07:x": "2"])
    // An hour and a day after the day's end, and not earlier.
    #expect(try await run(usage, at: "09T00:59").count("late") == 0)
    #expect(try await usage.stored()["m:2025-11-07:x"] == "1")
    let dayLater = try await run(usage, at: "09T01:00")
    #expect(dayLater.exitCode == 0 && dayLater.count("late") == 2, "\(dayLater.output)")
    #expect(dayLater.count("inserted") == 1 && dayLater.count("updated") == 1 && dayLater.count("unchanged") == 1)
    #expect(
      try await usage.stored() == ["m:2025-11-07:x": "5", "n:2025-11-07:x": "1", "late:2025-11-07:x": "2"])
    let second = try await usage.place.value(changedAt)
    #expect(second != first)

    try await usage.set(["m:2025-11-07:x": "9"])
    #expect(try await run(usage, at: "12T23:59").count("late") == 0)
    // Seven days after the day began its counters expire.
    let beforeTheEnd = try await run(usage, at: "13T00:00")
    #expect(beforeTheEnd.count("late") == 1, "\(beforeTheEnd.output)")
    #expect(try await usage.stored()["m:2025-11-07:x"] == "9")
    let third = try await usage.place.value(changedAt)
    #expect(third != second)
    try await usage.set(["m:2025-11-07:x": "10"])
    #expect(try await run(usage, at: "14T02:00").count("late") == 0)
    #expect(try await usage.place.value(changedAt) == third)
  }

  @Test func `a day that is read again and has not grown keeps the moment of its last change`() async throws {
    let usage = try await completed()
    let row = "select changed_at || ' ' || keys from oneshot.usage_days where usage_date = '2025-11-07'"
    let before = try await usage.place.value(row)
    let again = try await run(usage, at: "09T02:00")
    #expect(again.count("unchanged") == 2 && again.count("late") == 0, "\(again.output)")
    #expect(try await usage.place.value(row) == before)
    let readFor = "select read_for = '2025-11-09T02:00:00Z' from oneshot.usage_days where usage_date = '2025-11-07'"
    #expect(try await usage.place.value(readFor) == "true")
  }

  @Test func `nothing is read again where that is turned off`() async throws {
    let usage = try await completed()
    try await usage.set(["m:2025-11-07:x": "5"])
    for time in ["09T02:00", "13T02:00"] {
      let run = try await run(usage, at: time, ["USAGE_RECHECK": "false"])
      #expect(run.exitCode == 0 && run.count("updated") == 0)
    }
    #expect(try await usage.stored()["m:2025-11-07:x"] == "1")
  }

  @Test func `where counters are given a shorter life a day is read again before that ends`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1"])
    let life = ["USAGE_SET_TTL": "3d"]
    #expect(try await usage.run([], life).exitCode == 0)
    for (time, value, late) in [("09T02:00", "2", 1), ("09T23:59", "3", 0), ("10T00:00", "3", 1), ("13T00:00", "4", 0)]
    {
      try await usage.set(["m:2025-11-07:x": value])
      let run = try await run(usage, at: time, life)
      #expect(run.count("late") == late, "\(time): \(run.output)")
    }
  }

  @Test func `a Redis without counters of a day that has rows is warned of with both figures`() async throws {
    let usage = try await completed()
    try await usage.place.redis("FLUSHDB")
    let run = try await run(usage, at: "09T02:00")
    #expect(run.exitCode == 0 && run.count("lost_days") == 1, "\(run.output)")
    #expect(run.errors.contains(#""counters":0,"rows":2"#), "\(run.errors)")
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1", "n:2025-11-07:x": "1"])
  }

  @Test func `an emptied Redis fails the day where regressions do, until the counters are back`() async throws {
    let usage = try await completed()
    let fail = ["USAGE_ON_REGRESSION": "fail"]
    try await usage.place.redis("FLUSHDB")
    let empty = try await run(usage, at: "09T02:00", fail)
    #expect(empty.exitCode == 65 && empty.count("failed") == 1, "\(empty.output)")
    #expect(
      empty.result["errors"][0]["message"].string
        == "Redis has 0 counters for 2025-11-07 and Postgres has 2 rows, which are kept; was Redis emptied?")
    #expect(try await usage.deadLetters() == ["usage:*:2025-11-07:*": "counters_lost/pending/1"])
    try await usage.set(["m:2025-11-07:x": "1", "n:2025-11-07:x": "1"])
    // It was told, so the day waits for its last reading; by hand it is read at once.
    #expect(try await run(usage, at: "09T03:00", fail).count("lost_days") == 0)
    let byHand = fail.merging(["USAGE_DAYS": "2025-11-07"]) { $1 }
    #expect(try await run(usage, at: "09T03:00", byHand).exitCode == 0)
    #expect(try await usage.deadLetters() == ["usage:*:2025-11-07:*": "counters_lost/resolved/1"])
  }

  @Test func `rows of a day that was not completed are missed as well`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-08:x": "1"])
    #expect(try await usage.run([], ["USAGE_INCLUDE_TODAY": "true"]).exitCode == 0)
    try await usage.place.redis("FLUSHDB")
    #expect(try await usage.run([], ["USAGE_INCLUDE_TODAY": "true"]).count("lost_days") == 1)
  }

  @Test func `counters that expire before the second reading are not missed`() async throws {
    let usage = try await completed()
    try await usage.place.redis("FLUSHDB")
    let run = try await run(usage, at: "13T02:00", ["USAGE_ON_REGRESSION": "fail"])
    #expect(run.exitCode == 0 && run.count("lost_days") == 0, "\(run.output)")
    #expect(!run.errors.contains("was Redis emptied"), "\(run.errors)")
  }

  @Test func `rows of another prefix are not missed`() async throws {
    let usage = try await completed()
    let other = try await usage.run([], ["USAGE_KEY_PREFIX": "eu:"])
    #expect(other.exitCode == 0 && other.count("lost_days") == 0, "\(other.output)")
  }
}

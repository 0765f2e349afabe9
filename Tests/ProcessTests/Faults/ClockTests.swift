import Foundation
import Redis
import TestSupport
import Testing

/// Row 16: clocks that are set while a run goes on, and days that are longer or shorter than others.
@Suite(.timeLimit(.minutes(10))) struct ClockTests {
  private func usage() async throws -> Usage {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    return usage
  }

  @Test(arguments: [-3600, 3600])
  func `16: the lock is kept and the work done, wherever the clock is set`(seconds: Int) async throws {
    let clock = try await WallClock()
    let usage = try await usage()
    let settings = ["JOB_LOCK_TTL": "6s", "JOB_TIMEOUT": "1m", "JOB_LOG_FORMAT": "json", "JOB_LOG_LEVEL": "debug"]
    let run = try await BlockedRun(
      at: .writing, in: usage.place, usage.environment(settings.merging(clock.environment) { $1 }))
    try clock.set(seconds)
    // Renewed for longer than the lease is: with the clock it would be long over, or never renewed again.
    var (renewals, left) = (0, Int64.max)
    while renewals < 5 {
      let now = try await usage.place.redis("PTTL", Usage.lockKey).integer ?? -2
      try #require(now > 0 && run.process.isRunning, "the lock is gone")
      if now > left { renewals += 1 }
      left = now
    }
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
    let duration = try #require(outcome.result["duration_ms"].int)
    #expect((0..<60_000).contains(duration), "measured by the monotonic clock")
    // The clock was really set: log lines before and after it are an hour apart.
    let hours = outcome.errors.split(separator: "\n").compactMap {
      ResultLine(text: String($0))["time"].string?.prefix(13)
    }
    #expect(Set(hours).count > 1)
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
  }

  @Test func `16: a host that is a day ahead completes no day that is not over`() async throws {
    let clock = try await WallClock()
    try clock.set(86_400)
    let usage = try await Usage()
    let today = try await usage.place.value("(now() at time zone 'UTC')::date")
    try await usage.set(["m:\(today):x": "5"])
    let ahead = usage.place.environment.merging(clock.environment) { $1 }
    for arguments in [[], ["--check"]] {
      let refused = try await Usage.binary.run(arguments, ahead)
      #expect(refused.exitCode == 75 && refused.result["error", "kind"].string == "clock", "\(refused.output)")
    }
    #expect(try await usage.completed() == [])
    #expect(try await usage.stored() == [:])
    // What is counted later today arrives.
    try await usage.set(["m:\(today):x": "105"])
    let later = try await Usage.binary.run([], usage.place.environment.merging(["USAGE_INCLUDE_TODAY": "true"]) { $1 })
    #expect(later.exitCode == 0, "\(later.output)")
    #expect(try await usage.stored() == ["m:\(today):x": "105"])
  }

  @Test func `16: the deadline comes though the clock is set back`() async throws {
    let clock = try await WallClock()
    let usage = try await usage()
    let settings = clock.environment.merging(["JOB_TIMEOUT": "4s"]) { $1 }
    let run = try await BlockedRun(at: .writing, in: usage.place, usage.environment(settings))
    try clock.set(-3600)
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 75 && outcome.result["error", "kind"].string == "deadline")
    try await run.letGo()
    #expect(try await usage.stored().isEmpty)
  }

  @Test(arguments: [
    // Clocks go forward on 2025-03-30 and back on 2025-10-26 in Berlin.
    ("2025-03-31T00:00:00Z", "2025-03-30", "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z"),
    ("2025-10-27T02:00:00Z", "2025-10-26", "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"),
    ("2025-03-30T02:00:00Z", "2025-03-29", "2025-03-28T23:00:00Z", "2025-03-29T23:00:00Z"),
    ("2025-10-26T02:00:00Z", "2025-10-25", "2025-10-24T22:00:00Z", "2025-10-25T22:00:00Z"),
  ])
  func `16: windows are right around days of daylight saving`(
    moment: String, day: String, start: String, end: String
  ) async throws {
    let usage = try await Usage()
    try await usage.set(["m:\(day):x": "5"])
    let settings = ["USAGE_TIMEZONE": "Europe/Berlin", "JOB_SCHEDULED_AT": moment]
    let run = try await usage.run([], settings.merging(["USAGE_DAYS": "yesterday"]) { $1 })
    #expect(run.exitCode == 0)
    #expect(run.result["window", "start"].string == start && run.result["window", "end"].string == end)
    #expect(try await usage.stored() == ["m:\(day):x": "5"])
    #expect(try await usage.completed() == [day])
    // All days up to it are looked at, none twice and none left out.
    let all = try await usage.run([], settings.merging(["USAGE_MODE": "status"]) { $1 })
    #expect(all.result["details", "status"].count == 7)
    #expect(all.result["details", "status"].elements.last?["day"].string == day)
  }

  @Test(arguments: [("2025-03-30T22:59:59Z", false), ("2025-03-30T23:00:00Z", true)])
  func `16: a short day is settled an hour after its own end`(moment: String, isSettled: Bool) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-03-30:x": "5"])
    let run = try await usage.run([], ["USAGE_TIMEZONE": "Europe/Berlin", "JOB_SCHEDULED_AT": moment])
    #expect(run.exitCode == 0)
    #expect(try await usage.completed() == (isSettled ? ["2025-03-30"] : []))
  }
}

import Foundation
import JobRuntime
import Redis
import TestSupport
import Testing

/// Days with so many counters that two connections write them, each its part.
@Suite(.timeLimit(.minutes(10))) struct LargeDayTests {
  /// More than two pieces of a megabyte.
  private static let count = 45_000
  private static let all = "\(count) \(count * (count - 1) / 2)"
  private let settings = ["USAGE_DAYS": "2025-11-05", "JOB_BACKOFF_MAX": "10ms"]
  private let stored = "select count(*) || ' ' || coalesce(sum(value), 0) from merchant_usage"
  private let transactions = "select count(distinct xmin::text) from merchant_usage"

  private func largeDay() async throws -> Usage {
    let usage = try await Usage()
    try await usage.place.redis(
      all: (0..<Self.count).map { RedisCommand("SET", "usage:m\($0 / 20):2025-11-05:k\($0 % 20)", "\($0)") })
    return usage
  }

  /// Has whatever completes a day wait for a lock that `BlockedRun` holds.
  private func holdCompletion(of usage: Usage) async throws {
    try await usage.place.execute(
      """
      create function wait_for_lock() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(1); return new; end $$;
      create trigger held before insert on oneshot.usage_days for each row execute function wait_for_lock()
      """)
  }

  @Test func `a large day is written in two transactions and completed in one more`() async throws {
    let usage = try await largeDay()
    let run = try await usage.run([], settings)
    #expect(run.exitCode == 0 && run.count("inserted") == Self.count, "\(run.output)")
    #expect(try await usage.place.value(stored) == Self.all)
    #expect(try await usage.place.value(transactions) == "2")
    #expect(try await usage.place.value("select keys from oneshot.usage_days") == "\(Self.count)")
    let again = try await usage.run([], settings)
    #expect(again.count("unchanged") == Self.count && again.count("updated") == 0, "\(again.output)")
  }

  @Test func `what fits into one piece is written in one transaction, whatever its merchants`() async throws {
    let usage = try await Usage()
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<2000).map { ("m\($0):2025-11-05:x", "\($0)") }))
    let run = try await usage.run([], settings.merging(["JOB_LOG_LEVEL": "debug"]) { $1 })
    #expect(run.count("inserted") == 2000)
    #expect(try await usage.place.value(transactions) == "1")
    #expect(run.errors.components(separatedBy: "transaction begun").count == 2, "the day's, with its completion")
  }

  @Test func `a run that is killed between the parts and the end of a day leaves it open, and the next completes it`()
    async throws
  {
    let usage = try await largeDay()
    try await holdCompletion(of: usage)
    let run = try await BlockedRun(
      behind: "select pg_advisory_xact_lock(1)", in: usage.place, usage.environment(settings))
    #expect(try await usage.place.value(stored) == Self.all, "both parts are written")
    run.process.send(SIGKILL)
    _ = await run.process.outcome()
    try await run.letGo()
    #expect(try await usage.completed() == [])
    try await usage.place.redis("DEL", Usage.lockKey)
    let next = try await usage.run([], settings)
    #expect(next.exitCode == 0 && next.count("unchanged") == Self.count, "\(next.output)")
    #expect(try await usage.completed() == ["2025-11-05"])
  }

  @Test func `a completed day that grew says when, although the run is killed before its end`() async throws {
    let usage = try await largeDay()
    #expect(try await usage.run([], settings).exitCode == 0)
    let changedAt = "select changed_at from oneshot.usage_days"
    let before = try await usage.place.value(changedAt)
    try await usage.set(["m7:2025-11-05:k3": "\(Self.count)"])
    try await holdCompletion(of: usage)
    let run = try await BlockedRun(
      behind: "select pg_advisory_xact_lock(1)", in: usage.place, usage.environment(settings))
    run.process.send(SIGKILL)
    _ = await run.process.outcome()
    try await run.letGo()
    #expect(try await usage.stored()["m7:2025-11-05:k3"] == "\(Self.count)")
    #expect(try await usage.place.value(changedAt) != before)
  }

  @Test func `a large day that Postgres refuses is no completed day, and its letter says what is written`() async throws
  {
    let usage = try await largeDay()
    try await usage.place.execute("alter table merchant_usage add constraint plausible check (value <> 7)")
    let run = try await usage.run([], settings)
    #expect(run.exitCode == 65 && run.count("failed_days") == 1, "\(run.output)")
    #expect(run.result["errors"][0]["message"].string?.contains("so not all of them are written") == true)
    #expect(try await usage.completed() == [])
    #expect(try await usage.place.value("select count(*) < \(Self.count) from merchant_usage") == "true")
    try await usage.place.execute("alter table merchant_usage drop constraint plausible")
    #expect(try await usage.run([], settings).exitCode == 0)
    #expect(try await usage.place.value(stored) == Self.all)
    #expect(try await usage.deadLetters() == ["usage:*:2025-11-05:*": "day_refused/resolved/1"])
  }

  @Test func `a connection that is lost while a part is written is no loss`() async throws {
    let usage = try await largeDay()
    let run = try await BlockedRun(at: .writing, in: usage.place, usage.environment(settings))
    // One of the two.
    try await usage.place.execute(
      """
      select pg_terminate_backend(max(pid)) from pg_stat_activity
      where application_name = 'oneshot' and datname = current_database() and wait_event_type = 'Lock'
      """)
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(try await usage.place.value(stored) == Self.all)
    #expect(try await usage.place.value("select keys from oneshot.usage_days") == "\(Self.count)")
  }

  @Test func `bad counters among many are told once, and mended ones of both parts are resolved`() async throws {
    let usage = try await largeDay()
    let bad = (0..<40).map { "bad\($0):2025-11-05:x" }
    try await usage.set(Dictionary(uniqueKeysWithValues: bad.map { ($0, "?") }))
    let run = try await usage.run([], settings)
    #expect(run.exitCode == 65 && run.count("failed") == 40, "\(run.output)")
    #expect(try await usage.completed() == [])
    try await usage.set(Dictionary(uniqueKeysWithValues: bad.map { ($0, "1") }))
    #expect(try await usage.run([], settings).exitCode == 0)
    #expect(try await usage.deadLetters().values.allSatisfy { $0 == "not_integer/resolved/1" })
    #expect(try await usage.deadLetters().count == 40)
    #expect(try await usage.completed() == ["2025-11-05"])
  }

  @Test func `both parts get an end`() async throws {
    let usage = try await largeDay()
    let run = try await usage.run([], settings.merging(["USAGE_SET_TTL": "7d"]) { $1 })
    #expect(run.exitCode == 0, "\(run.output)")
    let info = try await usage.place.redis("INFO", "keyspace").text ?? ""
    #expect(info.contains("keys=\(Self.count),expires=\(Self.count),"), "\(info)")
  }
}

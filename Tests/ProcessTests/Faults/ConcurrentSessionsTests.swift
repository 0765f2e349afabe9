import Postgres
import Redis
import TestSupport
import Testing

/// Row 12: another session of Postgres is in the way.
@Suite(.timeLimit(.minutes(10))) struct ConcurrentSessionsTests {
  /// Two days: the first was written before, so that it is updated, row by row.
  private func usage() async throws -> Usage {
    let usage = try await Usage()
    try await usage.set(["a:2025-11-06:x": "1", "b:2025-11-06:x": "1", "bad:2025-11-06:x": "?"])
    #expect(try await usage.run().exitCode == 65)
    try await usage.set(["a:2025-11-06:x": "5", "b:2025-11-06:x": "6", "c:2025-11-07:x": "7", "bad:2025-11-06:x": "8"])
    return usage
  }

  private func set(_ setting: String, _ usage: Usage) async throws {
    try await usage.place.execute("alter database \(try await usage.place.databaseName()) set \(setting)")
  }

  private func expectTriedAgain(_ outcome: Binary.Outcome, _ state: String, _ usage: Usage) async throws {
    let retries = outcome.errors.split(separator: "\n").filter { $0.contains("trying again") }
    #expect(!retries.isEmpty && retries.allSatisfy { $0.contains(state) }, "\(outcome.errors)")
    try await expectDone(outcome, usage)
  }

  private func expectDone(_ outcome: Binary.Outcome, _ usage: Usage) async throws {
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(
      try await usage.stored() == [
        "a:2025-11-06:x": "5", "b:2025-11-06:x": "6", "bad:2025-11-06:x": "8", "c:2025-11-07:x": "7",
      ])
    #expect(try await usage.completed() == ["2025-11-06", "2025-11-07"])
    #expect(try await usage.deadLetters() == ["usage:bad:2025-11-06:x": "not_integer/resolved/1"])
    #expect(outcome.count("updated") == 2 && outcome.count("inserted") == 2, "what was rolled back is not counted")
  }

  private let quick = ["JOB_SCHEDULED_AT": Usage.now, "JOB_FORCE": "true", "JOB_BACKOFF_MAX": "20ms"]

  @Test func `12: the victim of a deadlock does its transaction again`() async throws {
    let usage = try await usage()
    // It looks for a deadlock once, so long after it began to wait: by then the other must wait for it.
    try await set("deadlock_timeout = '4s'", usage)
    // The run holds its fence and waits for the row; the other has the row and wants the fence.
    let run = try await BlockedRun(
      behind: "update merchant_usage set updated_at = updated_at where merchant_id = 'b'",
      last: "update oneshot.fences set token = token", in: usage.place, quick)
    try await run.letGo()
    try await expectTriedAgain(await run.process.outcome(), "40P01", usage)
  }

  @Test func `12: an isolation that the database prescribes changes nothing`() async throws {
    let usage = try await usage()
    try await set("default_transaction_isolation = 'repeatable read'", usage)
    let run = try await BlockedRun(
      behind: "update merchant_usage set value = 2 where merchant_id = 'b'", in: usage.place, quick)
    try await run.letGo()
    // In repeatable read it would have failed (40001).
    try await expectDone(await run.process.outcome(), usage)
  }

  @Test func `12: a lock that is not had in time is waited for again`() async throws {
    let usage = try await usage()
    try await set("lock_timeout = '300ms'", usage)
    let run = try await BlockedRun(at: .writing, in: usage.place, quick.merging(["JOB_ATTEMPTS": "100"]) { $1 })
    func waiting(_ more: String = "") -> String {
      "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'" + more
    }
    var first = ""
    try await eventually {
      first = try await usage.place.value("select coalesce(max(xact_start)::text, '') \(waiting())")
      return first != ""
    }
    try await eventually {
      try await usage.place.value("select count(*) \(waiting(" and xact_start > '\(first)'"))") != "0"
    }
    try await run.letGo()
    try await expectTriedAgain(await run.process.outcome(), "55P03", usage)
  }
}

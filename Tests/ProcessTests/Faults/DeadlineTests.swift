import Redis
import TestSupport
import Testing

/// Row 11 where no work goes on yet: the deadline is that of the whole run. (In the work: SignalTests.)
@Suite(.timeLimit(.minutes(10))) struct DeadlineTests {
  /// - Parameter room: how much later than its deadline it may end.
  private func expectPunctual(
    _ outcome: Binary.Outcome, deadline: Int, room: Int, at location: SourceLocation = #_sourceLocation
  ) {
    let comment = Comment(rawValue: outcome.output)
    let kind = outcome.result["error", "kind"].string
    #expect(outcome.contractBreach == nil, sourceLocation: location)
    #expect(kind == "deadline" || kind == "unavailable", comment, sourceLocation: location)
    #expect(
      outcome.result["duration_ms"].int ?? .max < (deadline + room) * 1000, comment, sourceLocation: location)
  }

  @Test(arguments: ["REDIS_URL", "DATABASE_URL"])
  func `11: a server that refuses is not tried again past the deadline`(setting: String) async throws {
    let nowhere = ["REDIS_URL": "redis://127.0.0.1:1", "DATABASE_URL": "postgresql://127.0.0.1:1/x"]
    let settings = ["JOB_TIMEOUT": "4s", "JOB_ATTEMPTS": "100", setting: nowhere[setting] ?? ""]
    // Pauses are random, so several: the one across the deadline could be short by chance.
    let usages = try await [Usage(), Usage(), Usage(), Usage(), Usage(), Usage(), Usage(), Usage()]
    let runs = try usages.map { try Usage.binary.start([], $0.environment(settings)) }
    for run in runs { expectPunctual(await run.outcome(), deadline: 4, room: 2) }
    for usage in usages { #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0) }
  }

  @Test(arguments: ["REDIS_URL", "DATABASE_URL"])
  func `11: a server that says nothing is not waited for past the deadline`(setting: String) async throws {
    let usage = try await Usage()
    let silent = try Listener()
    let urls = [
      "REDIS_URL": "redis://127.0.0.1:\(silent.port)", "DATABASE_URL": "postgresql://127.0.0.1:\(silent.port)/x",
    ]
    let run = try await usage.run(
      [], ["JOB_TIMEOUT": "2s", "JOB_ATTEMPTS": "100", "JOB_LOCK_TTL": "10m", setting: urls[setting] ?? ""])
    #expect(silent.hasConnection)
    // Besides, what it may have left in a Redis that may still wake up is taken back.
    expectPunctual(run, deadline: 2, room: 7)
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
  }

  @Test func `11: a fence that another session holds is not waited for past the deadline`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    #expect(try await usage.run().exitCode == 0)
    let settings = usage.environment(["JOB_TIMEOUT": "3s", "JOB_LOCK_TTL": "10m"])
    let run = try await BlockedRun(behind: "select from oneshot.fences for update", in: usage.place, settings)
    let outcome = await run.process.outcome()
    expectPunctual(outcome, deadline: 3, room: 10)
    // Neither a statement nor a lock is left.
    let waiting = """
      select count(*) from pg_stat_activity
      where application_name = 'oneshot' and datname = current_database() and state = 'active'
      """
    #expect(try await usage.place.value(waiting) == "0")
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
    try await run.letGo()
    #expect(try await usage.run().exitCode == 0)
  }
}

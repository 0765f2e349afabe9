import Foundation
import Postgres
import Redis
import TestSupport
import Testing

/// What happens to a run that is stopped in the middle, and to the data after it.
@Suite(.timeLimit(.minutes(10))) struct InterruptionTests {
  private let settings = ["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z", "JOB_LOCK_TTL": "6s"]
  private let lockKey = "oneshot:lock:usage-aggregation"

  /// A place with counters of two days.
  private func placeWithCounters() async throws -> Place {
    let place = try await Place()
    try await place.redis(
      all: (0..<5000).map { RedisCommand("SET", "usage:m\($0 / 10):2025-11-0\(6 + $0 % 2):k\($0 % 10)", "\($0)") })
    return place
  }

  private func expectAllWritten(_ place: Place) async throws {
    #expect(try await place.value("select count(*) || ' ' || sum(value) from merchant_usage") == "5000 12497500")
  }

  /// The run's statement is gone from the server at once, its backend a moment after the connection.
  private func expectNoBackend(_ place: Place) async throws {
    let active =
      "select count(*) from pg_stat_activity where application_name = 'oneshot' and datname = current_database() and state = 'active'"
    #expect(try await place.value(active) == "0")
    try await untilNoBackend(place)
  }

  private func untilNoBackend(_ place: Place) async throws {
    try await eventually {
      let backends =
        "select count(*) from pg_stat_activity where application_name = 'oneshot' and datname = current_database()"
      return try await place.value(backends) == "0"
    }
  }

  private func terminateBackend(_ place: Place) async throws {
    try await place.execute(
      """
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'oneshot' and datname = current_database()
      """)
  }

  private func runAgain(_ place: Place) async throws -> Binary.Outcome {
    try await Binary("usage-aggregation").run([], place.environment.merging(settings, uniquingKeysWith: { $1 }))
  }

  @Test func `after kill -9 in the middle of a write the next run finishes the work`() async throws {
    let place = try await placeWithCounters()
    let run = try await BlockedRun(at: .writing, in: place, settings)
    run.process.send(SIGKILL)
    let killed = await run.process.outcome()
    #expect(killed.exitCode == 128 + SIGKILL)
    #expect(killed.output.isEmpty)
    // Its statement waits for a lock that nobody lets go yet, and ends all the same.
    try await untilNoBackend(place)
    try await run.letGo()

    let early = try await runAgain(place)
    #expect(early.result["reason"].string == "locked" || early.exitCode == 0)
    try await place.until(key: lockKey, exists: false)
    let next = try await runAgain(place)
    #expect(next.exitCode == 0)
    try await expectAllWritten(place)
    #expect(
      try await place.rows("select status || ' ' || coalesce(error_kind, '') as s from oneshot.job_runs order by fence")
        == [["failed abandoned"], ["succeeded "]])
  }

  @Test(arguments: [SIGTERM, SIGINT], [BlockedRun.Point.planning, .writing])
  func `a signal ends the statement on the server, the ledger's row and the lock`(
    signal: Int32, point: BlockedRun.Point
  ) async throws {
    let place = try await placeWithCounters()
    let run = try await BlockedRun(at: point, in: place, settings)
    let before = ContinuousClock.now
    run.process.send(signal)
    let outcome = await run.process.outcome()
    #expect(ContinuousClock.now - before < .seconds(10))
    #expect(outcome.exitCode == 128 + signal)
    #expect(outcome.result["status"].string == "interrupted")
    #expect(outcome.result["exit_code"].int == Int(128 + signal))
    try await expectNoBackend(place)
    #expect(try await place.redis("EXISTS", lockKey).integer == 0)
    #expect(try await place.value("select status from oneshot.job_runs") == "interrupted")
    try await run.letGo()
    #expect(try await runAgain(place).exitCode == 0)
    try await expectAllWritten(place)
  }

  @Test func `a second signal ends the process at once, with its line`() async throws {
    let place = try await placeWithCounters()
    let run = try await BlockedRun(at: .writing, in: place, settings)
    // With Redis and Postgres in order the first signal is enough; both at once is what is tried here.
    run.process.send(SIGTERM)
    run.process.send(SIGINT)
    let outcome = await run.process.outcome()
    #expect([128 + SIGTERM, 128 + SIGINT].contains(outcome.exitCode))
    #expect(outcome.result["status"].string == "interrupted")
    try await run.letGo()
  }

  @Test func `a deadline ends the statement on the server`() async throws {
    let place = try await placeWithCounters()
    let run = try await BlockedRun(at: .writing, in: place, settings.merging(["JOB_TIMEOUT": "5s"]) { $1 })
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 75)
    #expect(outcome.result["error", "kind"].string == "deadline")
    try await expectNoBackend(place)
    #expect(try await place.value("select error_kind from oneshot.job_runs") == "deadline")
    try await run.letGo()
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
  }

  @Test func `a run whose lock was taken away stops and leaves the other's lock alone`() async throws {
    let place = try await placeWithCounters()
    let run = try await BlockedRun(at: .writing, in: place, settings)
    try await place.redis("SET", lockKey, "somebody else")
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 75)
    #expect(outcome.result["error", "kind"].string == "lock_lost")
    #expect(try await place.redis("GET", lockKey).text == "somebody else")
    try await run.letGo()
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
  }

  @Test func `a run that was overtaken writes nothing more`() async throws {
    let place = try await placeWithCounters()
    let run = try await BlockedRun(at: .planning, in: place, settings)
    try await place.execute("update oneshot.fences set token = token + 1")
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 75)
    #expect(outcome.result["error", "kind"].string == "fenced")
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
  }

  @Test func `a backend that is terminated in the middle is tried again as a whole`() async throws {
    let place = try await placeWithCounters()
    let run = try await BlockedRun(at: .writing, in: place, settings.merging(["JOB_BACKOFF_MAX": "10ms"]) { $1 })
    try await terminateBackend(place)
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors.contains("trying again"))
    try await expectAllWritten(place)
  }

  @Test func `what was rejected before a retry is told once, after it`() async throws {
    let place = try await placeWithCounters()
    try await place.redis("SET", "usage:bad:2025-11-06:x", "?")
    let run = try await BlockedRun(at: .writing, in: place, settings.merging(["JOB_BACKOFF_MAX": "10ms"]) { $1 })
    try await terminateBackend(place)
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 65)
    #expect(outcome.result["errors_total"].int == 1 && outcome.result["counts", "failed"].int == 1)
    #expect(try await place.value("select attempts from oneshot.dead_letters") == "1")
    try await expectAllWritten(place)
  }
}

import Foundation
import Redis
import TestSupport
import Testing

/// Rows 10 and 11: a run is asked to stop, or its time is over, wherever it is. (At the lock of another
/// session: InterruptionTests.)
@Suite(.timeLimit(.minutes(10))) struct SignalTests {
  private func usage(counters: Int = 200) async throws -> Usage {
    let usage = try await Usage()
    try await usage.place.redis(
      all: (0..<counters).map { RedisCommand("SET", "usage:m\($0):2025-11-07:x", "\($0)") })
    return usage
  }

  /// Sends a signal and waits for the end that the contract promises.
  private func expectInterrupted(
    _ process: Binary.Running, by signal: Int32 = SIGTERM, going letGo: () -> Void = {}
  ) async throws {
    let before = ContinuousClock.now
    process.send(signal)
    letGo()
    let outcome = await process.outcome()
    #expect(ContinuousClock.now - before < .seconds(10))
    #expect(outcome.exitCode == 128 + signal)
    #expect(outcome.result["status"].string == "interrupted", "\(outcome.output)")
  }

  /// Nothing of the run is left: no statement, no lock, no open row, no half of the data.
  private func expectNothingLeft(_ usage: Usage) async throws {
    let place = usage.place
    let active = "application_name = 'oneshot' and datname = current_database() and state = 'active'"
    #expect(try await place.value("select count(*) from pg_stat_activity where \(active)") == "0")
    #expect(try await place.redis("EXISTS", Usage.lockKey).integer == 0)
    #expect(try await place.value("select count(*) from oneshot.job_runs where status = 'running'") == "0")
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
  }

  private func expectNextRunWorks(_ usage: Usage, counters: Int = 200) async throws {
    #expect(try await usage.run().exitCode == 0)
    #expect(try await usage.stored().count == counters)
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `10: a signal in SCAN`(signal: Int32) async throws {
    let usage = try await usage(counters: 20_000)
    let run = try await SteppedRun(Usage.binary, usage.environment(), past: "scanned a page")
    try #require(!run.hasEnded)
    try await expectInterrupted(run.process, by: signal) { run.letGo() }
    try await expectNothingLeft(usage)
    try await expectNextRunWorks(usage, counters: 20_000)
  }

  @Test func `10: a signal while Redis is frozen in the middle of a SCAN`() async throws {
    let usage = try await usage()
    let redis = try await RedisServer()
    let environment = usage.environment(["REDIS_URL": redis.url])
    for number in 0..<20 {
      try await redis.connection.withSession { session in
        let commands = (0..<1000).map { RedisCommand("SET", "usage:m\(number)-\($0):2025-11-07:x", "1") }
        _ = try session.pipeline(commands)
      }
    }
    let run = try await SteppedRun(Usage.binary, environment, past: "scanned a page")
    try #require(!run.hasEnded)
    redis.send(SIGSTOP)
    try await expectInterrupted(run.process) { run.letGo() }
    redis.send(SIGCONT)
    #expect(try await usage.place.value("select count(*) from merchant_usage") == "0")
    #expect(try await usage.place.value("select status from oneshot.job_runs") == "interrupted")
  }

  /// A statement that takes a minute: at the write itself, or only at the COMMIT.
  private func slow(_ usage: Usage, at moment: String) async throws {
    try await usage.place.execute(
      """
      create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return null; end $$;
      create constraint trigger slow after insert on merchant_usage \(moment) for each row execute function slow()
      """)
  }

  private func started(_ usage: Usage, _ settings: [String: String] = [:]) async throws -> Binary.Running {
    let process = try Usage.binary.start([], usage.environment(settings))
    try await usage.place.until(
      orEndOf: process,
      """
      select exists (
        select from pg_stat_activity
        where application_name = 'oneshot' and datname = current_database() and wait_event = 'PgSleep')
      """)
    return process
  }

  @Test(arguments: ["not deferrable", "deferrable initially deferred"])
  func `10: a signal in a long statement and in COMMIT`(moment: String) async throws {
    let usage = try await usage()
    try await slow(usage, at: moment)
    let process = try await started(usage)
    let commits =
      "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and lower(query) = 'commit'"
      + " and datname = current_database()"
    #expect(try await usage.place.value(commits) == (moment == "not deferrable" ? "0" : "1"))
    try await expectInterrupted(process)
    try await expectNothingLeft(usage)
    try await usage.place.execute("drop trigger slow on merchant_usage")
    try await expectNextRunWorks(usage)
  }

  @Test(arguments: ["not deferrable", "deferrable initially deferred"])
  func `11: the deadline in a long statement and in COMMIT`(moment: String) async throws {
    let usage = try await usage()
    try await slow(usage, at: moment)
    let outcome = await (try started(usage, ["JOB_TIMEOUT": "4s"])).outcome()
    #expect(outcome.exitCode == 75)
    #expect(outcome.result["error", "kind"].string == "deadline")
    try await expectNothingLeft(usage)
    #expect(try await usage.place.value("select error_kind from oneshot.job_runs") == "deadline")
    try await usage.place.execute("drop trigger slow on merchant_usage")
    try await expectNextRunWorks(usage)
  }

  @Test(arguments: ["DATABASE_URL", "REDIS_URL"])
  func `10: a signal while connecting to a server that does not answer`(setting: String) async throws {
    let usage = try await usage()
    let listener = try Listener()
    let url =
      setting == "REDIS_URL" ? "redis://127.0.0.1:\(listener.port)" : "postgresql://127.0.0.1:\(listener.port)/x"
    let process = try Usage.binary.start([], usage.environment([setting: url]))
    try await eventually { listener.hasConnection }
    try await expectInterrupted(process)
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
  }

  @Test func `10: a signal while waiting to try again`() async throws {
    let usage = try await usage()
    let run = try LoggedRun(usage.environment(["DATABASE_URL": "postgresql://127.0.0.1:1/x", "JOB_ATTEMPTS": "100"]))
    try await run.until(logs: "\"try\":2")
    try await expectInterrupted(run.process)
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
  }

  @Test func `10: a second signal ends at once what the first one could not`() async throws {
    let usage = try await usage()
    try await slow(usage, at: "not deferrable")
    let run = try LoggedRun(usage.environment())
    let backend = "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
    try await eventually { try await usage.place.value("select exists (\(backend))") == "true" }
    // Its backend hears neither a cancel request nor the end of the connection.
    let frozen = try #require(Int32(try await usage.place.value(backend)))
    kill(frozen, SIGSTOP)
    // A backend that stands still holds up whoever drops a database, so it goes on whatever happens here.
    defer { kill(frozen, SIGCONT) }
    run.process.send(SIGTERM)
    try await run.until(logs: "received a stop request")
    run.process.send(SIGINT)
    let outcome = await run.outcome()
    kill(frozen, SIGCONT)
    #expect(outcome.exitCode == 128 + SIGTERM, "the first one is the one that is told")
    #expect(outcome.result["status"].string == "interrupted")
    // At once: it has not even given its lock back.
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 1)
    try await usage.place.execute("drop trigger slow on merchant_usage")
    try await usage.place.redis("DEL", Usage.lockKey)
    try await expectNextRunWorks(usage)
  }
}

import Foundation
import JobRuntime
import Redis
import Synchronization
import TestSupport
import Testing

/// Rows 6 and 8 of faults.md: a server that goes away in the middle.
@Suite(.timeLimit(.minutes(10))) struct RestartTests {
  /// For as long as a restart takes, and more.
  private let patient = ["JOB_ATTEMPTS": "100", "JOB_BACKOFF_MAX": "100ms"]

  @Test(arguments: PrivateServers.Shutdown.allCases)
  func `8: a Postgres restarted in COPY or before COMMIT is met again, and the work done as a whole`(
    how: PrivateServers.Shutdown
  ) async throws {
    let servers = try await PrivateServers.start()
    for text in ["copy \"staged", "PGCOPY\n", "insert into merchant_usage", "COMMIT"] {
      let counters = try await Counters(on: servers)
      let isFirst = Atomic(true)
      let commit = WritingCommit()
      let proxy = try Proxy(to: servers.postgresSocket) { piece in
        guard text == "COMMIT" ? commit.isSent(in: piece) : piece.contains(text),
          isFirst.exchange(false, ordering: .relaxed)
        else { return .pass }
        try? servers.restartPostgres(how)
        return .pass
      }
      defer { proxy.close() }
      let run = try await counters.run(postgres: proxy, patient)
      #expect(
        run.exitCode == 0 && run.wasRetried && run.contractBreach == nil, "at «\(text.debugDescription)»: \(run.errors)"
      )
      await counters.place.reconnect()
      #expect(try await counters.ledger() == ["succeeded"])
      #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
      try await counters.expectRight("after a restart at \(text.debugDescription)")
    }
  }

  @Test(arguments: PrivateServers.Shutdown.allCases)
  func `8: a Postgres restarted while a merge is going on`(how: PrivateServers.Shutdown) async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let run = try await BlockedRun(at: .writing, in: counters.place, counters.settings(patient))
    try await onThread { try servers.restartPostgres(how) }
    // The restart has freed the table, and ended the session that held it.
    try? await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0 && outcome.wasRetried && outcome.contractBreach == nil, "\(outcome.errors)")
    await counters.place.reconnect()
    #expect(try await counters.ledger() == ["succeeded"])
    try await counters.expectRight()
  }

  @Test func `8: a Postgres that stays away is 69, and the lock is given back`() async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let proxy = try Proxy(to: servers.postgresSocket) { piece in
      if piece.contains("PGCOPY\n") { try? servers.stopPostgres(.immediate) }
      return .pass
    }
    defer { proxy.close() }
    let run = try await counters.run(postgres: proxy, ["JOB_LOCK_TTL": "10m"])
    #expect(run.exitCode == 69 && run.contractBreach == nil, "\(run.output)")
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    try await onThread { try servers.startPostgres() }
    await counters.place.reconnect()
    #expect(try await counters.run().exitCode == 0)
    #expect(try await counters.ledger() == ["failed abandoned", "succeeded"])
    try await counters.expectRight()
  }

  @Test(arguments: ["SCAN", "MGET"])
  func `6: a Redis that goes away in the middle and comes back is read again`(text: String) async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let isFirst = Atomic(true)
    let proxy = try Proxy(to: servers.redisSocket) { piece in
      guard piece.contains("\(text)\r\n"), isFirst.exchange(false, ordering: .relaxed) else { return .pass }
      // It has its data again when it comes back, the lock among them.
      try? servers.shell(#"redis-cli -s "$ONESHOT_SERVERS/redis.sock" save"#)
      try? servers.killRedis()
      return .pass
    }
    defer { proxy.close() }
    let run = try counters.start(redis: proxy, patient)
    // The lock's connection, the work's, and two tries in vain.
    try await eventually { proxy.connections > 4 }
    try await onThread { try servers.startRedis() }
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0 && outcome.wasRetried && outcome.contractBreach == nil, "\(outcome.errors)")
    await counters.place.reconnect()
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0, "the lock is given back")
    #expect(try await counters.ledger() == ["succeeded"])
    try await counters.expectRight()
  }

  @Test func `6: a Redis that stays away is 69, within the deadline`() async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let proxy = try Proxy(to: servers.redisSocket) { piece in
      if piece.contains("SCAN\r\n") { try? servers.killRedis() }
      return .pass
    }
    defer { proxy.close() }
    let run = try await counters.run(redis: proxy, ["JOB_TIMEOUT": "60s"])
    #expect(run.exitCode == 69 && run.contractBreach == nil, "\(run.output)")
    #expect(run.result["error", "message"].string?.hasPrefix("Redis: ") == true)
    #expect(try await counters.ledger() == ["failed unavailable"])
    try await onThread { try servers.startRedis() }
    await counters.place.reconnect()
    try await counters.put()
    #expect(try await counters.run().exitCode == 0)
    try await counters.expectRight()
  }
}

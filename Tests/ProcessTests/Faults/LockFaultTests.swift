import Foundation
import JobRuntime
import Redis
import TestSupport
import Testing

/// Rows 2, 21 and 25 of faults.md: the lock.
@Suite(.timeLimit(.minutes(10))) struct LockFaultTests {
  @Test func `2: of twenty starts beside a run each is skipped at once and names the holder`() async throws {
    let counters = try await Counters()
    let working = try await BlockedRun(at: .writing, in: counters.place, counters.settings())
    let others = try (0..<20).map { _ in try counters.start() }
    var holders: Set<String> = []
    for other in others {
      let outcome = await other.outcome()
      #expect(outcome.contractBreach == nil)
      #expect(outcome.result["status"].string == "skipped" && outcome.result["reason"].string == "locked")
      // The contract says a second; twenty processes share two cores here.
      #expect(try #require(outcome.result["duration_ms"].int) < 5000)
      holders.insert(ResultLine(text: outcome.result["details", "holder"].string ?? "")["run_id"].string ?? "nobody")
    }
    try await working.letGo()
    let worked = await working.process.outcome()
    #expect(worked.exitCode == 0)
    #expect(holders == [worked.result["run_id"].string])
    #expect(try await counters.ledger() == ["succeeded"])
    try await counters.expectRight()
  }

  @Test func `21: a lock that was set though the answer was lost does not stay behind`() async throws {
    let counters = try await Counters()
    let proxy = try Proxy(to: counters.place.servers.redisSocket) { piece in
      piece.connection == 1 && piece.contains("NX\r\n") ? .hold(after: piece.bytes.count) : .pass
    }
    defer { proxy.close() }
    // A lease that outlasts the test: only giving it up removes the lock.
    let run = try await counters.run(redis: proxy, ["JOB_ATTEMPTS": "1", "JOB_LOCK_TTL": "10m"])
    #expect(run.contractBreach == nil)
    #expect(run.result["error", "kind"].string == "unavailable")
    #expect(proxy.conversation.contains { $0.connection == 2 && $0.contains(Counters.lockKey) })
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    #expect(try await counters.run().exitCode == 0)
    try await counters.expectRight()
  }

  @Test func `21: a lost answer is tried again, and the lock released at the end`() async throws {
    let counters = try await Counters()
    let proxy = try Proxy(to: counters.place.servers.redisSocket) { piece in
      piece.connection == 1 && piece.answers("NX\r\n") ? .hold() : .pass
    }
    defer { proxy.close() }
    let run = try await counters.run(redis: proxy, ["JOB_LOCK_TTL": "6s"])
    #expect(run.exitCode == 0 && run.wasRetried)
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    try await counters.expectRight()
  }

  @Test func `21: a stranger who has the lock by then keeps it`() async throws {
    let counters = try await Counters()
    let number = counters.place.redisNumber
    let servers = counters.place.servers
    let proxy = try Proxy(to: servers.redisSocket) { piece in
      guard piece.connection == 1, piece.answers("NX\r\n") else { return .pass }
      // Our lease has run out, and somebody else was quicker than our next word.
      try? servers.shell(
        #"redis-cli -s "$ONESHOT_SERVERS/redis.sock" -n \#(number) set \#(Counters.lockKey) 'a stranger'"#)
      return .hold()
    }
    defer { proxy.close() }
    let run = try await counters.run(redis: proxy, ["JOB_LOCK_TTL": "6s"])
    #expect(run.exitCode == 0)
    #expect(run.result["reason"].string == "locked")
    #expect(run.result["details", "holder"].string == "a stranger")
    #expect(try await counters.place.redis("GET", Counters.lockKey).text == "a stranger")
    #expect(try await counters.ledger() == [])
  }

  @Test func `21: a Redis that sleeps over SET NX leaves no lock when it wakes`() async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let proxy = try Proxy(to: servers.redisSocket) { piece in
      if piece.connection == 1, piece.contains("NX\r\n") { try? servers.pauseRedis() }
      return .pass
    }
    defer { proxy.close() }
    let run = try counters.start(redis: proxy, ["JOB_ATTEMPTS": "1", "JOB_LOCK_TTL": "15s"])
    // It has given up waiting, and comes back on a new connection.
    try await eventually { proxy.connections == 2 }
    try servers.resumeRedis()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 69 && outcome.contractBreach == nil)
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
  }

  @Test func `25: after SCRIPT FLUSH the script's text is sent again`() async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let proxy = try Proxy(to: servers.redisSocket)
    defer { proxy.close() }
    let settings = counters.settings(redis: proxy, ["JOB_LOCK_TTL": "6s"])
    let run = try await BlockedRun(at: .writing, in: counters.place, settings)
    // A renewal by the script's name, so it was loaded before.
    try await eventually { proxy.conversation.contains { $0.answers("EVALSHA") && $0.contains(":1") } }
    try await counters.place.redis("SCRIPT", "FLUSH")
    try await eventually {
      let said = proxy.conversation
      let forgotten = said.firstIndex { $0.answers("EVALSHA") && $0.contains("NOSCRIPT") }
      return forgotten.map { said[$0...].contains { $0.answers("EVALSHA") && $0.contains(":1") } } == true
    }
    try await run.letGo()
    #expect(await run.process.outcome().exitCode == 0)
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    try await counters.expectRight()
  }
}

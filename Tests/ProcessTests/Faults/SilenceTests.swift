import Foundation
import JobRuntime
import Redis
import Synchronization
import TestSupport
import Testing

/// Rows 9 and 24 of faults.md: a connection that goes silent, and answers that come too late.
///
/// Half a minute of silence is what the command timeout of Postgres allows, so these tests wait, all at the same time.
@Suite(.timeLimit(.minutes(10))) struct SilenceTests {
  /// A proxy whose first connection that says a text goes silent then.
  private func silent(
    from text: String, _ upstream: Proxy.Upstream, after forwarded: Bool = false
  ) throws -> Proxy {
    let isFirst = Atomic(true)
    return try Proxy(to: upstream) { piece in
      guard piece.contains(text), isFirst.exchange(false, ordering: .relaxed) else { return .pass }
      return .hold(after: forwarded ? piece.bytes.count : 0)
    }
  }

  private func expectMended(_ run: Binary.Outcome, _ counters: Counters) async throws {
    #expect(run.exitCode == 0 && run.wasRetried && run.contractBreach == nil, "\(run.errors)")
    #expect(try await counters.ledger() == ["succeeded"])
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    try await counters.expectRight()
  }

  /// A run whose merge waits for a lock, however long; `isUnwritten` before it may still read.
  private func merging(_ counters: Counters, through proxy: Proxy) async throws -> BlockedRun {
    try await BlockedRun(
      behind: "lock table merchant_usage in share mode", in: counters.place, counters.settings(postgres: proxy))
  }

  // MARK: 9, half-open

  @Test func `9: a Postgres that takes a connection and says nothing is given up`() async throws {
    let counters = try await Counters()
    let proxy = try Proxy(to: counters.place.servers.postgresSocket) { piece in
      piece.isOpening && piece.connection == 1 ? .hold() : .pass
    }
    defer { proxy.close() }
    let settings = counters.settings(postgres: proxy)
    let url = try #require(settings["DATABASE_URL"]) + "&connect_timeout=2"
    try await expectMended(try await counters.run(postgres: proxy, ["DATABASE_URL": url]), counters)
  }

  @Test func `9: a Redis that takes a connection and says nothing is given up`() async throws {
    let counters = try await Counters()
    // The second connection is the work's; the first, the lock's, has shorter limits.
    let proxy = try Proxy(to: counters.place.servers.redisSocket) { piece in
      piece.isOpening && piece.connection == 2 ? .hold() : .pass
    }
    defer { proxy.close() }
    try await expectMended(try await counters.run(redis: proxy), counters)
  }

  @Test(arguments: ["SCAN\r\n", "GETRANGE\r\n"], [false, true])
  func `9: a Redis that goes silent in the middle is noticed`(text: String, arrived: Bool) async throws {
    let counters = try await Counters()
    let proxy = try silent(from: text, counters.place.servers.redisSocket, after: arrived)
    defer { proxy.close() }
    try await expectMended(try await counters.run(redis: proxy), counters)
  }

  @Test(
    arguments: ["copy \"staged", "PGCOPY\n", "timeline from oneshot.fences\nwhere", "is_unwritten"], [false, true])
  func `9: a Postgres that goes silent in the middle is noticed`(text: String, arrived: Bool) async throws {
    let counters = try await Counters()
    let proxy = try silent(from: text, counters.place.servers.postgresSocket, after: arrived)
    defer { proxy.close() }
    try await expectMended(try await counters.run(postgres: proxy), counters)
  }

  @Test func `9: a connection that goes silent in a long statement is noticed though the statement may take hours`()
    async throws
  {
    let counters = try await Counters()
    let proxy = try Proxy(to: counters.place.servers.postgresSocket)
    defer { proxy.close() }
    let run = try await merging(counters, through: proxy)
    proxy.rule = { piece in piece.connection == 1 ? .hold() : .pass }
    try await run.letGo()
    try await expectMended(await run.process.outcome(), counters)
  }

  @Test func `9: a statement that is only slow is waited for`() async throws {
    let counters = try await Counters()
    let proxy = try Proxy(to: counters.place.servers.postgresSocket)
    defer { proxy.close() }
    let run = try await merging(counters, through: proxy)
    // Until it has looked whether the server is still at work.
    try await eventually { proxy.conversation.contains { $0.contains("is_at_work") } }
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0 && !outcome.wasRetried, "\(outcome.errors)")
    try await counters.expectRight()
  }

  // MARK: 24, too late

  @Test(arguments: ["SCAN\r\n", "GETRANGE\r\n"])
  func `24: an answer of Redis that comes after its time is nobody's`(text: String) async throws {
    let counters = try await Counters()
    let proxy = try silent(from: text, counters.place.servers.redisSocket, after: true)
    defer { proxy.close() }
    let run = try counters.start(redis: proxy)
    // The lock's, the work's, and the work's new one.
    try await eventually { proxy.connections == 3 }
    proxy.release()
    try await expectMended(await run.outcome(), counters)
  }

  @Test func `24: an answer to a renewal that comes after its time is nobody's`() async throws {
    let counters = try await Counters()
    let proxy = try silent(from: "EVALSHA\r\n", counters.place.servers.redisSocket, after: true)
    defer { proxy.close() }
    let run = try await BlockedRun(
      at: .writing, in: counters.place, counters.settings(redis: proxy, ["JOB_LOCK_TTL": "9s"]))
    try await eventually { proxy.connections == 3 }
    proxy.release()
    // The lease goes on: renewed on the new connection more than once.
    try await eventually {
      proxy.conversation.count { $0.connection == 3 && $0.answers("EVAL") && $0.contains(":1") } > 2
    }
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0 && outcome.contractBreach == nil, "\(outcome.errors)")
    #expect(outcome.errors.contains("could not be renewed"))
    try await counters.expectRight()
  }

  @Test(arguments: ["timeline from oneshot.fences\nwhere", "is_unwritten"])
  func `24: an answer of Postgres that comes after its time is nobody's`(text: String) async throws {
    let counters = try await Counters()
    let proxy = try silent(from: text, counters.place.servers.postgresSocket, after: true)
    defer { proxy.close() }
    let run = try counters.start(postgres: proxy)
    // The second connection is the request to cancel: the answer comes just when nobody wants it any more.
    try await eventually { proxy.connections > 1 }
    proxy.release()
    try await expectMended(await run.outcome(), counters)
  }
}

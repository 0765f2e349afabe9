import Foundation
import JobRuntime
import Redis
import TestSupport
import Testing

/// Rows 4 and 5 of faults.md: two runs that both believe in their lock.
///
/// The fence decides.
@Suite(.timeLimit(.minutes(10))) struct TwoLeadersTests {
  /// A run's server does not wait for a frozen client for longer than this.
  private static let impatient = "&options=-c%20idle_in_transaction_session_timeout%3D4s"

  /// Freezes a run past its lease, lets a successor do the work, and thaws it.
  ///
  /// - Parameters:
  ///   - letGo: what ends the run's waiting for a lock, done while it is frozen.
  ///   - release: what lets its words arrive, done when all is over.
  private func overtake(
    _ old: Binary.Running, _ counters: Counters, letGo: () async throws -> Void = {}, release: () -> Void = {}
  ) async throws {
    old.send(SIGSTOP)
    defer { old.send(SIGCONT) }
    try await counters.place.until(key: Counters.lockKey, exists: false)
    try await letGo()
    // What the frozen one has staged by now is too much: it would show if it were written.
    var counters = counters
    try await counters.change("m199:2025-11-06:k8", to: 1)
    let successor = try await counters.run()
    #expect(successor.result["status"].string == "succeeded")
    try await counters.expectRight()
    let written = try await counters.fingerprint()

    old.send(SIGCONT)
    release()
    let outcome = await old.outcome()
    #expect(outcome.exitCode == 75 && outcome.contractBreach == nil)
    #expect(["fenced", "lock_lost"].contains(outcome.result["error", "kind"].string))
    #expect(try await counters.fingerprint() == written, "nothing more was written")
    #expect(try await counters.ledger().last == "succeeded")
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
  }

  @Test(arguments: [BlockedRun.Point.planning, .writing])
  func `4: a run that was frozen while a successor ran writes nothing more`(point: BlockedRun.Point) async throws {
    let counters = try await Counters()
    let settings = counters.settings([
      "JOB_LOCK_TTL": "6s", "DATABASE_URL": counters.place.databaseURL + Self.impatient,
    ])
    let old = try await BlockedRun(at: point, in: counters.place, settings)
    try await overtake(old.process, counters, letGo: old.letGo)
  }

  @Test func `4: nor does one that was frozen just before COMMIT`() async throws {
    let counters = try await Counters()
    let commit = WritingCommit()
    let proxy = try Proxy(to: counters.place.servers.postgresSocket) { piece in
      commit.isSent(in: piece) && piece.connection == 1 ? .hold() : .pass
    }
    defer { proxy.close() }
    var settings = counters.settings(postgres: proxy, ["JOB_LOCK_TTL": "6s"])
    settings["DATABASE_URL"]? += Self.impatient
    let old = try Binary("usage-aggregation").start([], settings)
    try await eventually { commit.wasSent }
    // Its COMMIT arrives only after the successor is through.
    try await overtake(old, counters, release: proxy.release)
  }

  @Test(arguments: [BlockedRun.Point.planning, .writing])
  func `5: a Redis that comes back empty lets two run, and one of them writes`(point: BlockedRun.Point) async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let first = try await BlockedRun(at: point, in: counters.place, counters.settings(["JOB_LOCK_TTL": "6s"]))
    try await loseAll(servers, counters)
    let second = try counters.start()
    try await eventually { try await counters.place.redis("EXISTS", Counters.lockKey).integer == 1 }

    // The first notices at its next renewal.
    let lost = await first.process.outcome()
    #expect(lost.exitCode == 75 && lost.contractBreach == nil)
    #expect(lost.result["error", "kind"].string == "lock_lost")
    try await first.letGo()
    let outcome = await second.outcome()
    #expect(outcome.exitCode == 0 && outcome.result["status"].string == "succeeded")
    #expect(try await counters.ledger().filter { $0 == "succeeded" }.count == 1)
    try await counters.expectRight()
  }

  @Test func `5: even before the first has noticed, the fence lets only one of them finish`() async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    // It will not look at its lock again for as long as this test lasts.
    let first = try await BlockedRun(at: .writing, in: counters.place, counters.settings(["JOB_LOCK_TTL": "30m"]))
    try await loseAll(servers, counters)
    let second = try counters.start()
    // The second one's new token waits for the first one's transaction.
    try await counters.place.until(
      orEndOf: second,
      """
      select exists (select from pg_stat_activity
        where application_name = 'oneshot' and wait_event_type = 'Lock' and query like 'with me as%')
      """)
    try await first.letGo()
    let outcomes = await [first.process.outcome(), second.outcome()]
    for outcome in outcomes {
      #expect(outcome.contractBreach == nil)
      let isFenced = outcome.result["error", "kind"].string == "fenced"
      #expect(outcome.result["status"].string == "succeeded" || isFenced, "\(outcome.output)")
    }
    #expect(try await counters.ledger().filter { $0 == "succeeded" }.count == 1)
    try await counters.expectRight()
  }

  private func loseAll(_ servers: PrivateServers, _ counters: Counters) async throws {
    try await onThread {
      try servers.killRedis()
      try servers.startRedis()
    }
    await counters.place.redis.close()
    try await counters.put()
  }
}

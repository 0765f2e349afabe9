import Foundation
import JobRuntime
import Redis
import Synchronization
import TestSupport
import Testing

/// Rows 4 and 5: a run that lost its lease before it was opened in the ledger must not fence the run that
/// holds the lock by then.
@Suite(.timeLimit(.minutes(10))) struct LateOpeningTests {
  private let lease = "2s"

  /// Takes the lock from a run, and returns once that run cannot believe any more that it holds it.
  private func endLease(in place: Place) async throws {
    try await place.redis("DEL", Counters.lockKey)
    try await place.redis("SET", "as long as a lease", "x", "PX", "2000")
    try await place.until(key: "as long as a lease", exists: false)
  }

  private func expectLost(_ first: Binary.Outcome) {
    #expect(first.exitCode == 75 && first.contractBreach == nil, "\(first.output)")
    #expect(first.result["error", "kind"].string == "lock_lost", "\(first.output)")
  }

  private func expectDone(_ successor: Binary.Outcome, _ counters: Counters) async throws {
    #expect(successor.exitCode == 0 && successor.result["status"].string == "succeeded", "\(successor.output)")
    #expect(try await counters.ledger().filter { $0 == "succeeded" }.count == 1)
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    try await counters.expectRight()
  }

  @Test func `5: a Postgres that refuses while the lease ends, and comes back while the successor works`()
    async throws
  {
    let counters = try await Counters()
    let isBack = Atomic(false)
    let proxy = try Proxy(to: counters.place.servers.postgresSocket) { _ in
      isBack.load(ordering: .relaxed) ? .pass : .cut()
    }
    defer { proxy.close() }
    let first = try counters.start(
      postgres: proxy, ["JOB_LOCK_TTL": lease, "JOB_ATTEMPTS": "100", "JOB_BACKOFF_MAX": "100ms"])
    // It has the lock and has tried in vain.
    try await eventually { proxy.connections > 1 }
    try await endLease(in: counters.place)
    let successor = try await BlockedRun(at: .writing, in: counters.place, counters.settings(["JOB_LOCK_TTL": "10m"]))
    isBack.store(true, ordering: .relaxed)
    expectLost(await first.outcome())
    try await successor.letGo()
    try await expectDone(await successor.process.outcome(), counters)
    #expect(try await counters.ledger() == ["succeeded"])
  }

  @Test func `5: a fence that another session holds while the lease ends`() async throws {
    let counters = try await Counters()
    #expect(try await counters.run(["USAGE_DAYS": "2025-11-01"]).exitCode == 0)
    let forced = ["JOB_FORCE": "true", "JOB_BACKOFF_MAX": "100ms", "JOB_ATTEMPTS": "100"]
    let first = try await BlockedRun(
      behind: "select from oneshot.fences for update", in: counters.place,
      counters.settings(forced.merging(["JOB_LOCK_TTL": lease]) { $1 }))
    try await endLease(in: counters.place)
    // It ends by itself, while the fence is still held.
    expectLost(try await first.process.outcome(within: .seconds(20)))
    let successor = try counters.start(forced)
    try await counters.place.until(key: Counters.lockKey, exists: true)
    try await first.letGo()
    try await expectLast(await successor.outcome(), counters)
  }

  private func expectLast(_ successor: Binary.Outcome, _ counters: Counters) async throws {
    #expect(successor.exitCode == 0 && successor.result["status"].string == "succeeded", "\(successor.output)")
    #expect(try await counters.ledger().last == "succeeded")
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    try await counters.expectRight()
  }
}

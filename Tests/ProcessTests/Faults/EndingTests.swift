import Foundation
import Redis
import TestSupport
import Testing

/// Row 10: a run is asked to stop while it is ending anyway, or cannot even say to Postgres that it ends.
@Suite(.timeLimit(.minutes(10))) struct EndingTests {
  /// A run that is closed in the ledger and stands still while it reads totals for its metrics.
  private func tellingRun(_ usage: Usage, _ folder: TemporaryFolder) async throws -> BlockedRun {
    try await usage.set(["m:2025-11-07:x": "5"])
    let settings = usage.environment([
      "USAGE_RETENTION": "1d", "JOB_METRICS_FILE": "\(folder.path)/job.prom", "JOB_LOCK_TTL": "10m",
    ])
    // The first finds all there is to do; the second comes to its end without the table that stands in its way.
    let first = try await Usage.binary.run([], settings)
    try #require(first.exitCode == 0 && first.result["attempt"].int == 1)
    try await usage.place.whenTotalsAreRead("perform from in_the_way")
    return try await BlockedRun(at: .telling, in: usage.place, settings)
  }

  @Test(arguments: [[SIGTERM], [SIGTERM, SIGINT], [SIGINT, SIGTERM]])
  func `10: after a run is closed in the ledger a signal does not change what it says of itself`(
    signals: [Int32]
  ) async throws {
    let (usage, folder) = (try await Usage(), try TemporaryFolder())
    let run = try await tellingRun(usage, folder)
    #expect(try await usage.place.value("select count(*) from oneshot.job_runs where status = 'succeeded'") == "2")
    for signal in signals { run.process.send(signal) }
    let outcome = await run.process.outcome()
    try await run.letGo()
    #expect(outcome.exitCode == 0 && outcome.result["status"].string == "succeeded", "\(outcome.output)")
    #expect(outcome.result["attempt"].int == 2)
    let row = "select concat_ws(' ', run_id, status, fence, attempt) from oneshot.job_runs order by fence desc limit 1"
    let told =
      ["run_id", "status"].map { outcome.result[$0].string ?? "" }
      + ["fence", "attempt"].map { "\(outcome.result[$0].int ?? -1)" }
    #expect(try await usage.place.value(row) == told.joined(separator: " "))
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
  }

  @Test(arguments: [false, true])
  func `10: a signal while Postgres is frozen leaves no lock behind`(hasMetrics: Bool) async throws {
    let servers = try await PrivateServers.start()
    let counters = try await Counters(on: servers)
    let folder = try TemporaryFolder()
    // A lease that outlasts the test: only giving it up removes the lock.
    var settings = ["JOB_LOCK_TTL": "10m"]
    if hasMetrics { settings["JOB_METRICS_FILE"] = "\(folder.path)/job.prom" }
    let run = try await BlockedRun(at: .writing, in: counters.place, counters.settings(settings))
    try await onThread { try servers.pausePostgres() }
    let before = ContinuousClock.now
    run.process.send(SIGTERM)
    let outcome = await run.process.outcome()
    // Ten seconds, by the contract.
    #expect(ContinuousClock.now - before < .seconds(13))
    #expect(outcome.exitCode == 128 + SIGTERM && outcome.result["status"].string == "interrupted", "\(outcome.output)")
    #expect(outcome.result["fence"].int == 1 && outcome.result["attempt"].int == 1)
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)

    try await onThread { try servers.resumePostgres() }
    try await run.letGo()
    #expect(try await counters.run().exitCode == 0)
    try await counters.expectRight()
  }
}

import Foundation
import TestSupport
import Testing

/// Postgres fails over, in the middle of a run, to a replica that has not received what the run has just written.
@Suite(.timeLimit(.minutes(15))) struct FailoverTests {
  /// Makes the servers not tell their timeline, as Aurora does.
  private static let timelineUnavailable =
    "alter function pg_catalog.pg_walfile_name(pg_lsn) rename to pg_walfile_name_of_before"

  /// - Parameters:
  ///   - last: what a run logs before the replica receives nothing more.
  ///   - moment: what it logs after that, before the replica takes over.
  /// - Returns: the outcome of the run.
  private func failOver(
    _ job: some JobFixture, _ settings: [String: String] = [:], from start: String = "opened the run in the ledger",
    after last: [String], at moment: [String]
  ) async throws -> Binary.Outcome {
    let place = job.place
    let replica = try await Replica(of: place.servers)
    let run = try await job.start(settings.merging(["JOB_LOCK_TTL": "5m"]) { $1 }, past: start)
    for line in last { try await run.go(past: line) }
    try await replica.holdBack(after: place)
    for line in moment { try await run.go(past: line) }
    try await replica.takeOver(place)
    run.letGo()
    return await run.process.outcome()
  }

  private func expectNoticed(_ outcome: Binary.Outcome, in place: Place, by words: String) async throws {
    #expect(outcome.exitCode == 75, "\(outcome.output)")
    #expect(outcome.result["error", "kind"].string == "failover", "\(outcome.output)")
    #expect(outcome.result["error", "message"].string?.contains(words) == true, "\(outcome.output)")
    #expect(outcome.result["error", "hint"].string?.contains("failover") == true)
    #expect(try await place.value("select count(*) from oneshot.job_runs where status = 'succeeded'") == "0")
  }

  // MARK: reindex

  private let rebuild = ["REINDEX_MODE": "rebuild", "REINDEX_BATCH": "10", "REINDEX_PARALLEL": "1"]

  private func catalogue() async throws -> Catalogue {
    let catalogue = try await Catalogue(on: PrivateServers.start())
    try await catalogue.fill(40)
    return catalogue
  }

  private func rebuildAgain(_ catalogue: Catalogue) async throws {
    let again = try await catalogue.run([], rebuild)
    #expect(again.exitCode == 0, "\(again.output)\(again.errors)")
    #expect(try await catalogue.differences() == [])
    let verified = try await catalogue.run([], ["REINDEX_MODE": "verify"])
    #expect(verified.exitCode == 0, "\(verified.output)")
  }

  /// Before the table is made, while it is filled, once it is filled, before the swap, and after it.
  private static let moments: [(last: [String], moment: [String])] = [
    ([], ["committed", "committed", "committed", "committed"]), (["committed"], ["making the indexes"]),
    (["committed", "committed", "committed", "committed", "committed", "committed"], ["swapping"]),
    (["making the indexes"], ["swapping"]), (["swapping"], ["resolving what was rebuilt"]),
    // The last of its transactions is over, and its row in the ledger is closed on the other server.
    (
      ["swapping"],
      ["resolving what was rebuilt", "committing", "committing", "committing", "committing", "committing"]
    ),
  ]

  @Test(arguments: moments)
  func `a rebuild that has lost some of its work swaps nothing in, and the next one puts all right`(
    last: [String], moment: [String]
  ) async throws {
    let catalogue = try await catalogue()
    let outcome = try await failOver(catalogue, rebuild, after: last, at: moment)
    try await expectNoticed(outcome, in: catalogue.place, by: "its timeline was 00000001 and is 00000002")
    try await rebuildAgain(catalogue)
  }

  @Test(arguments: [["committed", "committed", "committed", "committed", "committed"], ["making the indexes"]])
  func `where no timeline is told, the swap itself notices that the table is not whole here`(last: [String])
    async throws
  {
    let catalogue = try await catalogue()
    try await catalogue.place.execute(Self.timelineUnavailable)
    let outcome = try await failOver(catalogue, rebuild, after: last, at: ["swapping"])
    try await expectNoticed(outcome, in: catalogue.place, by: "the rebuild is incomplete in this database")
    try await rebuildAgain(catalogue)
  }

  // MARK: metrics-rollups

  @Test(arguments: ["rebuild", "incremental"], [1, 2, 4])
  func `rollups that have lost some of their work end, and the next run puts all right`(
    mode: String, commits: Int
  ) async throws {
    let rollups = try await Rollups(on: PrivateServers.start())
    try await rollups.add(300)
    let settings = ["ROLLUPS_MODE": mode]
    let outcome = try await failOver(
      rollups, settings, after: [], at: Array(repeating: "committed", count: commits))
    try await expectNoticed(outcome, in: rollups.place, by: "its timeline was 00000001 and is 00000002")
    let again = try await rollups.run([], settings)
    #expect(again.exitCode == 0, "\(again.output)\(again.errors)")
    #expect(try await rollups.differences() == [])
  }

  @Test func `where no timeline is told, a rebuild of rollups notices that nobody has heard of it`() async throws {
    let rollups = try await Rollups(on: PrivateServers.start())
    try await rollups.add(300)
    try await rollups.place.execute(Self.timelineUnavailable)
    let rebuild = ["ROLLUPS_MODE": "rebuild"]
    // What is to be rebuilt is written down in the second of its transactions.
    let outcome = try await failOver(rollups, rebuild, after: [], at: ["committed", "committed"])
    try await expectNoticed(
      outcome, in: rollups.place, by: "has lost that the rollups of metric_events are being rebuilt")
    #expect(try await rollups.run([], rebuild).exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  // MARK: The run itself

  @Test func `a run whose fence has not arrived either has lost it to a failover, not to a newer run`() async throws {
    let rollups = try await Rollups(on: PrivateServers.start())
    try await rollups.place.execute(Self.timelineUnavailable)
    let outcome = try await failOver(rollups, from: "taking the lock", after: [], at: ["opened the run in the ledger"])
    try await expectNoticed(outcome, in: rollups.place, by: "this run's fence 1 is not there")
  }

  @Test func `a replica that has received all is another history as well, and the run is done again there`()
    async throws
  {
    let rollups = try await Rollups(on: PrivateServers.start())
    try await rollups.add(300)
    let outcome = try await failOver(rollups, after: ["committed", "committed"], at: [])
    try await expectNoticed(outcome, in: rollups.place, by: "its timeline was 00000001 and is 00000002")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `a server that does not tell its timeline is worked with, and a run and its check say so`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(10)
    try await rollups.place.execute(Self.timelineUnavailable)
    let run = try await rollups.run([], ["JOB_LOG_LEVEL": "info"])
    #expect(run.exitCode == 0 && run.errors.contains("does not report its timeline"), "\(run.output)\(run.errors)")
    let check = try await rollups.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(check.result["details", "advice"].elements.contains { $0.string?.contains("timeline") == true })
  }
}

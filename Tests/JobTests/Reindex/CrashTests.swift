import TestSupport
import Testing

/// Postgres crashes, and the run goes on when it is there again.
@Suite(.timeLimit(.minutes(5))) struct CrashTests {
  @Test(arguments: [30, 45, 60])
  func `what a run was told is committed is there after a crash of the server`(lines: Int) async throws {
    // So that what need not be on the disk is not there for long.
    let servers = try await onThread {
      try PrivateServers(postgresOptions: "-c fsync=off -c max_connections=50 -c wal_writer_delay=10s")
    }
    let catalogue = try await Catalogue(on: servers)
    try await catalogue.fill(150)
    let run = try await SteppedRun(
      Catalogue.binary,
      catalogue.place.environment.merging(["REINDEX_BATCH": "20", "REINDEX_PARALLEL": "1"]) { $1 }, after: lines)
    #expect(!run.hasEnded)
    try await onThread { try servers.restartPostgres(.immediate) }
    await catalogue.place.reconnect()
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(try await catalogue.differences() == [])
  }
}

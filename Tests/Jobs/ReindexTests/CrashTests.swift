import TestSupport
import Testing

/// Postgres crashes, and the run goes on when it is there again.
@Suite(.timeLimit(.minutes(15))) struct CrashTests {
  @Test(arguments: ["changed", "rebuild"], [30, 45, 60])
  func `what a run was told is committed is there at its end, or made again, after a crash of the server`(
    mode: String, lines: Int
  ) async throws {
    // So that what need not be on the disk is not there for long.
    let servers = try await onThread {
      try PrivateServers(postgresOptions: "-c fsync=off -c max_connections=50 -c wal_writer_delay=10s")
    }
    let catalogue = try await Catalogue(on: servers)
    try await catalogue.fill(150)
    let run = try await SteppedRun(
      Catalogue.binary,
      catalogue.place.environment.merging([
        "REINDEX_MODE": mode, "REINDEX_BATCH": "20", "REINDEX_PARALLEL": "1",
      ]) { $1 }, after: lines)
    #expect(!run.hasEnded)
    try await onThread { try servers.restartPostgres(.immediate) }
    await catalogue.place.reconnect()
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(try await catalogue.differences() == [])
  }

  @Test(arguments: [("changed", "search_documents"), ("rebuild", "search_documents_new")])
  func `pages that a server lost are read again by the run that goes on`(mode: String, table: String) async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill(150)
    let run = try await SteppedRun(
      Catalogue.binary,
      catalogue.place.environment.merging([
        "REINDEX_MODE": mode, "REINDEX_BATCH": "20", "REINDEX_PARALLEL": "1",
      ]) { $1 }, past: "committing")
    // Some pages are done, and none is under way.
    let between = """
      select count(*) from (
        select from oneshot.reindex_cursors
        where entity = 'asset' and lane = 0 and after_id::bigint > 150 and not is_done for update skip locked) as lane
      """
    while try await catalogue.place.value(between) == "0" {
      try #require(!run.hasEnded)
      try await run.step()
    }
    // As a crash leaves it: documents and cursor as they were before.
    try await catalogue.place.execute(
      """
      delete from \(table) where entity = 'asset' and entity_id::bigint > 60;
      update oneshot.reindex_cursors
      set after_id = '60', present = (select count(*) from \(table) where entity = 'asset')
      where entity = 'asset' and lane = 0;
      """)
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect((outcome.count("read") ?? 0) > 750, "\(outcome.output)")
    #expect(try await catalogue.differences() == [])
  }
}

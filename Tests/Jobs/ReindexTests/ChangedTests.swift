import TestSupport
import Testing

/// What a run leaves in the index, against a query that is obviously right.
@Suite(.timeLimit(.minutes(15))) struct ChangedTests {
  private func expectRight(
    _ catalogue: Catalogue, _ run: Binary.Outcome, _ location: SourceLocation = #_sourceLocation
  ) async throws {
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)", sourceLocation: location)
    #expect(try await catalogue.differences() == [], sourceLocation: location)
  }

  @Test(arguments: [1, 7, 1000])
  func `documents are indexed, changed, removed and brought back as their sources are`(batch: Int) async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    let settings = ["REINDEX_BATCH": "\(batch)"]
    let first = try await catalogue.run([], settings)
    try await expectRight(catalogue, first)
    let live = try await catalogue.place.value("select count(*) from (\(Catalogue.plain)) as plain")
    #expect(first.count("inserted") == Int(live) && first.count("read") == 300)
    #expect(try await catalogue.place.value("select count(*) from search_documents") == live)

    try await catalogue.place.execute(
      """
      update assets set title = 'Renamed' where id = 3;
      update assets set deleted_at = now() where id in (6, 9);
      update assets set deleted_at = null where id = 33;
      update assets set language = 'french' where id = 12;
      update assets set tags = null, description = tags::text where id = 15;
      update blog_posts set content = null where id < 4;
      delete from assets where id = 21;
      delete from creators;
      delete from licenses where id like '%1%';
      insert into projects values (1000, 'New', 'one', null);
      """)
    let removed = try await catalogue.place.value(
      "select 3 + 60 + (select count(*) from search_documents where entity = 'license' and entity_id like '%1%')")
    let second = try await catalogue.run([], settings)
    try await expectRight(catalogue, second)
    #expect(second.count("inserted") == 2)
    #expect(second.count("updated") == 6)
    #expect(second.count("removed") == Int(removed))
    #expect(second.result["details", "entities", "creator", "removed"].int == 60)
    #expect(try await catalogue.place.value("select count(*) from oneshot.reindex_cursors") == "0")
  }

  @Test func `nothing changed writes nothing: no dead tuple, and no WAL to speak of`() async throws {
    // Nobody else writes on this server.
    let catalogue = try await Catalogue(on: PrivateServers.start())
    // Nor does the server by the clock: a checkpoint has each page written whole once more, autovacuum writes
    // statistics.
    try await catalogue.place.execute("alter system set checkpoint_timeout = '1d'")
    try await catalogue.place.execute("alter system set autovacuum = off")
    try await catalogue.place.execute("select pg_reload_conf()")
    try await catalogue.place.execute("create extension pg_walinspect")
    try await catalogue.fill(2000)
    try await expectRight(catalogue, try await catalogue.run())
    try await catalogue.place.execute("vacuum analyze")
    try await expectRight(catalogue, try await catalogue.run())
    let before = try await statistics(catalogue)
    let start = try await catalogue.place.value("pg_current_wal_lsn()")
    let run = try await catalogue.run()
    // Without the pages that are written whole after a checkpoint: how many those are depends on when it was.
    let written = try await catalogue.place.value(
      "select sum(record_size)::bigint from pg_get_wal_stats('\(start)', pg_current_wal_flush_lsn())")
    try await expectRight(catalogue, run)
    #expect(run.count("read") == 10_000 && run.count("unchanged") ?? 0 > 9000)
    #expect(run.count("inserted") == 0 && run.count("updated") == 0 && run.count("removed") == 0)
    #expect(try await statistics(catalogue) == before)
    // The run's own: ledger, fence, cursors. Its documents come to ten times as much.
    #expect(Int(written) ?? .max < 200_000, "\(written)")
    let size = try await catalogue.place.value("pg_table_size('search_documents')")
    #expect(Int(size) ?? 0 > 2_000_000)
  }

  private func statistics(_ catalogue: Catalogue) async throws -> [[String]] {
    try await catalogue.place.rows(
      """
      select n_tup_ins as a, n_tup_upd as b, n_tup_del as c, n_dead_tup as d from pg_stat_user_tables
      where relname like 'search_%' order by relname
      """)
  }

  @Test func `borders between texts count, and so does what is null and what is empty`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.place.execute(
      "insert into assets (id, title, description) values (1, 'ab', 'c'), (2, 'x', null)")
    _ = try await catalogue.run()
    try await catalogue.place.execute(
      "update assets set title = 'a', description = 'bc' where id = 1; update assets set description = '' where id = 2")
    let run = try await catalogue.run()
    try await expectRight(catalogue, run)
    #expect(run.count("updated") == 2)
  }

  @Test func `a plan counts what would change, and changes nothing`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    _ = try await catalogue.run()
    try await catalogue.place.execute(
      "update assets set title = 'x' where id = 3; delete from licenses; insert into projects values (500, 'a', 'b', null)"
    )
    let plan = try await catalogue.run(["--plan"])
    #expect(plan.exitCode == 0, "\(plan.output)")
    #expect(plan.count("updated") == 1 && plan.count("inserted") == 1 && plan.count("removed") == 60)
    #expect(try await catalogue.place.value("select count(*) from search_documents where entity = 'license'") == "60")
    #expect(try await catalogue.place.value("select count(*) from oneshot.reindex_cursors") == "0")
    let run = try await catalogue.run()
    for name in ["read", "inserted", "updated", "unchanged", "removed", "failed"] {
      #expect(run.count(name) == plan.count(name))
    }
  }
}

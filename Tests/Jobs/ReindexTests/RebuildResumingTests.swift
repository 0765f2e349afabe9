import Foundation
import TestSupport
import Testing

/// Rebuilds that are stopped, and what the next one makes of what they have left.
@Suite(.timeLimit(.minutes(10))) struct RebuildResumingTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }
  private let rebuild = ["REINDEX_MODE": "rebuild", "REINDEX_BATCH": "10", "REINDEX_PARALLEL": "1"]

  init() async throws { catalogue = try await Catalogue() }

  @Test(arguments: ["an entity failed", "making the indexes"])
  func `an entity that failed is read from its beginning by the run that goes on`(moment: String) async throws {
    let folder = try TemporaryFolder()
    try "select id, title as a from items".write(
      toFile: "\(folder.path)/item.sql", atomically: true, encoding: .utf8)
    try await place.execute(
      """
      create table items as select g as id, 'item ' || g as title from generate_series(1, 60) as g;
      insert into items values (45, 'again');
      """)
    let settings = rebuild.merging(["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "asset,item"]) { $1 }
    try await catalogue.fill()
    try await catalogue.kill(settings, past: moment)
    try await place.execute("delete from items where title = 'again'")
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(
      try await place.value(
        "select array_agg(entity_id::integer order by entity_id::integer)::text = (select array_agg(g)::text from generate_series(1, 60) g) from search_documents where entity = 'item'"
      ) == "true")
    #expect(try await catalogue.differences(where: "entity = 'asset'") == [])
  }

  /// Kills a rebuild that waits for a search to end, to swap.
  private func killWaiting(_ settings: [String: String]) async throws {
    let reader = try await OpenTransaction(in: place, "select count(*) from search_documents")
    try await catalogue.kill(settings, past: "searches block the swap")
    try await reader.rollBack()
  }

  @Test func `killed before the swap, a run for the same entities swaps, one for others begins anew`() async throws {
    try await catalogue.fill()
    #expect(try await catalogue.run().exitCode == 0)
    let one = rebuild.merging(["REINDEX_ENTITIES": "asset"]) { $1 }
    try await killWaiting(one)
    let same = try await catalogue.run([], one)
    #expect(same.exitCode == 0 && same.count("read") == 0, "\(same.output)\(same.errors)")
    #expect(try await catalogue.differences() == [])
    try await killWaiting(one)
    let all = try await catalogue.run([], rebuild)
    #expect(all.exitCode == 0 && all.count("read") == 300, "\(all.output)\(all.errors)")
    #expect(try await catalogue.differences() == [])
    try await killWaiting(rebuild)
    let fewer = try await catalogue.run([], one)
    #expect(fewer.exitCode == 0 && fewer.count("read") == 60, "\(fewer.output)\(fewer.errors)")
    #expect(try await catalogue.differences() == [])
  }

  @Test func `what the swap changes is counted, whichever run has loaded it; what is carried over is not`() async throws
  {
    try await catalogue.fill()
    #expect(try await catalogue.run().exitCode == 0)
    try await place.execute(
      """
      delete from search_documents where entity = 'asset' and entity_id in ('12', '15');
      insert into search_documents values ('asset', '77777', 'left', 1, 'english');
      delete from assets where id = 30; update assets set deleted_at = now() where id = 39;
      update assets set title = 'another' where id = 42;
      update assets set language = 'klingon' where id in (15, 45);
      insert into search_documents values ('nothing', '1', 'left', 1, 'english');
      """)
    // As many as are there and in the index already, with texts that are as they were.
    let unchanged = """
      select count(*) from assets join search_documents on entity = 'asset' and entity_id = assets.id::text
      where deleted_at is null and assets.id not in (42, 45)
      """
    let same = Int(try await place.value(unchanged))
    let one = rebuild.merging(["REINDEX_ENTITIES": "asset"]) { $1 }
    try await killWaiting(one)
    let run = try await catalogue.run([], one)
    #expect(run.exitCode == 0 && run.count("read") == 0, "\(run.output)\(run.errors)")
    #expect(run.count("inserted") == 1 && run.count("updated") == 1 && run.count("unchanged") == same)
    #expect(run.count("removed") == 3 && run.count("failed") == 0)
  }

  @Test func `a rebuild that does not swap has changed nothing, and says so`() async throws {
    try await catalogue.fill()
    let reader = try await OpenTransaction(in: place, "select count(*) from search_documents")
    let pid = try await place.value(
      "select pid from pg_stat_activity where state = 'idle in transaction' and datname = current_database()")
    let waiting = try await SteppedRun(
      Catalogue.binary, place.environment.merging(rebuild) { $1 }, past: "\"pids\":\"\(pid)\"")
    waiting.process.send(SIGTERM)
    waiting.letGo()
    let run = await waiting.process.outcome()
    #expect(run.exitCode == 143 && run.count("read") == 300 && run.count("inserted") == 0, "\(run.output)")
    try await reader.rollBack()
    let next = try await catalogue.run([], rebuild)
    #expect(next.exitCode == 0 && next.count("read") == 0 && next.count("inserted") ?? 0 > 250, "\(next.output)")
  }

  @Test func `what a stopped rebuild has loaded by another dictionary is not gone on with`() async throws {
    try await place.execute("create text search configuration mine (copy = english)")
    try await catalogue.fill()
    let settings = rebuild.merging(["REINDEX_LANGUAGE": "mine"]) { $1 }
    try await killWaiting(settings)
    try await place.execute("alter text search configuration mine alter mapping for asciiword with simple")
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 0 && run.count("read") == 300, "\(run.output)")
    #expect(try await catalogue.run([], ["REINDEX_MODE": "verify", "REINDEX_LANGUAGE": "mine"]).exitCode == 0)
  }

  @Test func `words and languages leave with the table that has them, not before`() async throws {
    try await catalogue.fill()
    #expect(try await catalogue.run().exitCode == 0)
    try await place.execute(
      "insert into search_words values ('english', 'vanished'); insert into search_languages values ('vanished')")
    let vanished = """
      select (select count(*) from search_words where word = 'vanished')
        + (select count(*) from search_languages where language = 'vanished')
      """
    try await killWaiting(rebuild)
    #expect(try await place.value(vanished) == "2")
    #expect(try await catalogue.run([], rebuild).exitCode == 0)
    #expect(try await place.value(vanished) == "0")
    #expect(try await place.value("select count(*) from oneshot.search_gone") == "0")
  }

  @Test func `documents of an entity that this run does not know stay`() async throws {
    let folder = try TemporaryFolder()
    try "select id, title as a from projects".write(
      toFile: "\(folder.path)/mine.sql", atomically: true, encoding: .utf8)
    try await catalogue.fill()
    #expect(try await catalogue.run([], ["REINDEX_ENTITIES_DIR": folder.path]).exitCode == 0)
    let run = try await catalogue.run([], rebuild.merging(["REINDEX_ENTITIES": "asset"]) { $1 })
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await place.value("select count(*) from search_documents where entity = 'mine'") == "60")
    #expect(try await catalogue.differences(where: "entity <> 'mine'") == [])
  }

  @Test func `indexes of one's own are made, too, with the names that they had, however long`() async throws {
    let long = String(repeating: "i", count: 63)
    try await place.execute(
      """
      create index \(long) on search_documents (language) where entity = 'asset';
      create index "By, ""time""_new" on search_documents (indexed_at desc);
      """)
    try await catalogue.fill(10)
    let indexes = """
      select indexdef, indisprimary::text from pg_indexes
      join pg_index on indexrelid = format('%I.%I', schemaname, indexname)::regclass where tablename = 'search_documents'
      order by 1
      """
    let before = try await place.rows(indexes)
    #expect(before.count == 4)
    for _ in 1...2 {
      let run = try await catalogue.run([], rebuild)
      #expect(run.exitCode == 0, "\(run.output)")
      #expect(try await place.rows(indexes) == before)
    }
    try await killWaiting(rebuild)
    #expect(try await catalogue.run([], rebuild).exitCode == 0)
    #expect(try await place.rows(indexes) == before)
  }

  @Test func `rights are those of the swap's time, columns' too; storage parameters stay; what would be lost is named`()
    async throws
  {
    try await catalogue.fill(10)
    let (early, late) = ("early_\(try await place.databaseName())", "late_\(try await place.databaseName())")
    try await place.execute(
      """
      create role \(early); create role \(late);
      alter table search_documents set (autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_enabled = false);
      grant insert on search_documents to \(early);
      alter default privileges grant update on tables to \(early);
      """)
    #expect(try await catalogue.run().exitCode == 0)
    let reader = try await OpenTransaction(in: place, "select count(*) from search_documents")
    let run = try await SteppedRun(
      Catalogue.binary, place.environment.merging(rebuild) { $1 }, past: "searches block the swap")
    let parameters = """
      select array_cat(relation.reloptions, toast.reloptions)::text
      from pg_class as relation join pg_class as toast on toast.oid = relation.reltoastrelid where relation.relname =
      """
    // An autovacuum of what is being filled would be in the way.
    #expect(
      try await place.value("\(parameters) 'search_documents_new'")
        == "{autovacuum_vacuum_scale_factor=0.01,autovacuum_enabled=false,autovacuum_enabled=false}")
    try await place.execute(
      "revoke insert on search_documents from \(early); grant select (entity) on search_documents to \(late)")
    try await reader.commit()
    run.letGo()
    #expect(await run.process.outcome().exitCode == 0)
    #expect(
      try await place.value(
        """
        select has_table_privilege('\(early)', 'search_documents', 'insert, update') or has_table_privilege('\(late)', 'search_documents', 'select')
        """) == "false")
    #expect(
      try await place.value("select has_column_privilege('\(late)', 'search_documents', 'entity', 'select')") == "true")
    #expect(
      try await place.value("\(parameters) 'search_documents'")
        == "{autovacuum_vacuum_scale_factor=0.01,autovacuum_enabled=false}")
    for (make, drop, name) in [
      ("create table liked (a text, b text, foreign key (a, b) references search_documents)", "table liked", "liked"),
      (
        "create function title(search_documents) returns text language sql as 'select null::text'", "function title",
        "title"
      ),
      ("create table more () inherits (search_documents)", "table more", "more"),
      ("create statistics both_of on entity, language from search_documents", "statistics both_of", "both_of"),
    ] {
      try await place.execute(make)
      let refused = try await catalogue.run([], rebuild)
      #expect(refused.exitCode == 78 && refused.output.contains("public.\(name)"), "\(refused.output)")
      try await place.execute("drop \(drop)")
    }
    #expect(try await catalogue.run([], rebuild).exitCode == 0)
  }
}

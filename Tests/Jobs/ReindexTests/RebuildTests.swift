import Foundation
import JobRuntime
import Postgres
import TestSupport
import Testing

/// `REINDEX_MODE=rebuild`: a new table beside the old one, which is searched until the last moment.
@Suite(.timeLimit(.minutes(15))) struct RebuildTests {
  private let catalogue: Catalogue
  private let rebuild = ["REINDEX_MODE": "rebuild", "REINDEX_BATCH": "20"]

  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.fill(100)
  }

  private func expectWhole() async throws {
    #expect(try await catalogue.differences() == [])
    #expect(try await catalogue.place.value("select to_regclass('search_documents_new')") == "NULL")
    #expect(try await catalogue.place.value("select count(*) from oneshot.reindex_cursors") == "0")
    let indexes = try await catalogue.place.rows(
      "select indexname as a from pg_indexes where tablename = 'search_documents' order by 1")
    #expect(indexes == [["search_documents_document"], ["search_documents_pkey"]])
  }

  @Test func `everything is made anew, and nothing is lost: indexes, rights, comment, words`() async throws {
    let role = "reader_\(try await catalogue.place.databaseName())"
    try await catalogue.place.execute("create role \(role); grant select on search_documents to \(role)")
    #expect(try await catalogue.run().exitCode == 0)
    let rights = "select relacl::text from pg_class where oid = 'search_documents'::regclass"
    let before = try await catalogue.place.value(rights)
    try await catalogue.place.execute(
      """
      update search_documents set document = 'damaged' where entity = 'asset';
      insert into search_documents values ('nothing', '1', 'left', 1, 'english'), ('asset', '77777', 'left', 1, 'english');
      insert into search_words values ('english', 'vanished');
      insert into search_languages values ('vanished');
      delete from search_languages where language = 'german';
      delete from search_words where word = 'mountains';
      delete from licenses;
      """)
    let run = try await catalogue.run([], rebuild)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    // Nobody reads it, so nobody knows that it is wrong.
    #expect(try await catalogue.place.value("select count(*) from search_documents where entity = 'nothing'") == "1")
    try await catalogue.place.execute("delete from search_documents where entity = 'nothing'")
    try await expectWhole()
    #expect(
      try await catalogue.place.rows("select language from search_languages order by 1")
        == catalogue.place.rows("select distinct language from search_documents order by 1"))
    #expect(run.count("read") == 400 && run.count("removed") == 101)
    #expect(try await catalogue.place.value(rights) == before)
    #expect(
      try await catalogue.place.value("select obj_description('search_documents'::regclass)").contains("search()"))
    #expect(
      try await catalogue.place.rows(
        "select word as a from search_words where language = 'english' and word in ('vanished', 'mountains')")
        == [["mountains"]])
  }

  @Test func `the first run may be a rebuild, with one connection`() async throws {
    let run = try await catalogue.run([], rebuild.merging(["REINDEX_PARALLEL": "1"]) { $1 })
    #expect(run.exitCode == 0, "\(run.output)")
    try await expectWhole()
    #expect(try await catalogue.place.value("select count(*) > 10 from search('mountain', null, 100)") == "true")
    #expect(try await catalogue.place.value("select count(*) > 10 from search('mauntain', null, 100)") == "true")
  }

  @Test func `a client that searches without pause sees full results before, during and after the swap`() async throws {
    #expect(try await catalogue.run().exitCode == 0)
    let search = "select count(*) from search('running', null, 1000)"
    let wanted = try await catalogue.place.value(search)
    #expect(Int(wanted) ?? 0 > 50)
    let database = try Database(ConnectionOptions(url: catalogue.place.databaseURL, applicationName: "searcher"))
    let searching = Task {
      var seen: [String: Int] = [:]
      while !Task.isCancelled {
        do {
          let found = try await database.withSession { session in
            try session.query(Statement(sql: "select (\(search))::text as found")).only().value(
              "found", as: String.self)
          }
          seen[found, default: 0] += 1
        } catch PostgresError.cancelled {}
      }
      return seen
    }
    for _ in 1...3 {
      let run = try await catalogue.run([], rebuild)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    searching.cancel()
    let seen = try await searching.value
    await database.close()
    #expect(Set(seen.keys) == [wanted], "\(seen)")
    #expect(seen[wanted] ?? 0 > 20)
    try await expectWhole()
  }

  @Test func `a swap that searches block the swap of waits for them, and keeps none waiting`() async throws {
    #expect(try await catalogue.run().exitCode == 0)
    let reader = try await OpenTransaction(in: catalogue.place, "select count(*) from search_documents")
    let folder = try TemporaryFolder()
    let log = "\(folder.path)/log"
    try Data().write(to: URL(filePath: log))
    let run = try Catalogue.binary.start(
      [], catalogue.place.environment.merging(rebuild) { $1 },
      stderr: FileHandle(forWritingTo: URL(filePath: log)))
    try await eventually { try String(contentsOfFile: log, encoding: .utf8).contains("searches block the swap") }
    #expect(Int(try await catalogue.place.value("select count(*) from search('running')")) == 20)
    try await reader.commit()
    #expect(await run.outcome().exitCode == 0)
    try await expectWhole()
  }

  @Test func `killed anywhere, the old index serves on, and the next rebuild goes on or begins anew`() async throws {
    var (kills, resumed, lines) = (0, 0, 4)
    while true {
      let catalogue = try await Catalogue()
      try await catalogue.fill(100)
      #expect(try await catalogue.run().exitCode == 0)
      let words = try await catalogue.place.value("select count(*) from search('winter', null, 1000)")
      let settings = rebuild.merging(["REINDEX_PARALLEL": "1"]) { $1 }
      guard try await catalogue.kill(settings, after: lines) else { break }
      kills += 1
      #expect(try await catalogue.differences() == [], "after \(lines) lines")
      #expect(try await catalogue.place.value("select count(*) from search('winter', null, 1000)") == words)
      let next = try await catalogue.run([], settings)
      #expect(next.exitCode == 0, "after \(lines) lines: \(next.output)")
      if next.count("read") ?? 500 < 500 { resumed += 1 }
      try await RebuildTests(of: catalogue).expectWhole()
      lines += 11
    }
    #expect(kills > 8 && resumed > kills / 2)
  }

  private init(of catalogue: Catalogue) { self.catalogue = catalogue }

  @Test func `a run of another mode clears up what a killed rebuild has left`() async throws {
    #expect(try await catalogue.run().exitCode == 0)
    #expect(try await catalogue.kill(rebuild, after: 60))
    #expect(try await catalogue.place.value("select to_regclass('search_documents_new')") == "search_documents_new")
    let run = try await catalogue.run()
    #expect(run.exitCode == 0 && run.errors.contains("what a stopped rebuild has left"))
    try await expectWhole()
  }

  @Test func `what it does not read stays: other entities, entities that fail, documents that fail`() async throws {
    #expect(try await catalogue.run().exitCode == 0)
    try await catalogue.place.execute(
      "alter table creators rename to away; update assets set language = 'klingon' where id = 3; update assets set title = 'x'"
    )
    let run = try await catalogue.run([], rebuild.merging(["REINDEX_ENTITIES": "asset,creator"]) { $1 })
    #expect(run.exitCode == 65)
    #expect(run.result["errors"].elements.compactMap { $0["item"].string }.sorted() == ["asset/3", "creator"])
    try await catalogue.place.execute(
      "alter table away rename to creators; update assets set language = null where id = 3")
    #expect(try await catalogue.differences(where: "entity_id <> '3'") == [])
    #expect(
      try await catalogue.place.value(
        "select count(*) from search_documents where entity_id = '3' and entity = 'asset'") == "1")
    #expect(try await catalogue.place.value("select to_regclass('search_documents_new')") == "NULL")
  }

  @Test func `what hangs on the table would be lost, so it is named and nothing is done; shards do not rebuild`()
    async throws
  {
    try await catalogue.place.execute("create view found as select entity from search_documents")
    let run = try await catalogue.run([], rebuild)
    #expect(run.exitCode == 78)
    #expect(run.result["error", "message"].string?.contains("view public.found") == true)
    let shard = try await catalogue.run([], rebuild.merging(["JOB_SHARD_COUNT": "2"]) { $1 })
    #expect(shard.exitCode == 78)
    for look in ["--check", "--plan"] {
      let said = try await catalogue.run([look], rebuild)
      #expect(said.exitCode == 78 && said.output.contains("view public.found"), "\(said.output)")
    }
    try await catalogue.place.execute("drop view found")
    let plan = try await catalogue.run(["--plan"], rebuild)
    #expect(plan.exitCode == 0 && plan.count("inserted") ?? 0 > 400)
    #expect(try await catalogue.place.value("select count(*) from search_documents") == "0")
    try await catalogue.place.execute("alter table search_documents add column boost real default 1")
    let column = try await catalogue.run([], rebuild)
    #expect(column.exitCode == 78 && column.output.contains("what is in its column boost"))
  }

  @Test func `verify names a primary key and an index that somebody has dropped, and a rebuild makes them`()
    async throws
  {
    #expect(try await catalogue.run([], rebuild).exitCode == 0)
    let place = catalogue.place
    let indexes = """
      select string_agg(relname || case when indisprimary then ' (key)' else '' end, ', ' order by relname)
      from pg_index join pg_class on pg_class.oid = indexrelid where indrelid = 'search_documents'::regclass
      """
    let all = try await place.value(indexes)
    #expect(all == "search_documents_document, search_documents_pkey (key)")
    try await place.execute(
      "alter table search_documents drop constraint search_documents_pkey; drop index search_documents_document")
    let verified = try await catalogue.run([], ["REINDEX_MODE": "verify"])
    #expect(verified.exitCode == 65)
    let named = verified.result["errors"].elements.compactMap { $0["item"].string }
    #expect(
      named == ["search_documents/GIN index of document", "search_documents/primary key"], "\(verified.output)")
    let mended = try await catalogue.run([], rebuild)
    #expect(mended.exitCode == 0, "\(mended.output)\(mended.errors)")
    #expect(try await place.value(indexes) == all)
    #expect(try await catalogue.run([], ["REINDEX_MODE": "verify"]).exitCode == 0)
    #expect(try await catalogue.run().exitCode == 0)
  }

  @Test func `an index that the table gets while it is rebuilt is not lost: the swap waits for the next rebuild`()
    async throws
  {
    let place = catalogue.place
    let run = try await catalogue.start(
      rebuild.merging(["REINDEX_PARALLEL": "1"]) { $1 }, past: "counted what changes")
    try await place.execute("create index by_language on search_documents (language)")
    run.letGo()
    let refused = await run.process.outcome()
    #expect(refused.exitCode == 75, "\(refused.output)")
    #expect(refused.result["error", "message"].string?.contains("an index like by_language") == true)
    #expect(try await place.value("select count(*) from search_documents") == "0")
    let again = try await catalogue.run([], rebuild)
    #expect(again.exitCode == 0, "\(again.output)")
    #expect(
      try await place.value("select indrelid::regclass from pg_index where indexrelid = 'by_language'::regclass")
        == "search_documents")
    #expect(try await catalogue.differences() == [])
  }
}

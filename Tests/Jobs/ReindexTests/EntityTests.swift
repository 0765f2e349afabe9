import Foundation
import TestSupport
import Testing

/// Entities of one's own whose rows, ids or rights are not as the built-in ones': each fails alone, or not at all.
@Suite(.timeLimit(.minutes(15))) struct EntityTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }
  private let folder: TemporaryFolder

  init() async throws {
    catalogue = try await Catalogue()
    folder = try TemporaryFolder()
    try await place.execute("insert into projects values (1, 'A good one', '', null)")
  }

  private func write(_ name: String, _ query: String) throws {
    try query.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
  }

  private func run(_ settings: [String: String] = [:], entities: String) async throws -> Binary.Outcome {
    try await catalogue.run(
      [], ["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": entities].merging(settings) { $1 })
  }

  private func items(_ run: Binary.Outcome) -> [String] {
    run.result["errors"].elements.compactMap { $0["item"].string }.sorted()
  }

  @Test(
    arguments: ["changed", "rebuild", "verify", "pending"],
    ["", "analyze products;", "alter table products drop constraint products_pkey; analyze products;"])
  func `one document that no expression of the file can take is set aside, and no other`(
    mode: String, state: String
  ) async throws {
    try await place.execute(
      """
      create table products (id integer primary key, title text, price integer);
      insert into products select g, 'Product', case when g in (7, 29) then 0 else 5 end from generate_series(1, 30) g;
      insert into search_documents select 'product', id::text, 'old', 1, 'english' from products;
      insert into search_documents values ('product', '99', '', 1, 'english');
      insert into search_pending (entity, entity_id) select 'product', entity_id from search_documents;
      \(state)
      """)
    try write("product", "select id, title as a, (1000 / price)::text as b from products")
    for batch in ["1000", "4", "1"] {
      let run = try await run(["REINDEX_MODE": mode, "REINDEX_BATCH": batch], entities: "product")
      #expect(run.exitCode == 65 && run.count("failed") == 2, "\(run.output)")
      if mode == "verify" {
        #expect(run.count("stale") == 28 && run.count("orphaned") == 1)
      } else {
        #expect(items(run) == ["product/29", "product/7"])
        #expect(
          try await place.rows("select entity_id as a from search_documents where document = 'old' order by 1")
            == [["29"], ["7"]])
        #expect(try await place.value("select count(*) from search_documents where entity = 'product'") == "30")
        try await place.execute(
          "insert into search_pending (entity, entity_id) values ('product', '7'), ('product', '29')")
      }
    }
  }

  @Test(arguments: ["en-x-icu", "POSIX"])
  func `ids may have a collation of their own`(collation: String) async throws {
    try await place.execute(
      """
      create table pages (id text collate "\(collation)" primary key, title text);
      insert into pages select chr(65 + g % 50) || g, 'Page' from generate_series(1, 200) g;
      """)
    try write("page", "select id, title as a from pages")
    func run(_ settings: [String: String]) async throws -> Binary.Outcome {
      try await self.run(settings.merging(["REINDEX_BATCH": "30"]) { $1 }, entities: "page")
    }
    let first = try await run([:])
    #expect(first.exitCode == 0 && first.count("inserted") == 200, "\(first.output)")
    try await place.execute(
      "delete from pages where title = 'Page' and id < 'F'; update pages set title = 'New' where id like 'f%'")
    let left = Int(try await place.value("select count(*) from pages")) ?? 0
    let changed = Int(try await place.value("select count(*) from pages where title = 'New'")) ?? 0
    let second = try await run([:])
    #expect(second.exitCode == 0 && second.count("unchanged") == left - changed, "\(second.output)")
    #expect(second.count("updated") == changed && second.count("removed") == 200 - left)
    #expect(try await run(["REINDEX_MODE": "verify"]).exitCode == 0)
    try await place.execute(
      "update pages set title = 'Again'; insert into search_pending (entity, entity_id) select 'page', id from pages")
    let pending = try await run(["REINDEX_MODE": "pending"])
    #expect(pending.exitCode == 0 && pending.count("updated") == left, "\(pending.output)")
    for index in 0..<3 {
      let shard = try await run(["JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "\(index)"])
      #expect(shard.exitCode == 0 && shard.count("unchanged") == shard.count("read"), "\(shard.output)")
    }
    #expect(try await run(["REINDEX_MODE": "rebuild"]).exitCode == 0)
    #expect(try await place.value("select count(*) from search_documents where entity = 'page'") == "\(left)")
  }

  @Test(arguments: [
    ("delete from projects returning id, title as a", "syntax error"),
    ("with gone as (delete from projects returning *) select id, title as a from gone", "data-modifying"),
    (
      "select id, title as a from projects) as file union all select id, title from (select id, title from projects",
      "line 1: syntax error at or near"
    ),
    ("select id, title as a, title as contents from projects", "it yields a column «contents», which is none of id"),
    ("select title as a from projects", "it yields no column «id»"), ("select id from projects", "no column «a»"),
    ("select id, title as a, 'no' as deleted from projects", "deleted a boolean"),
    ("select id, title as a from projects order by id limit 100", "it has a limit"),
    ("select '{}'::json as id, 'x' as a", "An id has to be of a type that can be sorted"),
  ])
  func `a file that yields something else, or writes, is told what is wrong with it, and nothing is done`(
    query: String, wanted: String
  ) async throws {
    try write("mine", query)
    let settings = ["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "mine"]
    for arguments in [["--check"], ["--plan"], []] {
      let run = try await catalogue.run(arguments, settings)
      #expect(run.exitCode == (arguments == ["--check"] ? 78 : 65), "\(run.output)")
      #expect(run.output.contains("mine.sql") && run.output.contains(wanted), "\(run.output)")
    }
    #expect(try await place.value("select count(*) from projects") == "1")
  }

  @Test(arguments: ["changed", "rebuild", "verify", "pending"], ["false", "true"])
  func `a file that sets something fails, and the next is read as ever`(mode: String, isLocal: String) async throws {
    try write("a_sets", "select id, set_config('timezone', 'Asia/Tokyo', \(isLocal)) as a from projects")
    try write("b_reads", "select id, current_setting('timezone') as a from projects")
    try await place.execute(
      """
      insert into search_pending (entity, entity_id) values ('a_sets', '1'), ('b_reads', '1');
      insert into search_documents values ('b_reads', '1', to_tsvector('english', 'UTC'), 1, 'english');
      """)
    let run = try await run(["REINDEX_MODE": mode, "REINDEX_PARALLEL": "1"], entities: "a_sets,b_reads")
    #expect(run.exitCode == 65 && items(run).contains { $0.hasPrefix("a_sets") }, "\(run.output)")
    #expect(run.output.contains("a_sets.sql: it sets TimeZone; a file can only read"), "\(run.output)")
    #expect(
      try await place.rows("select entity as a, document::text as b from search_documents") == [
        ["b_reads", "'utc':1A"]
      ]
        || mode == "verify")
  }

  @Test(arguments: ["changed", "rebuild", "verify"], ["1", "2"])
  func `rows without an id are no documents, so the entity fails`(mode: String, connections: String) async throws {
    try write("mine", "select nullif(g, 3) as id, 'x' as a from generate_series(1, 5) as g")
    let run = try await run(["REINDEX_MODE": mode, "REINDEX_PARALLEL": connections], entities: "mine,project")
    #expect(run.exitCode == 65 && run.output.contains("mine.sql: in 1 of its rows the id is null"), "\(run.output)")
    #expect(try await place.value("select count(*) from search_documents where entity = 'mine'") == "0")
  }

  @Test(arguments: [",", " , "])
  func `a choice of no entity is a wrong setting, not a run that does nothing`(choice: String) async throws {
    let run = try await run(entities: choice)
    #expect(run.exitCode == 78 && run.output.contains("REINDEX_ENTITIES names no entity"), "\(run.output)")
  }

  @Test func `an empty language is none, and a byte order mark no part of the query`() async throws {
    try write("mine", "\u{FEFF}select id, title as a, '' as language from projects")
    let run = try await run(entities: "mine")
    #expect(run.exitCode == 0 && run.count("inserted") == 1, "\(run.output)")
    #expect(try await place.value("select language from search_documents") == "english")
  }

  @Test(arguments: 1...4)
  func `an id that stands twice is found, wherever a page ends`(batch: Int) async throws {
    try write("double", "select id, 'x' as a from unnest(array[1, 2, 3, 3, 4, 5]) as listed (id)")
    let run = try await run(["REINDEX_BATCH": "\(batch)", "REINDEX_PARALLEL": "1"], entities: "double")
    #expect(run.exitCode == 65 && items(run) == ["double"])
    #expect(run.output.contains("the id «3» stands in it twice"))
  }

  @Test(arguments: ["pending", "changed"])
  func `an entity that fails stops no other`(mode: String) async throws {
    try write("double", "select 1 as id, 'x' as a from generate_series(1, 2)")
    try write("odd", "select row(1, 2) as id, 'x' as a")
    try write("object", "select '{}'::json as id, 'x' as a")
    try await place.execute(
      "create function refuse() returns text language plpgsql as $$ begin raise 'no' using errcode = '0A000'; end $$")
    try write("refusing", "select 1 as id, refuse() as a")
    try await place.execute(
      """
      insert into search_pending (entity, entity_id)
      select unnest(array['double', 'odd', 'object', 'refusing', 'project']), '1'
      """)
    let run = try await run(["REINDEX_MODE": mode], entities: "double,odd,object,refusing,project")
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(items(run) == ["double", "object", "odd", "refusing"])
    #expect(try await place.value("select string_agg(entity, ' ') from search_documents") == "project")
    if mode == "pending" {
      // What waits of them goes on waiting.
      #expect(
        try await place.value("select string_agg(entity, ' ' order by entity) from search_pending")
          == "double object odd refusing")
      let ids = ["REINDEX_MODE": "ids", "REINDEX_ENTITY": "double", "REINDEX_IDS": "1"]
      let listed = try await catalogue.run([], ["REINDEX_ENTITIES_DIR": folder.path].merging(ids) { $1 })
      #expect(listed.exitCode == 65 && items(listed) == ["double"])
    }
    let check = try await catalogue.run(
      ["--check"], ["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "odd,object"])
    #expect(check.exitCode == 78 && check.output.contains("odd.sql") && check.output.contains("object.sql"))
  }

  @Test func `rows that row security hides are no reason to empty the index`() async throws {
    let role = "runner_\(try await place.databaseName())"
    #expect(try await catalogue.run().exitCode == 0)
    try await place.execute(
      """
      create role \(role) login;
      grant usage on schema oneshot to \(role);
      grant all on all tables in schema oneshot, public to \(role);
      grant all on all sequences in schema oneshot, public to \(role);
      grant execute on all functions in schema oneshot to \(role);
      insert into search_pending (entity, entity_id) values ('project', '1');
      """)
    let settings = ["DATABASE_URL": place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")]
    #expect(try await catalogue.run([], settings).exitCode == 0)
    try await place.execute("alter table projects enable row level security")
    for mode in ["changed", "pending", "verify"] {
      let run = try await catalogue.run([], settings.merging(["REINDEX_MODE": mode]) { $1 })
      #expect(run.exitCode == 65 && items(run) == ["project"], "\(run.output)")
      #expect(run.output.contains("row-level security policy for table"), "\(run.output)")
      #expect(try await place.value("select count(*) from search_documents where entity = 'project'") == "1")
    }
    #expect(try await catalogue.run(["--check"], settings).output.contains("row-level security policy for table"))
    try await place.execute("alter role \(role) bypassrls")
    #expect(try await catalogue.run([], settings).exitCode == 0)
  }

  @Test func `a language is what search() knows, whatever the search_path of the run`() async throws {
    try await place.execute(
      """
      create schema elsewhere;
      create text search configuration elsewhere.hidden (copy = simple);
      create text search configuration public.ours (copy = simple);
      insert into assets (id, title, language) values (1, 'Hidden', 'hidden'), (2, 'Ours', 'ours');
      alter database \(try await place.databaseName()) set search_path = public, elsewhere;
      """)
    let run = try await catalogue.run()
    #expect(run.exitCode == 65 && items(run) == ["asset/1"], "\(run.output)")
    #expect(run.output.contains("unknown_language"))
    #expect(try await place.value("select string_agg(entity_id, ' ') from search('ours')") == "2")
    #expect(try await catalogue.run([], ["REINDEX_LANGUAGE": "hidden"]).exitCode == 78)
    #expect(try await catalogue.run([], ["REINDEX_LANGUAGE": "ours"]).exitCode == 65)
  }

  @Test func `the page's entity works as it stands there`() async throws {
    try write("help_page", Page("docs/jobs/reindex.md").code("help_page"))
    try await place.execute(
      """
      create table help_pages (slug text primary key, heading text, body text, lang text, is_published boolean);
      insert into help_pages values ('start', 'Getting started', 'First steps', 'en', true),
        ('anfang', 'Erste Schritte', 'Häuser bauen', 'de', true), ('draft', 'Getting nowhere', '', 'en', false);
      """)
    let run = try await run(entities: "help_page")
    #expect(run.exitCode == 0 && run.count("inserted") == 2, "\(run.output)")
    #expect(try await place.value("select string_agg(entity_id, ' ') from search('getting')") == "start")
    #expect(try await place.value("select string_agg(entity_id, ' ') from search('Haus')") == "anfang")
  }
}

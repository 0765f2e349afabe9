import Foundation
import TestSupport
import Testing

/// Documents and entities that fail, entities of one's own, single documents, and a look without writing.
@Suite(.timeLimit(.minutes(15))) struct FailingTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }

  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.fill()
  }

  private static let huge = "(select string_agg(md5(g::text), ' ') from generate_series(1, 60000) g)"

  private func items(_ run: Binary.Outcome) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: run.result["errors"].elements.map {
        ($0["item"].string ?? "", "\($0["kind"].string ?? ""): \($0["message"].string ?? "")")
      })
  }

  @Test(arguments: ["1", "3"])
  func `a document that cannot be indexed is a dead letter, keeps what it was, and is resolved`(
    lanes: String
  ) async throws {
    let settings = ["REINDEX_PARALLEL": lanes, "REINDEX_BATCH": "50"]
    #expect(try await catalogue.run([], settings).exitCode == 0)
    try await place.execute(
      """
      update assets set title = 'Renamed';
      update assets set description = \(Self.huge) where id in (3, 6, 90);
      update assets set language = 'klingon' where id in (9, 12);
      insert into blog_posts values (999, 'late', '', \(Self.huge), null);
      """)
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 65 && run.count("failed") == 6)
    let said = items(run)
    #expect(Set(said.keys) == ["asset/3", "asset/6", "asset/90", "asset/9", "asset/12", "blog_post/999"])
    #expect(said["asset/3"]?.contains("unindexable: string is too long for tsvector") == true)
    #expect(said["asset/9"]?.contains("unknown_language: «klingon»") == true)
    #expect(
      try await place.value(
        "select count(*) from search_documents where entity = 'asset' and not document @@ 'renam:A'::tsquery and entity_id in ('3', '6', '9', '12', '90')"
      ) == "5")
    #expect(try await place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "6")
    // Told again, and one deleted meanwhile.
    try await place.execute("delete from assets where id = 90; update assets set language = null where id = 9")
    let again = try await catalogue.run([], settings)
    #expect(again.count("failed") == 4 && again.count("removed") == 1)
    #expect(try await place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "4")
    try await place.execute(
      "update assets set description = null, language = null; update blog_posts set content = '' where id = 999")
    #expect(try await catalogue.run([], settings).exitCode == 0)
    #expect(try await catalogue.differences() == [])
    #expect(try await place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "0")
  }

  @Test func `an entity that fails keeps what it has; the others are indexed, and file and line are named`()
    async throws
  {
    let folder = try TemporaryFolder()
    let files = [
      "broken": "select id,\n  title as a\nfrom nowhere", "double": "select id / 10 as id, title as a from assets",
      "nameless": "select id, title from assets", "two": "select 1 as id, 'x' as a;\nselect 2",
      "zero": "select 1 / (id - id) as id, 'x' as a from assets", "named": "select id, :b as a from assets",
      "license": "select id, title as a, no_such as b\nfrom licenses",
    ]
    for (name, text) in files {
      try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
    }
    #expect(try await catalogue.run().exitCode == 0)
    try await place.execute("update assets set title = 'new'; alter table creators rename to away")
    let run = try await catalogue.run([], ["REINDEX_ENTITIES_DIR": folder.path])
    #expect(run.exitCode == 65)
    let said = items(run)
    #expect(Set(said.keys) == ["broken", "double", "nameless", "two", "zero", "named", "license", "creator"])
    #expect(said["broken"]?.contains("broken.sql, line 3: relation \"nowhere\" does not exist") == true)
    #expect(said["double"]?.contains("stands in it twice") == true)
    #expect(said["nameless"]?.contains("nameless.sql: it yields a column «title»") == true)
    #expect(said["two"]?.contains("two.sql: cannot insert multiple commands") == true)
    #expect(said["zero"]?.contains("zero.sql: division by zero") == true)
    #expect(said["named"]?.contains(":b is not known") == true)
    #expect(said["license"]?.contains("license.sql, line 1: column \"no_such\" does not exist") == true)
    try await place.execute("alter table away rename to creators; delete from search_documents where entity = 'double'")
    #expect(try await catalogue.differences() == [])
    #expect(try await catalogue.run().exitCode == 0)
    #expect(
      try await place.value("select state from oneshot.dead_letters where item = 'creator'") == "resolved")
  }

  @Test func `an entity of one's own takes the place of a built-in one, or stands beside`() async throws {
    let folder = try TemporaryFolder()
    try "select id, title as a from assets where id < 31 -- only these;".write(
      toFile: "\(folder.path)/asset.sql", atomically: true, encoding: .utf8)
    try """
    select t.tag as id, t.tag as a, count(*)::text as b, 'simple' as language
    from assets cross join unnest(tags) as t (tag)
    group by t.tag;
    """.write(toFile: "\(folder.path)/tag.sql", atomically: true, encoding: .utf8)
    let settings = ["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "asset, tag"]
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await place.value("select count(*) from search_documents where entity = 'asset'") == "10")
    #expect(
      try await place.value("select count(distinct tag)::text from assets cross join unnest(tags) as tag")
        == place.value("select count(*) from search_documents where entity = 'tag' and language = 'simple'"))
    #expect(try await catalogue.run([], settings).count("unchanged") == run.count("inserted"))
  }

  @Test func `documents by their ids: changed, gone and unknown ones; what is no id is named`() async throws {
    #expect(try await catalogue.run().exitCode == 0)
    try await place.execute(
      "update assets set title = 'new' where id in (3, 6, 9); delete from assets where id = 12; update assets set description = \(Self.huge) where id = 15"
    )
    let ids = ["REINDEX_MODE": "ids", "REINDEX_ENTITY": "asset"]
    let run = try await catalogue.run([], ids.merging(["REINDEX_IDS": "3, 06,12,15,404,18"]) { $1 })
    #expect(run.exitCode == 65 && items(run).keys.sorted() == ["asset/15"])
    #expect(run.count("updated") == 2 && run.count("removed") == 1 && run.count("unchanged") == 1)
    try await place.execute("update assets set description = null where id = 15")
    #expect(try await catalogue.differences(where: "entity_id not in ('9', '15')") == [])
    let wrong = try await catalogue.run([], ids.merging(["REINDEX_IDS": "9,x,10000000000000000000,6.5"]) { $1 })
    #expect(wrong.exitCode == 78)
    for id in ["«x»", "«10000000000000000000»", "«6.5»"] { #expect(wrong.output.contains(id)) }
    #expect(!wrong.output.contains("«9»"))
    let nothing = try await catalogue.run([], ["REINDEX_MODE": "ids"])
    #expect(
      nothing.exitCode == 78 && nothing.output.contains("REINDEX_ENTITY") && nothing.output.contains("REINDEX_IDS"))
    #expect(try await catalogue.run([], ["REINDEX_IDS": "9"]).exitCode == 78)
  }

  @Test func `verify tells what is missing, stale and orphaned, and writes nothing`() async throws {
    #expect(try await catalogue.run().exitCode == 0)
    let verify = ["REINDEX_MODE": "verify"]
    let good = try await catalogue.run([], verify)
    #expect(good.exitCode == 0 && good.count("unchanged") ?? 0 > 250, "\(good.output)")
    try await place.execute(
      """
      update assets set title = 'new' where id = 3;
      update search_documents set document = 'damaged' where entity = 'asset' and entity_id = '6';
      insert into projects values (1000, 'new', '', null);
      delete from licenses where id = 'licence A1';
      update assets set deleted_at = now() where id = 9;
      insert into search_documents values ('project', 'no number', 'x', 1, 'english');
      """)
    let before = try await place.rows("select * from search_documents order by entity, entity_id")
    // It needs no lock.
    try await place.redis("SET", "oneshot:lock:reindex", "somebody")
    // No budget allows differences.
    let run = try await catalogue.run([], verify.merging(["JOB_ERROR_BUDGET": "100"]) { $1 })
    #expect(run.exitCode == 65)
    #expect(run.count("missing") == 1 && run.count("stale") == 2 && run.count("orphaned") == 3)
    let said = items(run).mapValues { String($0.prefix { $0 != ":" }) }
    #expect(
      said == [
        "asset/3": "stale", "asset/6": "stale", "project/1000": "missing", "license/licence A1": "orphaned",
        "asset/9": "orphaned", "project/no number": "orphaned",
      ])
    #expect(try await place.rows("select * from search_documents order by entity, entity_id") == before)
    #expect(try await place.value("select count(*) from oneshot.dead_letters") == "0")
    try await place.redis("DEL", "oneshot:lock:reindex")
    #expect(try await catalogue.run().exitCode == 0)
    try await place.execute("delete from search_languages where language = 'german'")
    #expect(items(try await catalogue.run([], verify)).keys.contains("search_languages/german"))
    // The hash of the damaged one is right, so only a rebuild, or a change, mends it.
    try await place.execute(
      "update search_documents set language = 'french' where entity = 'project' and entity_id = '8'")
    let damaged = try await catalogue.run([], verify)
    #expect(damaged.count("stale") == 2)
    #expect(!damaged.errors.contains("that this run does not know"))
    try await place.execute("insert into search_documents values ('recipe', '1', '', 1, 'english')")
    let other = try await catalogue.run([], verify)
    #expect(other.errors.contains("that this run does not know") && other.errors.contains("\"recipe\""))
    #expect(items(damaged)["project/8"]?.contains("a rebuild fixes it") == true, "\(damaged.output)")
    #expect(try await catalogue.run([], ["REINDEX_MODE": "rebuild"]).exitCode == 0)
    #expect(try await catalogue.run([], verify).exitCode == 0)
    try await place.execute("delete from search_languages where language = 'german'")
    #expect(try await catalogue.run([], verify.merging(["JOB_ERROR_BUDGET": "100"]) { $1 }).exitCode == 65)
  }

  @Test func `a language that is none is a wrong setting`() async throws {
    let run = try await catalogue.run([], ["REINDEX_LANGUAGE": "klingon"])
    #expect(run.exitCode == 78 && run.output.contains("REINDEX_LANGUAGE is «klingon»"))
  }
}

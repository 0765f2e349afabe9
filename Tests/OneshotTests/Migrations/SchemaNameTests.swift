import TestSupport
import Testing

/// The application's schema may have any name.
@Suite(.timeLimit(.minutes(10))) struct SchemaNameTests {
  @Test func `a schema with a % in its name is refused by name, before anything is made`() async throws {
    let place = try await Place(migrated: false)
    let database = try await place.databaseName()
    try await place.execute("create schema \"50%s\"; alter database \(database) set search_path = \"50%s\"")
    await place.reconnect()
    for arguments in [["migrate"], ["migrate", "--plan"]] {
      let outcome = try await Binary("oneshot").run(arguments, place.environment)
      #expect(outcome.exitCode == 78 && outcome.errors.contains("«50%s»"), "\(outcome.output)\(outcome.errors)")
    }
    #expect(try await place.value("to_regnamespace('oneshot') is null") == "true")
  }

  @Test(arguments: ["o'dd", "o\"dd", "o'd\"\"d $$ '' --\\x", "Über.schema, public"])
  func `a schema with quotes in its name is migrated, and its functions find their tables`(name: String) async throws {
    let place = try await Place(migrated: false)
    let quoted = "\"" + name.replacing("\"", with: "\"\"") + "\""
    let database = try await place.databaseName()
    try await place.execute("create schema \(quoted); alter database \(database) set search_path = \(quoted)")
    await place.reconnect()
    let outcome = try await Operator(at: place).run("migrate")
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    let again = try await Operator(at: place).run("migrate")
    #expect(again.output.hasPrefix("up to date"), "\(again.output)\(again.errors)")
    try await place.execute(
      """
      create table things (id bigint primary key);
      select oneshot.search_track('things', 'thing');
      insert into things values (7);
      insert into search_words (language, word) values ('simple', 'sunset');
      select oneshot.search_flush(), oneshot.search_rebuild_abandon(), oneshot.search_likeness();
      """)
    #expect(try await place.value("select string_agg(entity || entity_id, ' ') from search_pending") == "thing7")
    #expect(try await place.value("select count(*) from oneshot.search('sunsett')") == "0")
    for job in ["usage-aggregation", "metrics-rollups"] {
      let run = try await Binary(job).run([], place.environment)
      #expect(run.exitCode == 0, "\(run.output)")
    }
  }
}

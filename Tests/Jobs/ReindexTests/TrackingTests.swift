import Foundation
import TestSupport
import Testing

/// Triggers of tracked tables break no write, and miss no change; where they do, each run and `--check` say so.
@Suite(.timeLimit(.minutes(15))) struct TrackingTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }
  private let pending = ["REINDEX_MODE": "pending"]

  private static let track = """
    do $$ begin
      perform oneshot.search_track('assets', 'asset');
      perform oneshot.search_track('projects', 'project');
      perform oneshot.search_track('licenses', 'license');
    end $$;
    """

  private static let changes = """
    update assets set title = 'Renamed' where id in (3, 12);
    update assets set id = 10000 where id = 18;
    delete from projects where id = 8;
    insert into projects values (70, 'Seventy', '', null);
    """

  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.fill()
    try await place.execute(Self.track)
    #expect(try await catalogue.run().exitCode == 0)
  }

  /// - Parameter wanted: how many documents it reads; `nil` for any number.
  private func expectTrue(reading wanted: Int? = nil) async throws {
    let run = try await catalogue.run([], pending)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(wanted == nil || run.count("read") == wanted, "\(run.output)")
    #expect(try await catalogue.differences() == [])
    #expect(try await place.value("select count(*) from oneshot.search_unknown") == "0")
  }

  @Test func `what was there before it was tracked is read by the first run of pending, whole`() async throws {
    let other = try await Catalogue()
    try await other.fill()
    try await other.place.execute(Self.track)
    let run = try await other.run([], pending)
    #expect(run.exitCode == 0 && run.errors.contains("no run has read all of the table public.assets"), "\(run.errors)")
    #expect(
      try await other.differences(where: "entity in ('asset', 'project', 'license')") == [])
    #expect(try await other.run([], pending).count("read") == 0)
  }

  @Test func `what logical replication applies is queued, and read row by row`() async throws {
    let servers = try PrivateServers(postgresOptions: "-c fsync=off -c wal_level=logical")
    let (origin, copy) = (try await Catalogue(on: servers), try await Catalogue(on: servers))
    try await origin.place.execute("create publication things for table assets, projects, licenses")
    // Not in one script: a slot is made by a transaction that has written nothing.
    #expect(try await origin.place.value("pg_create_logical_replication_slot('things', 'pgoutput')") != "NULL")
    let url = "host=\(servers.folder) dbname=\(try await origin.place.databaseName())"
    try await copy.place.execute(Self.track)
    #expect(try await copy.run([], pending).exitCode == 0)
    try await copy.place.execute(
      """
      create subscription things connection '\(url)' publication things
      with (create_slot = false, slot_name = things, copy_data = false)
      """)
    func arrive() async throws {
      let all = """
        select md5(string_agg(line, ' ' order by line)) from (
          select assets::text from assets union all select projects::text from projects
          union all select licenses::text from licenses) as things (line)
        """
      let wanted = try await origin.place.value(all)
      try await eventually { try await copy.place.value(all) == wanted }
    }
    func expectTrue(reading wanted: Int) async throws {
      let run = try await copy.run([], pending)
      #expect(run.exitCode == 0 && run.count("read") == wanted, "\(run.output)\(run.errors)")
      #expect(try await copy.differences() == [])
    }
    try await origin.fill()
    try await arrive()
    try await expectTrue(reading: 180)
    try await origin.place.execute(Self.changes + "truncate licenses;")
    try await arrive()
    // Renamed: two; another id: two; deleted and inserted: one each; and what was truncated.
    try await expectTrue(reading: 66)
    // A trigger that fires for ordinary sessions alone is by-passed.
    try await copy.place.execute("alter table assets enable trigger search_asset_applied")
    let passed = try await copy.run([], pending)
    #expect(passed.exitCode == 65 && passed.output.contains("the subscription things writes it"), "\(passed.output)")
    try await copy.place.execute(
      "alter subscription things disable; alter subscription things set (slot_name = none); drop subscription things")
  }

  @Test func `what a session does in the role of a replica is queued`() async throws {
    try await place.execute(
      "set session_replication_role = replica; \(Self.changes) truncate licenses; reset session_replication_role")
    try await expectTrue(reading: 66)
  }

  @Test(arguments: [
    ("drop trigger search_asset_update on assets", "search_asset_update is missing"),
    ("alter table assets disable trigger search_asset_update", "search_asset_update is disabled"),
    ("alter table assets enable trigger search_asset_applied", "search_asset_applied is by-passed by replication"),
    ("alter table assets enable replica trigger search_asset_update", "search_asset_update is by-passed by ordinary"),
    (
      """
      alter table assets rename to assets_old;
      create table assets (like assets_old including all); insert into assets select * from assets_old
      """, "search_asset_truncate is missing"
    ),
    ("create role lacking; alter function oneshot.search_enqueue() owner to lacking", "lacks insert on"),
  ])
  func `a trigger that is missing, disabled or by-passed is named with the statement that makes it right, which heals`(
    change: String, problem: String
  ) async throws {
    #expect(try await catalogue.run(["--check"]).exitCode == 0)
    try await place.execute(change.replacing("lacking", with: place.own("lacking")))
    let check = try await catalogue.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains(problem), "\(check.output)")
    for mode in ["pending", "changed", "verify"] {
      let run = try await catalogue.run([], ["REINDEX_MODE": mode])
      #expect(run.exitCode == 65 && run.result["errors"][0]["kind"].string == "untracked", "\(run.output)")
      #expect(run.errors.contains(problem), "\(run.errors)")
    }
    let run = try await catalogue.run([], pending)
    try await place.execute("update assets set title = 'Nobody saw this' where id < 30")
    let message = run.result["errors"][0]["message"].string ?? ""
    try await place.execute(String(message.split(separator: "Its owner runs: ").last ?? ""))
    #expect(try await catalogue.run(["--check"]).exitCode == 0)
    try await expectTrue()
    #expect(try await place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "0")
  }

  /// What is done to the application's tables or ours, and undone after it has written.
  @Test(arguments: [
    ("alter table assets rename column id to nr", "alter table assets rename column nr to id"),
    ("create temp table oneshot_old_rows (x integer)", "drop table oneshot_old_rows"),
    ("alter table search_pending rename to elsewhere", "alter table elsewhere rename to search_pending"),
    (
      "alter table search_pending rename to elsewhere; alter table oneshot.search_unknown rename to nowhere",
      "alter table elsewhere rename to search_pending; alter table oneshot.nowhere rename to search_unknown"
    ),
    (
      "alter table search_pending alter entity_id type integer using 0",
      "delete from search_pending; alter table search_pending alter entity_id type text collate \"C\""
    ),
    (
      "alter table search_pending add check (entity_id <> '3')",
      "alter table search_pending drop constraint search_pending_entity_id_check"
    ),
    ("alter table search_documents rename to elsewhere", "alter table elsewhere rename to search_documents"),
    (
      "alter table assets disable trigger user",
      "alter table assets enable trigger user; select oneshot.search_track('assets', 'asset')"
    ),
    ("", "truncate search_pending"),
  ])
  func `whatever is done to a table, writes succeed, and the next run reads what nobody could queue`(
    before: String, after: String
  ) async throws {
    let id = before.contains("to nr") ? "nr" : "id"
    try await place.execute(
      """
      \(before);
      update assets set title = 'Renamed' where \(id) in (3, 12);
      insert into assets (\(id), title) values (3001, 'One'), (3004, 'Two');
      delete from assets where \(id) = 9;
      truncate licenses;
      \(after);
      """)
    try await expectTrue()
    try await expectTrue(reading: 0)
  }

  /// What stays as it was changed: another name, another column, another type.
  @Test(arguments: [
    ("alter table licenses rename column id to slug", "slug"),
    (
      "alter table licenses add column nr integer generated always as identity; alter table licenses drop column id",
      "nr"
    ),
  ])
  func `a column of ids that is gone is named, and tracking the new one heals`(change: String, column: String)
    async throws
  {
    let folder = try TemporaryFolder()
    try "select \(column) as id, title as a, description as b from licenses".write(
      toFile: "\(folder.path)/license.sql", atomically: true, encoding: .utf8)
    let settings = pending.merging(["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "license"]) { $1 }
    try await place.execute(
      "\(change); update licenses set title = 'Other' where title > 'm'; delete from licenses where title < 'd'")
    // Without an entity that knows the new column it stays noted.
    let old = try await catalogue.run([], pending)
    #expect(
      old.exitCode == 65 && old.output.contains("entity_failed") && old.output.contains("untracked"), "\(old.output)")
    let check = try await catalogue.run(["--check"], settings)
    #expect(check.exitCode == 78 && check.output.contains("it has no column id any more"), "\(check.output)")
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 65 && run.count("failed") == 0, "\(run.output)")
    try await place.execute("select oneshot.search_track('licenses', 'license', '\(column)')")
    #expect(try await catalogue.run(["--check"], settings).exitCode == 0)
    #expect(try await catalogue.run([], settings).exitCode == 0)
    try await place.execute(
      "update licenses set title = 'Newest' where \(column) = (select min(\(column)) from licenses)")
    let healed = try await catalogue.run([], settings)
    #expect(healed.exitCode == 0 && healed.count("read") == 1, "\(healed.output)")
    func ids(_ query: String) async throws -> String {
      try await place.value("select string_agg(id, ' ' order by id) from (\(query)) as ids")
    }
    #expect(
      try await ids("select \(column)::text collate \"C\" as id from licenses")
        == ids("select entity_id as id from search_documents where entity = 'license'"))
  }

  @Test func `a column of ids that gets another type changes all ids, and the next run has read them`() async throws {
    try await place.execute("alter table projects alter column id type text using 'p' || id")
    try await expectTrue()
  }

  @Test func `a transaction takes one number more for its queue, however many statements it has`() async throws {
    try await place.execute(
      "do $$ begin for number in 1..50 loop update assets set title = title || number where id = 3; end loop; end $$")
    #expect(try await place.value("select count(*) from search_pending") == "50")
    #expect(try await place.value("select count(distinct xmin::text) from search_pending") == "2")
  }

  @Test func `what could not be queued is noted once in a transaction, and read by each shard and after a kill`()
    async throws
  {
    try await place.execute(
      """
      create temp table oneshot_new_rows (x integer);
      begin; update assets set title = 'One'; update assets set title = 'Two'; commit;
      drop table oneshot_new_rows;
      """)
    #expect(try await place.value("select count(*) from oneshot.search_unknown") == "1")
    func shard(_ index: Int) -> [String: String] {
      pending.merging(["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "\(index)"]) { $1 }
    }
    #expect(try await catalogue.run([], shard(0)).exitCode == 0)
    #expect(try await place.value("select string_agg(shard::text, ' ') from oneshot.search_unknown") == "1")
    let killed = try await catalogue.start(
      shard(1).merging(["REINDEX_BATCH": "5", "REINDEX_PARALLEL": "1"]) { $1 },
      until: "select exists (select from oneshot.reindex_cursors where mode = 'pending' and after_id is not null)")
    try await catalogue.kill(killed)
    try await place.redis("DEL", "\(Catalogue.lockKey)/1")
    #expect(try await catalogue.run([], shard(1)).exitCode == 0)
    #expect(try await catalogue.differences() == [])
    #expect(try await place.value("select count(*) from oneshot.search_unknown") == "0")
  }
}

import Foundation
import TestSupport
import Testing

/// `REINDEX_MODE=pending`: what triggers or an application have queued.
@Suite(.timeLimit(.minutes(15))) struct PendingTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }
  private let pending = ["REINDEX_MODE": "pending"]

  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.fill()
    #expect(try await catalogue.run().exitCode == 0)
    try await place.execute(
      """
      do $$ begin
        perform oneshot.search_track('assets', 'asset'); perform oneshot.search_track('creators', 'creator');
        perform oneshot.search_track('projects', 'project'); perform oneshot.search_track('licenses', 'license');
        perform oneshot.search_track('blog_posts', 'blog_post');
      end $$
      """)
    // What was there before is read by the first run.
    #expect(try await catalogue.run([], pending).exitCode == 0)
  }

  private func waiting() async throws -> String { try await place.value("select count(*) from search_pending") }

  @Test func `whatever changes is queued by triggers, and one run later the index is true`() async throws {
    try await place.execute(
      """
      update assets set title = 'Renamed', tags = '{new}' where id in (3, 12);
      update assets set deleted_at = now() where id = 15;
      update assets set deleted_at = null where id = 33;
      update assets set id = 10000 where id = 18;
      delete from creators;
      insert into projects values (70, 'Seventy', '', null), (71, 'Gone again', '', null);
      delete from projects where id = 71;
      truncate licenses;
      insert into licenses values ('it''s "this", {that} \\ and /', 'Odd id', 'text');
      update blog_posts set content = content;
      """)
    let run = try await catalogue.run([], pending)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await catalogue.differences() == [])
    #expect(try await waiting() == "0")
    #expect(run.result["details", "entities", "blog_post", "unchanged"].int == 60)
    #expect(run.result["details", "entities", "license", "removed"].int == 60)
    #expect(run.result["details", "entities", "asset", "updated"].int == 2)
    #expect(run.result["details", "entities", "asset", "removed"].int == 2)
    #expect(run.result["details", "entities", "asset", "inserted"].int == 2)
    let idle = try await catalogue.run([], pending)
    #expect(idle.exitCode == 0 && idle.count("read") == 0)
  }

  @Test func `an application may queue by itself, and untracked tables queue nothing`() async throws {
    try await place.execute(
      """
      select oneshot.search_untrack('assets', 'asset');
      update assets set title = 'Renamed' where id in (3, 6);
      insert into search_pending (entity, entity_id) values ('asset', '3'), ('asset', '3'), ('asset', '006'), ('asset', '404');
      """)
    #expect(try await waiting() == "4")
    let run = try await catalogue.run([], pending)
    #expect(run.exitCode == 0 && run.count("updated") == 2, "\(run.output)")
    #expect(try await catalogue.differences() == [])
  }

  @Test func `ids that differ in bytes alone are two documents`() async throws {
    try await place.execute(
      #"insert into licenses values (U&'caf\00E9', 'Composed', ''), (U&'cafe\0301', 'Decomposed', '')"#)
    #expect(try await waiting() == "2")
    let run = try await catalogue.run([], pending)
    #expect(run.exitCode == 0 && run.count("inserted") == 2, "\(run.output)")
    #expect(try await catalogue.differences() == [])
  }

  @Test func `killed anywhere, nothing that was queued is lost`() async throws {
    var (kills, lines) = (0, 8)
    while true {
      let other = try await PendingTests()
      try await other.place.execute(
        "update assets set title = 'Renamed'; delete from creators; update blog_posts set title = 'x'")
      let settings = other.pending.merging(["REINDEX_BATCH": "20"]) { $1 }
      guard try await other.catalogue.kill(settings, after: lines) else { break }
      kills += 1
      #expect(try await other.catalogue.run([], settings).exitCode == 0)
      #expect(try await other.catalogue.differences() == [], "after \(lines) lines")
      #expect(try await other.waiting() == "0")
      lines += 7
    }
    #expect(kills > 3)
  }

  @Test func `a change while its document is written is queued again, and the next run has it`() async throws {
    try await place.execute("update assets set title = 'First' where id = 3")
    let holder = try await OpenTransaction(in: place, "lock table search_documents in share mode")
    let run = try Catalogue.binary.start([], place.environment.merging(pending) { $1 })
    try await eventually {
      try await place.value(
        """
        select exists (select from pg_stat_activity where application_name = 'oneshot' and wait_event_type = 'Lock'
          and datname = current_database())
        """) == "true"
    }
    try await place.execute("update assets set title = 'Second' where id = 3")
    try await holder.commit()
    #expect(await run.outcome().exitCode == 0)
    #expect(try await waiting() == "1")
    #expect(try await catalogue.run([], pending).exitCode == 0)
    #expect(try await catalogue.differences() == [])
    #expect(try await waiting() == "0")
  }

  @Test func `a run ends although the queue keeps growing`() async throws {
    try await place.execute(
      """
      create function again() returns trigger language plpgsql as $$ begin
        insert into search_pending (entity, entity_id) values (new.entity, new.entity_id);
        update projects set title = title || 'x' where id = new.entity_id::integer; return null; end $$;
      create trigger again after update on search_documents for each row when (new.entity = 'project')
        execute function again();
      update projects set title = 'new';
      """)
    let run = try await catalogue.run([], pending.merging(["REINDEX_BATCH": "7"]) { $1 })
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.count("read") == 60)
    #expect(Int(try await waiting()) ?? 0 > 100)
    // What came meanwhile is for the next run, and no debt of this one.
    #expect(run.count("behind") == 0)
    #expect(try await place.value("select behind from oneshot.job_runs order by started_at desc limit 1") == "0")
  }

  @Test func `a run that is stopped tells what it leaves behind`() async throws {
    try await place.execute("update projects set title = 'new'; update assets set title = 'new'")
    let waited = Int(try await waiting()) ?? 0
    #expect(waited > 100)
    let slow = pending.merging(["REINDEX_RATE": "10"]) { $1 }
    let started = try Catalogue.binary.start([], place.environment.merging(slow) { $1 })
    try await eventually { try await Int(waiting()) ?? 0 < waited }
    started.send(SIGTERM)
    let run = await started.outcome()
    #expect(run.exitCode == 143, "\(run.output)")
    let left = Int(try await waiting())
    #expect(run.count("behind") == left && left ?? 0 > 0 && left ?? waited < waited, "\(run.output)")
  }

  @Test(arguments: ["'nope'", "null", "'ctid'"])
  func `a table without the column is not tracked: each write to it would fail`(column: String) async throws {
    await #expect {
      try await place.execute("select oneshot.search_track('projects', 'project', \(column))")
    } throws: {
      "\($0)".contains("projects has no column")
    }
    try await place.execute("update projects set title = 'still'")
  }

  @Test func `what waits of an entity that fails is left behind, and told in the ledger`() async throws {
    try await place.execute(
      "update assets set title = 'Renamed' where id in (3, 6, 9); alter table assets rename to gone")
    let run = try await catalogue.run([], pending)
    #expect(run.exitCode == 65 && run.count("behind") == 3, "\(run.output)")
    #expect(try await place.value("select behind from oneshot.job_runs order by started_at desc limit 1") == "3")
    try await place.execute("alter table gone rename to assets")
    #expect(try await catalogue.run([], pending).count("behind") == 0)
  }

  @Test func `a document that fails stops no other, and is resolved once it goes well`() async throws {
    try await place.execute(
      """
      update assets set title = 'Renamed';
      update assets set description = (select string_agg(md5(g::text), ' ') from generate_series(1, 60000) g) where id = 9;
      insert into search_pending (entity, entity_id) values ('asset', 'no number'), ('asset', ''), ('nobody', '1');
      """)
    let run = try await catalogue.run([], pending)
    #expect(run.exitCode == 65)
    let items = run.result["errors"].elements.compactMap { $0["item"].string }
    #expect(items.sorted() == ["asset/", "asset/9", "asset/no number"])
    #expect(run.errors.contains("an entity that this run does not index") && run.errors.contains("nobody"))
    #expect(try await waiting() == "1")
    try await place.execute("update assets set description = 'short' where id = 9")
    #expect(try await catalogue.differences(where: "entity_id <> '9'") == [])
    #expect(try await catalogue.run([], pending).exitCode == 0)
    #expect(try await catalogue.differences() == [])
    #expect(
      try await place.value("select state from oneshot.dead_letters where item = 'asset/9'") == "resolved")
  }

  @Test func `who changes a tracked table needs no right to the queue`() async throws {
    let role = "writer_\(try await place.databaseName())"
    try await place.execute(
      """
      create role \(role); grant select, insert, update, delete, truncate on projects to \(role);
      set role \(role); set search_path = pg_catalog;
      update public.projects set title = 'Mine'; truncate public.projects;
      reset role; reset search_path;
      """)
    #expect(try await catalogue.run([], pending).count("removed") ?? 0 > 40)
    #expect(try await catalogue.differences() == [])
  }

  @Test func `shards share the queue, and a plan takes nothing from it`() async throws {
    try await place.execute("update assets set title = 'Renamed'")
    let before = try await waiting()
    let plan = try await catalogue.run(["--plan"], pending)
    #expect(plan.exitCode == 0 && plan.count("updated") ?? 0 > 50)
    #expect(try await waiting() == before)
    for index in 0..<2 {
      let shard = ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "\(index)"]
      let run = try await catalogue.run([], pending.merging(shard) { $1 })
      #expect(run.exitCode == 0 && run.count("read") ?? 0 > 15)
    }
    #expect(try await waiting() == "0")
    #expect(try await catalogue.differences() == [])
  }
}

import Foundation
import TestSupport
import Testing

/// Runs that are stopped, sources that change while they are read, lanes and shards.
@Suite(.timeLimit(.minutes(15))) struct ResumingTests {
  @Test func `killed at any batch, the next run goes on there, and ends right`() async throws {
    let settings = ["REINDEX_BATCH": "20", "REINDEX_PARALLEL": "1"]
    var (kills, lines, swept) = (0, 6, 0)
    while true {
      let catalogue = try await Catalogue()
      try await catalogue.fill(100)
      // What has vanished from its source, so that the sweep has work.
      try await catalogue.place.execute(
        """
        insert into search_documents select entity, (100000 + g)::text, '', 1, 'english'
        from unnest(array['asset', 'project', 'blog_post']) as e (entity), generate_series(1, 30) g
        """)
      let vanished = "entity_id ~ '^100[0-9]{3}$'"
      guard try await catalogue.kill(settings, after: lines) else { break }
      kills += 1
      let done =
        Int(try await catalogue.place.value("select count(*) from search_documents where not \(vanished)")) ?? -1
      let left = try await catalogue.place.value("select count(*) from search_documents where \(vanished)")
      if left != "0" && left != "90" { swept += 1 }
      let isOpen = try await catalogue.place.value("select count(*) from oneshot.reindex_cursors") != "0"
      let next = try await catalogue.run([], settings)
      #expect(next.exitCode == 0, "\(next.output)")
      #expect(try await catalogue.differences() == [], "after \(lines) lines")
      let live = Int(try await catalogue.place.value("select count(*) from search_documents")) ?? -1
      // What was done before is not even read again, unless the pass had ended.
      if isOpen {
        #expect(next.count("inserted") == live - done && next.count("unchanged") == 0, "\(next.output)")
        #expect(next.result["details", "resumed_from"].string != nil)
      }
      #expect(next.count("removed") == Int(left), "\(next.output)")
      #expect(try await catalogue.place.value("select count(*) from oneshot.reindex_cursors") == "0")
      lines += 9
    }
    #expect(kills > 8 && swept > 1)
  }

  @Test func `sources that vanish and change between a killed run and the next are right after two`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill(100)
    let settings = ["REINDEX_BATCH": "20"]
    #expect(try await catalogue.kill(settings, after: 40))
    try await catalogue.place.execute(
      """
      delete from assets where id % 2 = 0; update assets set title = 'new' where id < 100;
      insert into assets (id, title) select g, 'late' from generate_series(1000, 1100) g;
      """)
    #expect(try await catalogue.run([], settings).exitCode == 0)
    // What was there when the pass began has left; what changed behind the cursor is the next run's.
    #expect(try await catalogue.differences(where: "where_it_is = 'index' and entity_id::text = '6'") == [])
    #expect(try await catalogue.run([], settings).exitCode == 0)
    #expect(try await catalogue.differences() == [])
  }

  @Test func `a run of other entities leaves the cursor of these where it is`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill(100)
    let settings = ["REINDEX_BATCH": "20", "REINDEX_ENTITIES": "asset,project"]
    #expect(try await catalogue.kill(settings, after: 45))
    let cursors = "select entity, lane, after_id, is_done from oneshot.reindex_cursors order by 1, 2"
    let before = try await catalogue.place.rows(cursors)
    let done = Int(try await catalogue.place.value("select count(*) from search_documents")) ?? 0
    #expect(before.count > 3 && done > 10)
    let other = try await catalogue.run([], ["REINDEX_ENTITIES": "license,creator"])
    #expect(other.exitCode == 0 && other.count("read") == 200 && other.result["details", "resumed_from"].string == nil)
    #expect(try await catalogue.place.rows(cursors) == before)
    let all = try await catalogue.run([], settings.merging(["REINDEX_ENTITIES": "asset,project,license"]) { $1 })
    #expect(all.exitCode == 0 && all.count("unchanged") == 100, "\(all.output)")
    #expect(try await catalogue.place.value("select count(*) from oneshot.reindex_cursors") == "0")
    #expect(try await catalogue.run().exitCode == 0)
    #expect(try await catalogue.differences() == [])
  }

  @Test(arguments: [(11, false), (13, true)])
  func `what was read half a day before a run went on is read again`(hours: Int, isAgain: Bool) async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill(100)
    let settings = ["REINDEX_BATCH": "20", "REINDEX_PARALLEL": "1"]
    #expect(try await catalogue.kill(settings, after: 60))
    try await catalogue.place.execute(
      """
      update oneshot.reindex_cursors set started_at = started_at - interval '\(hours) hours';
      update assets set title = 'New' where id = 3; insert into assets (id, title) values (9999, 'Late');
      """)
    let started = try await catalogue.place.value("select min(started_at)::date from oneshot.reindex_cursors")
    let done = try await catalogue.place.value(
      "select count(*) from search_documents where entity = 'asset' and entity_id = '3'")
    #expect(done == "1")
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.result["details", "resumed_from"].string?.hasPrefix(started) == true, "\(run.output)")
    #expect(try await catalogue.differences().isEmpty == isAgain)
    #expect((run.count("read") ?? 0 > 500) == isAgain)
    #expect(try await catalogue.place.value("select count(*) from oneshot.reindex_cursors") == "0")
    let next = try await catalogue.run([], settings)
    #expect(next.exitCode == 0 && next.result["details", "resumed_from"].string == nil)
    #expect(try await catalogue.differences() == [])
  }

  @Test func `a run ends although the table keeps growing, and the next one covers what came`() async throws {
    let catalogue = try await Catalogue()
    // Each batch that is written adds as many documents behind the end.
    try await catalogue.place.execute(
      """
      insert into assets (id, title) select g, 'one' from generate_series(1, 50) g;
      create sequence ids start 1000;
      create function grow() returns trigger language plpgsql as $$ begin
        insert into assets (id, title) values (nextval('ids'), 'more'); return null; end $$;
      create trigger grow after insert on search_documents for each row execute function grow();
      """)
    let first = try await catalogue.run([], ["REINDEX_BATCH": "5"])
    #expect(first.exitCode == 0, "\(first.output)")
    #expect(first.count("inserted") == 50)
    try await catalogue.place.execute("drop trigger grow on search_documents")
    #expect(try await catalogue.run().count("inserted") == 50)
    #expect(try await catalogue.differences() == [])
  }

  @Test(arguments: [1, 2, 5])
  func `lanes divide the work, and nothing is done twice`(lanes: Int) async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill(150)
    try await catalogue.place.execute(
      """
      create table writes (entity text, entity_id text);
      create function note() returns trigger language plpgsql as
        $$ begin insert into writes values (new.entity, new.entity_id); return null; end $$;
      create trigger note after insert or update on search_documents for each row execute function note();
      """)
    let run = try await catalogue.run([], ["REINDEX_PARALLEL": "\(lanes)", "REINDEX_BATCH": "10"])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.count("read") == 750)
    #expect(try await catalogue.differences() == [])
    #expect(
      try await catalogue.place.value("select count(*) = count(distinct (entity, entity_id)) from writes") == "true")
    #expect(try await catalogue.place.value("select count(*) from writes") == "\(run.count("inserted") ?? -1)")
  }

  @Test(arguments: [(1, 5, 1), (2, 5, 6), (2, 20, 2), (2, 1, 30), (3, 60, 3)])
  func `a table is divided into lanes of four pages or more, one for each connection at least`(
    connections: Int, batch: Int, lanes: Int
  ) async throws {
    let catalogue = try await Catalogue()
    try await catalogue.place.execute(
      """
      insert into assets (id) select g from generate_series(1, 160) g where g % 3 > 0 or g > 120;
      create table planned (lane integer, after_id bigint, upto_id bigint);
      create function note() returns trigger language plpgsql as
        $$ begin insert into planned values (new.lane, new.after_id::bigint, new.upto_id::bigint); return null; end $$;
      create trigger note after insert on oneshot.reindex_cursors for each row execute function note();
      """)
    let settings = ["REINDEX_BATCH": "\(batch)", "REINDEX_PARALLEL": "\(connections)", "REINDEX_ENTITIES": "asset"]
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 0 && run.count("read") == 120, "\(run.output)")
    #expect(try await catalogue.differences(where: "entity = 'asset'") == [])
    let sizes = try await catalogue.place.rows(
      """
      select (select count(*) from assets where id > coalesce(after_id, 0) and id <= upto_id)
      from planned where lane >= 0 order by lane
      """
    ).map { Int($0[0]) ?? 0 }
    #expect(sizes.count == lanes && sizes.reduce(0, +) == 120, "\(sizes)")
    #expect(
      sizes.allSatisfy { $0 <= 2 * 120 / lanes && 2 * $0 >= 120 / lanes }, "none is much larger than another: \(sizes)")
  }

  @Test func `shards divide the work, each with lock, cursor and orphans of its own`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill(100)
    var read = 0
    for index in 0..<3 {
      let run = try await catalogue.run([], ["JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "\(index)"])
      #expect(run.exitCode == 0, "\(run.output)")
      let share = run.count("read") ?? 0
      #expect(share > 100 && share < 250)
      read += share
    }
    #expect(read == 500)
    #expect(try await catalogue.differences() == [])
    try await catalogue.place.execute("delete from licenses")
    for index in 0..<3 {
      let run = try await catalogue.run([], ["JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "\(index)"])
      #expect(run.count("removed") ?? 0 > 10)
    }
    #expect(try await catalogue.differences() == [])
  }
}

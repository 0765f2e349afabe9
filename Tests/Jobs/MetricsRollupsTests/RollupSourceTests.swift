import Foundation
import TestSupport
import Testing

/// Sources of one's own, the built-in one for campaigns, and rows that cannot be counted.
@Suite(.timeLimit(.minutes(15))) struct RollupSourceTests {
  let rollups: Rollups
  private let folder: TemporaryFolder

  init() async throws {
    rollups = try await Rollups()
    folder = try TemporaryFolder()
  }

  private func write(_ files: [String: String]) throws {
    for (name, text) in files {
      try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
    }
  }

  private func run(_ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await rollups.run([], ["ROLLUPS_SOURCES_DIR": folder.path].merging(settings) { $1 })
  }

  func stored(_ source: String, _ level: String = "daily") async throws -> [String] {
    try await rollups.place.rows(
      """
      select concat_ws(' ', bucket_start::date, metric, entity_type, entity_id, count, sum) as a from metric_rollups
      where source = '\(source)' and granularity = '\(level)' order by bucket_start, metric, entity_id
      """
    ).map { $0[0] }
  }

  @Test func `the page's source of revenue works as it stands there, over its look-back`() async throws {
    try write(["revenue": Page("docs/jobs/metrics-rollups.md").code("revenue source")])
    try await rollups.place.execute(
      """
      create table orders (id bigserial, country text, amount numeric, paid_at timestamptz);
      insert into orders (country, amount, paid_at) values
        ('de', 10, '2025-11-07 10:00+00'), ('de', 2.5, '2025-11-07 11:00+00'), ('fr', 4, '2025-11-07 10:30+00'),
        ('de', 1, '2025-05-05 05:00+00'), ('de', 99, null);
      """)
    #expect(try await run().exitCode == 0)
    #expect(
      try await stored("revenue") == [
        "2025-05-05 revenue country de 1 1", "2025-11-07 revenue country de 2 12.5",
        "2025-11-07 revenue country fr 1 4",
      ])
    // Late, changed and gone within the look-back is seen; what lies before it is not, until the source says so.
    try await rollups.place.execute(
      """
      insert into orders (country, amount, paid_at) values ('de', 5, '2025-11-06 12:00+00');
      update orders set amount = 3 where amount = 2.5;
      delete from orders where country = 'fr' or paid_at < '2025-06-01';
      """)
    #expect(try await run().exitCode == 0)
    let seen = ["2025-11-06 revenue country de 1 5", "2025-11-07 revenue country de 2 13"]
    #expect(try await stored("revenue") == ["2025-05-05 revenue country de 1 1"] + seen)
    try await rollups.place.execute("insert into oneshot.rollup_changes values ('revenue', '2025-05-05 05:00+00')")
    #expect(try await run().exitCode == 0)
    #expect(try await stored("revenue") == seen)
  }

  @Test func `a schedule that was off for longer than the look-back misses nothing`() async throws {
    try write(["revenue": Page("docs/jobs/metrics-rollups.md").code("revenue source")])
    try await rollups.place.execute(
      """
      create table orders (id bigserial, country text, amount numeric, paid_at timestamptz);
      insert into orders (country, amount, paid_at) values ('de', 1, '2025-09-01 10:00+00')
      """)
    #expect(try await run(["JOB_SCHEDULED_AT": "2025-09-02T00:00:00Z"]).exitCode == 0)
    try await rollups.place.execute(
      "insert into orders (country, amount, paid_at) select 'de', 1, timestamptz '2025-09-01 10:00+00' + g * interval '1 day' from generate_series(1, 60) g"
    )
    #expect(try await run().exitCode == 0)
    #expect(try await stored("revenue").count == 61)
    let verified = try await run(["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0, "\(verified.output)")
  }

  @Test func `with the page's two lines it is exact, and deletions are noticed too`() async throws {
    try write([
      "revenue": Page("docs/jobs/metrics-rollups.md").code("revenue source").replacing(
        "paid_at as occurred_at", with: "paid_at as occurred_at, written_by")
    ])
    try await rollups.place.execute(
      "create table orders (id bigserial, country text, amount numeric, paid_at timestamptz)")
    try await rollups.place.execute(try Page("docs/jobs/metrics-rollups.md").code("revenue exact"))
    try await rollups.place.execute(
      "insert into orders (country, amount, paid_at) values ('de', 1, '2024-01-05 05:00+00'), ('de', 2, '2025-11-07 05:00+00')"
    )
    #expect(try await run().count("noticed") == 2)
    #expect(try await run().count("touched_hours") == 0)
    try await rollups.place.execute(
      """
      insert into orders (country, amount, paid_at) values ('de', 4, '2024-01-05 06:00+00');
      delete from orders where amount = 2;
      """)
    let late = try await run()
    #expect(late.count("noticed") == 1 && late.count("touched_hours") == 2)
    #expect(try await stored("revenue") == ["2024-01-05 revenue country de 2 5"])
    // Not paid yet is no moment, and the day on which it is paid is the only one that is touched.
    try await rollups.place.execute("insert into orders (country, amount, paid_at) values ('fr', 8, null)")
    #expect(try await run().count("touched_hours") == 0)
    try await rollups.place.execute("update orders set paid_at = '2025-06-01 05:00+00' where country = 'fr'")
    #expect(try await run().count("touched_hours") == 1)
    #expect(try await stored("revenue").last == "2025-06-01 revenue country fr 1 8")
    try await rollups.place.execute("truncate orders")
    #expect(try await run().count("touched_hours") == 3)
    #expect(try await stored("revenue") == [])
  }

  @Test func `a source that gains written_by later is looked at from its beginning`() async throws {
    func mirror(_ more: String) -> String {
      "select metric, entity_type, entity_id, value, occurred_at\(more) from metric_events where occurred_at >= :window_start and occurred_at < :window_end"
    }
    try write(["mirror": mirror("")])
    try await rollups.add(100)
    #expect(try await run().exitCode == 0)
    // Older than the look-back: not seen, and so not to be taken as seen.
    try await rollups.add("late", at: "2025-05-05T05:00:00Z")
    #expect(try await run().exitCode == 0)
    #expect(try await stored("mirror").count { $0.contains("late") } == 0)
    try write(["mirror": mirror(", written_by")])
    #expect(try await run().exitCode == 0)
    #expect(try await stored("mirror").count { $0.contains("late") } == 1)
    #expect(try await run().count("touched_hours") == 0)
  }

  @Test func `two sources may tell of one metric, and neither touches the other's`() async throws {
    try write([
      "mirror":
        "select metric, entity_type, entity_id, value * 2 as value, occurred_at from metric_events where occurred_at >= :window_start and occurred_at < :window_end"
    ])
    try await rollups.add(200)
    #expect(try await run().exitCode == 0)
    #expect(try await rollups.differences() == [])
    let sums =
      "select string_agg(distinct source || ' ' || total, ', ') from (select source, sum(sum) as total from metric_rollups where granularity = 'daily' group by source) s"
    let sum = Double(try await rollups.place.value("select sum(value) from metric_events")) ?? .nan
    #expect(
      try await rollups.place.value(sums)
        == "metric_events \(sum.formatted(.number.grouping(.never))), mirror \((sum * 2).formatted(.number.grouping(.never)))"
    )
    #expect(try await run(["ROLLUPS_SOURCES": "mirror", "ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `what is wrong with a source is its own, and file and line are named`() async throws {
    let wrong = [
      "broken": ("select 1 as metric,\n  2 as value\nfrom nowhere", "broken.sql, line 3: relation \"nowhere\""),
      "few": (
        "select 'm' as metric, 1 as value, now() as occurred_at",
        "few.sql, line 1: column \"entity_type\" does not exist"
      ),
      "named": ("select 1 as metric\nwhere :since", "named.sql, line 2: :since is not known"),
      "numbered": (
        "select 'm' as metric, 'e' as entity_type, 'i' as entity_id, 1 as value, now() as occurred_at, 7 as written_by",
        "written_by is of type integer, not xid8"
      ),
      "closes": (
        """
        select metric, entity_type, entity_id, value, occurred_at from metric_events) as file),
        gone as (delete from metric_events returning *), more as (select * from (select metric, entity_type, entity_id,
        value, occurred_at from metric_events
        """, "closes.sql, line 1: syntax error at or near \")\""
      ),
      "sets": (
        "select set_config('timezone', 'Asia/Tokyo', false) as metric, 'e' as entity_type, 'i' as entity_id, 1 as value, occurred_at\nfrom metric_events where occurred_at >= :window_start and occurred_at < :window_end",
        "sets.sql: it sets TimeZone; a file can only read"
      ),
      "divides": (
        "select 'm' as metric, 'e' as entity_type, 'i' as entity_id, 1 / (id - id) as value, occurred_at\nfrom metric_events where occurred_at >= :window_start and occurred_at < :window_end",
        "division by zero"
      ),
    ]
    try write(wrong.mapValues(\.0))
    try await rollups.add(20)
    let run = try await run()
    #expect(run.exitCode == 65)
    let said = run.result["errors"].elements.map { ($0["item"].string ?? "", $0["message"].string ?? "") }
    for (name, (_, expected)) in wrong {
      #expect(said.contains { $0.0.hasPrefix(name) && $0.1.contains(expected) }, "\(name): \(said)")
    }
    #expect(try await rollups.differences() == [])
    // Mended, its dead letters are resolved, and what had failed is done.
    try write([
      "divides":
        "select 'm' as metric, 'e' as entity_type, 'i' as entity_id, 1 as value, occurred_at from metric_events where occurred_at >= :window_start and occurred_at < :window_end"
    ])
    for name in ["broken", "closes", "few", "named", "numbered", "sets"] {
      try FileManager.default.removeItem(atPath: "\(folder.path)/\(name).sql")
    }
    #expect(try await self.run().exitCode == 0)
    #expect(
      try await rollups.place.value(
        "select sum(count) from metric_rollups where source = 'divides' and granularity = 'monthly'") == "20")
    #expect(
      try await rollups.place.value(
        "select count(*) from oneshot.dead_letters where state = 'pending' and item like 'divides%'") == "0")
  }

  @Test func `a source's own table is read, whatever it is called`() async throws {
    try write([
      "mine":
        "select 'm' as metric, 'e' as entity_type, id as entity_id, value, at as occurred_at from rollup_fresh where at >= :window_start and at < :window_end"
    ])
    // A bad row has the source read once more, while its buckets stand in the run's temporary table.
    try await rollups.place.execute(
      """
      create table rollup_fresh (id text, value float8, at timestamptz);
      insert into rollup_fresh values ('a', 1, '2025-11-07 10:00+00'), (null, 2, '2025-11-07 10:05+00')
      """)
    let run = try await run()
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(run.result["errors"].elements.map { $0["kind"].string } == ["bad_rows"], "\(run.output)")
    #expect(try await stored("mine") == ["2025-11-07 m e a 1 1"])
  }

  @Test func `rows without metric, value or time, or too long a name, are left out, counted and named`() async throws {
    try write([
      "loose":
        "select metric, 'e' as entity_type, 'i' as entity_id, value, at as occurred_at from loose where at >= :window_start and at < :window_end or at is null"
    ])
    try await rollups.place.execute(
      """
      create table loose (metric text, value float8, at timestamptz);
      insert into loose values ('m', 1, '2025-11-07 10:00+00'), ('m', 2, '2025-11-07 10:05+00'),
        (null, 4, '2025-11-07 10:10+00'), ('m', null, '2025-11-07 10:10+00'), ('m', 'NaN', '2025-11-07 10:10+00'),
        ('m', '-Infinity', '2025-11-07 10:10+00'), (repeat('x', 600), 8, '2025-11-07 10:10+00'), ('m', 16, null),
        ('m', 32, '2025-11-07 12:00+00');
      """)
    let run = try await run()
    #expect(run.exitCode == 65)
    #expect(try await stored("loose") == ["2025-11-07 m e i 3 35"])
    let said = run.result["errors"].elements.compactMap { $0["message"].string }
    #expect(said.count == 2)
    #expect(said.contains { $0.hasSuffix("left out: 1 without occurred_at") })
    #expect(
      said.contains {
        $0.hasSuffix(
          "left out: 1 without metric or entity, 1 with a name longer than 512 bytes, 1 without value, 2 whose value is no finite number"
        )
      }, "\(said)")
  }

  @Test func `bad rows are told of their bucket, and its dead letter is resolved once they are mended`() async throws {
    try write([
      "loose":
        "select metric, 'e' as entity_type, 'i' as entity_id, 1 as value, at as occurred_at from loose where at >= :window_start and at < :window_end"
    ])
    try await rollups.place.execute(
      """
      create table loose (metric text, at timestamptz);
      insert into loose values ('m', '2025-11-07 10:00+00'), ('m', '2025-11-07 11:00+00'), (null, '2025-11-07 12:10+00');
      """)
    let run = try await run()
    #expect(
      run.result["errors"].elements.compactMap { $0["item"].string } == ["loose hourly 2025-11-07T12:00:00Z"])
    #expect(try await stored("loose") == ["2025-11-07 m e i 2 2"])
    try await rollups.place.execute("update loose set metric = 'm'")
    #expect(try await self.run().exitCode == 0)
    #expect(
      try await rollups.place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "0")
  }

  @Test func `a lock that is not to be had is no mistake of the source, and passes`() async throws {
    try write([
      "loose":
        "select 'm' as metric, 'e' as entity_type, 'i' as entity_id, 1 as value, at as occurred_at from loose where at >= :window_start and at < :window_end"
    ])
    try await rollups.place.execute(
      """
      create table loose (at timestamptz);
      insert into loose values ('2025-11-07 10:00+00');
      do $$ begin execute format('alter database %I set lock_timeout = ''200ms''', current_database()); end $$;
      """)
    let owner = try await OpenTransaction(in: rollups.place, "lock table loose in access exclusive mode")
    let locked = try await run(["JOB_ATTEMPTS": "1"])
    #expect(locked.exitCode == 69, "\(locked.output)")
    try await owner.rollBack()
    #expect(try await run().exitCode == 0)
    #expect(try await stored("loose") == ["2025-11-07 m e i 1 1"])
  }

  @Test func `a bucket that overflows fails alone, stays queued, and is done once it can be`() async throws {
    try await rollups.add(300)
    try await rollups.place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'huge', 'e', 'i', 1e308, timestamptz '2025-11-07 10:00+00' + g * interval '1 minute' from generate_series(1, 2) g
      """)
    let run = try await rollups.run()
    #expect(run.exitCode == 65 && run.count("queued") == 1 && run.count("failed") == 1)
    #expect(run.count("behind") == 1)
    // Of a run that does longer levels, too: they lack that hour.
    let monthly = try await rollups.run([], ["ROLLUPS_GRANULARITIES": "monthly"])
    #expect(monthly.exitCode == 65 && monthly.count("queued") == 1 && monthly.count("behind") == 1, "\(monthly.output)")
    #expect(run.result["errors"][0]["item"].string == "metric_events hourly 2025-11-07T10:00:00Z")
    #expect(
      try await rollups.place.value(
        "select count(*) from metric_rollups where granularity = 'hourly' and bucket_start = '2025-11-07 11:00+00'")
        != "0")
    try await rollups.place.execute("delete from metric_events where metric = 'huge'")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
    #expect(try await rollups.place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "0")
  }
}

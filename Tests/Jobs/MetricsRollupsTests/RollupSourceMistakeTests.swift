import TestSupport
import Testing

/// Sources with mistakes, and rows that cannot be counted.
@Suite(.timeLimit(.minutes(15))) struct RollupSourceMistakeTests {
  private let sources: RollupSources
  private var rollups: Rollups { sources.rollups }

  init() async throws { sources = try await RollupSources() }

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
    try sources.write(wrong.mapValues(\.0))
    try await rollups.add(20)
    let run = try await sources.run()
    #expect(run.exitCode == 65)
    let said = run.result["errors"].elements.map { ($0["item"].string ?? "", $0["message"].string ?? "") }
    for (name, (_, expected)) in wrong {
      #expect(said.contains { $0.0.hasPrefix(name) && $0.1.contains(expected) }, "\(name): \(said)")
    }
    #expect(try await rollups.differences() == [])
    // Mended, its dead letters are resolved, and what had failed is done.
    try sources.write([
      "divides":
        "select 'm' as metric, 'e' as entity_type, 'i' as entity_id, 1 as value, occurred_at from metric_events where occurred_at >= :window_start and occurred_at < :window_end"
    ])
    for name in ["broken", "closes", "few", "named", "numbered", "sets"] { try sources.remove(name) }
    #expect(try await sources.run().exitCode == 0)
    #expect(
      try await rollups.place.value(
        "select sum(count) from metric_rollups where source = 'divides' and granularity = 'monthly'") == "20")
    #expect(
      try await rollups.place.value(
        "select count(*) from oneshot.dead_letters where state = 'pending' and item like 'divides%'") == "0")
  }

  @Test func `a source's own table is read, whatever it is called`() async throws {
    try sources.write([
      "mine":
        "select 'm' as metric, 'e' as entity_type, id as entity_id, value, at as occurred_at from rollup_fresh where at >= :window_start and at < :window_end"
    ])
    // A bad row has the source read once more, while its buckets stand in the run's temporary table.
    try await rollups.place.execute(
      """
      create table rollup_fresh (id text, value float8, at timestamptz);
      insert into rollup_fresh values ('a', 1, '2025-11-07 10:00+00'), (null, 2, '2025-11-07 10:05+00')
      """)
    let run = try await sources.run()
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(run.result["errors"].elements.map { $0["kind"].string } == ["bad_rows"], "\(run.output)")
    #expect(try await sources.stored("mine") == ["2025-11-07 m e a 1 1"])
  }

  @Test func `rows without metric, value or time, or too long a name, are left out, counted and named`() async throws {
    try sources.write([
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
    let run = try await sources.run()
    #expect(run.exitCode == 65)
    #expect(try await sources.stored("loose") == ["2025-11-07 m e i 3 35"])
    let said = run.result["errors"].elements.compactMap { $0["message"].string }
    #expect(said.count == 2)
    #expect(said.contains { $0.hasSuffix("left out: 1 without occurred_at") })
    #expect(
      said.contains {
        $0.hasSuffix(
          "left out: 1 without metric or entity, 1 with a name longer than 512 bytes, 1 without value, 2 whose value is not a finite number"
        )
      }, "\(said)")
  }

  @Test func `bad rows are told of their bucket, and its dead letter is resolved once they are mended`() async throws {
    try sources.write([
      "loose":
        "select metric, 'e' as entity_type, 'i' as entity_id, 1 as value, at as occurred_at from loose where at >= :window_start and at < :window_end"
    ])
    try await rollups.place.execute(
      """
      create table loose (metric text, at timestamptz);
      insert into loose values ('m', '2025-11-07 10:00+00'), ('m', '2025-11-07 11:00+00'), (null, '2025-11-07 12:10+00');
      """)
    let run = try await sources.run()
    #expect(
      run.result["errors"].elements.compactMap { $0["item"].string } == ["loose hourly 2025-11-07T12:00:00Z"])
    #expect(try await sources.stored("loose") == ["2025-11-07 m e i 2 2"])
    try await rollups.place.execute("update loose set metric = 'm'")
    #expect(try await sources.run().exitCode == 0)
    #expect(
      try await rollups.place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "0")
  }

  @Test func `a lock that is not to be had is no mistake of the source, and passes`() async throws {
    try sources.write([
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
    let locked = try await sources.run(["JOB_ATTEMPTS": "1"])
    #expect(locked.exitCode == 69, "\(locked.output)")
    try await owner.rollBack()
    #expect(try await sources.run().exitCode == 0)
    #expect(try await sources.stored("loose") == ["2025-11-07 m e i 1 1"])
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

import TestSupport
import Testing

/// How many different visitors a bucket has, which is not the sum of those of its parts.
@Suite(.timeLimit(.minutes(15))) struct RollupVisitorTests {
  private let sources: RollupSources
  private var rollups: Rollups { sources.rollups }
  private var place: Place { sources.rollups.place }

  init() async throws {
    sources = try await RollupSources(zone: "America/St_Johns")
    try await rollups.place.execute(try Page("docs/jobs/metrics-rollups.md").code("visitors"))
  }

  private func add(_ count: Int, of visitors: Int, every interval: String, before moment: String = Rollups.now)
    async throws
  {
    try await place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at, visitor)
      select 'metric ' || g % 2, 'user', '', 1, timestamptz '\(moment)' - g * interval '\(interval)',
        case when g % 7 > 0 then 'visitor ' || (g * 37) % \(visitors) end
      from generate_series(1, \(count)) g
      """)
  }

  /// Buckets of which the visitors are not those that a plain count of different ones finds, by more than a part of them.
  private func wrong(by part: Double = 0) async throws -> [String] {
    let right = Rollups.levels.map { level in
      let unit = ["hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"][level] ?? ""
      return """
        select '\(level)' as granularity, date_trunc('\(unit)', occurred_at, '\(rollups.zone)') as bucket_start, metric,
          count(distinct visitor) as visitors
        from metric_events group by 2, 3
        """
    }.joined(separator: " union all ")
    return try await place.rows(
      """
      select format('%s %s %s: %s, right is %s', granularity, bucket_start, metric, stored.visitors, expected.visitors) as a
      from (\(right)) as expected
      full join (select * from metric_rollups where source = 'metric_events') as stored using (granularity, bucket_start, metric)
      where not coalesce(abs(stored.visitors - expected.visitors) <= \(part) * expected.visitors, false)
      limit 5
      """
    ).map { $0[0] }
  }

  @Test
  func `each bucket has its different visitors, whatever comes late, is changed or deleted, and so has a rebuild`()
    async throws
  {
    try await add(3000, of: 40, every: "23 minutes")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await wrong() == [])
    let days = "select sum(visitors) > 2 * (select max(visitors) from metric_rollups where granularity = 'monthly')"
    #expect(try await place.value("\(days) from metric_rollups where granularity = 'daily'") == "true")
    try await add(200, of: 55, every: "5 hours", before: "2025-11-02T00:30:00Z")
    try await place.execute(
      """
      delete from metric_events where id % 5 = 0;
      update metric_events set visitor = 'somebody else' where id % 11 = 0;
      update metric_events set visitor = null where id % 13 = 0;
      update metric_events set occurred_at = occurred_at - interval '40 hours' where id % 17 = 0
      """)
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await wrong() == [])
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
    let before = try await place.value("select md5(string_agg(r::text, ',' order by r::text)) from metric_rollups r")
    try await place.execute(
      "update metric_rollups set visitors = visitors + 1, visitor_hashes = visitor_hashes || 1::bigint")
    let verified = try await rollups.run([], ["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 65 && verified.output.contains("visitors"), "\(verified.output)")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    #expect(
      try await place.value("select md5(string_agg(r::text, ',' order by r::text)) from metric_rollups r") == before)
  }

  @Test func `without the extension many are counted exactly, too; with it they are a sketch, which is about right`()
    async throws
  {
    // Of each metric more than a thousand a day, and some fifty an hour.
    try await add(8000, of: 100_000, every: "30 seconds")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await wrong() == [])
    #expect(try await place.value("select count(visitor_sketch) from metric_rollups") == "0")
    guard try await place.value("select count(*) from pg_available_extensions where name = 'hll'") == "1" else {
      return skipped("sketches of visitors", because: "there is no extension hll: apt-get install postgresql-…-hll")
    }
    // In a schema that is in nobody's search path.
    try await place.execute("create schema sketches; create extension hll schema sketches")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
    try await add(500, of: 100_000, every: "7 minutes", before: "2025-11-06T00:00:00Z")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await wrong(by: 0.05) == [])
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    #expect(try await wrong(by: 0.05) == [])
    let sketches = "select count(*) from metric_rollups where visitor_sketch is not null and granularity ="
    #expect(try await place.value("\(sketches) 'monthly'") != "0")
    #expect(try await place.value("\(sketches) 'hourly'") == "0")
    #expect(
      try await place.value(
        """
        select bool_and(visitors = round(sketches.hll_cardinality(visitor_sketch::sketches.hll))) from metric_rollups
        where visitor_sketch is not null
        """) == "true")
    // What adds them up in another order and in other parts is the same, to the last bit.
    let month =
      "select md5(string_agg(visitor_sketch::text, ',' order by metric, bucket_start)) from metric_rollups where granularity = 'monthly'"
    let before = try await place.value(month)
    try await place.execute("update metric_events set value = 2 where id % 50 = 0")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await place.value(month) == before)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)

    // As the page adds up buckets, of which some are sketches and others are not.
    let page = try Page("docs/jobs/metrics-rollups.md")
    try await place.execute(
      """
      begin; select set_config('search_path', current_setting('search_path') || ', sketches', true);
      create table together as \(page.code("together")); commit
      """)
    #expect(
      try await place.value(
        """
        select bool_and(abs(together.visitors - right_one.visitors) < 0.05 * right_one.visitors) and count(*) = 2
        from together join (
          select metric, count(distinct visitor) as visitors from metric_events
          where occurred_at >= (select min(bucket_start) from metric_rollups where granularity = 'daily' and bucket_start >= '2025-11-01')
          group by metric) as right_one using (metric)
        """) == "true")

    // Where it is gone, what is made of sketches says so.
    try await place.execute("drop extension hll; update metric_events set value = 3 where id = 8000")
    let run = try await rollups.run()
    #expect(run.exitCode == 65 && run.output.contains("sketches of the extension hll"), "\(run.output)")
    try await place.execute("create extension hll")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
  }

  @Test func `a source says who its visitors are, by a column of any type; others have none`() async throws {
    try await place.execute(
      """
      create table visits (page text, who numeric, id uuid, at timestamptz);
      insert into visits values ('a', 1.0, '00000000-0000-0000-0000-000000000001', '2025-11-07 10:00+00'),
        ('a', 1.00, '00000000-0000-0000-0000-000000000002', '2025-11-07 11:00+00'),
        ('a', 2, '00000000-0000-0000-0000-000000000002', '2025-11-07 12:00+00'), ('a', null, null, '2025-11-07 12:00+00'),
        ('b', null, null, '2025-11-07 12:00+00');
      """)
    func text(_ visitor: String) -> String {
      """
      select 'visits' as metric, 'page' as entity_type, page as entity_id, 1 as value, at as occurred_at\(visitor)
      from visits where at >= :window_start and at < :window_end
      """
    }
    try sources.write(["numbers": text(", who as visitor"), "ids": text(", id as visitor"), "nobody": text("")])
    let run = try await sources.run(["ROLLUPS_SOURCES": "numbers,ids,nobody"])
    #expect(run.exitCode == 0, "\(run.output)")
    let visitors = """
      select string_agg(source || ' ' || entity_id || ' ' || coalesce(visitors::text, '-'), ', ' order by source, entity_id)
      from metric_rollups where granularity = 'monthly'
      """
    #expect(try await place.value(visitors) == "ids a 2, ids b 0, nobody a -, nobody b -, numbers a 2, numbers b 0")
    let verified = try await sources.run(["ROLLUPS_SOURCES": "numbers,ids,nobody", "ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0, "\(verified.output)")
  }

  @Test
  func `rows from before, or written by an older binary, have no visitors; and no bucket has that they are part of`()
    async throws
  {
    try await add(100, of: 10, every: "25 minutes", before: "2025-11-07T00:00:00Z")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await wrong() == [])
    // As a binary writes that knows nothing of visitors.
    try await place.execute(
      """
      update metric_rollups set count = count, sum = sum, min = min, max = max
      where granularity = 'hourly' and bucket_start = (select max(bucket_start) from metric_rollups where granularity = 'hourly')
      """)
    let known = "select count(*) from metric_rollups where visitors is not null and granularity ="
    let hours = "select count(*) from metric_rollups where granularity = 'hourly'"
    let before = (Int(try await place.value(hours)) ?? 0, Int(try await place.value("\(known) 'hourly'")) ?? 0)
    #expect(before.1 < before.0)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify", "ROLLUPS_GRANULARITIES": "hourly"]).exitCode == 0)
    try await add(1, of: 10, every: "25 minutes", before: "2025-11-07T00:00:00Z")
    try await add(1, of: 10, every: "30 hours", before: "2025-11-07T00:00:00Z")
    #expect(try await rollups.run().exitCode == 0)
    // The first of these lies in that hour, so it is counted again, and all that it is part of.
    #expect(try await wrong() == [])
    try await place.execute(
      "update metric_rollups set visitors = null, visitor_hashes = null where granularity = 'hourly'")
    try await add(1, of: 10, every: "31 hours", before: "2025-11-07T00:00:00Z")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await place.value("\(known) 'hourly'") == "2")
    let month = "select count(*) from metric_rollups where visitors is null and granularity = 'monthly'"
    #expect(try await place.value(month) != "0")
    // A day that was not touched still has visitors, and its hours have none any more: of both metrics.
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).count("differences") == 2)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    #expect(try await wrong() == [])
  }
}

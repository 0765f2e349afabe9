import Foundation
import TestSupport
import Testing

/// Sources of one's own.
@Suite(.timeLimit(.minutes(15))) struct RollupSourceTests {
  private let sources: RollupSources
  private var rollups: Rollups { sources.rollups }

  init() async throws { sources = try await RollupSources() }

  @Test func `the page's source of revenue works as it stands there, over its look-back`() async throws {
    try sources.write(["revenue": Page("docs/jobs/metrics-rollups.md").code("revenue source")])
    try await rollups.place.execute(
      """
      create table orders (id bigserial, country text, amount numeric, paid_at timestamptz);
      insert into orders (country, amount, paid_at) values
        ('de', 10, '2025-11-07 10:00+00'), ('de', 2.5, '2025-11-07 11:00+00'), ('fr', 4, '2025-11-07 10:30+00'),
        ('de', 1, '2025-05-05 05:00+00'), ('de', 99, null);
      """)
    #expect(try await sources.run().exitCode == 0)
    #expect(
      try await sources.stored("revenue") == [
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
    #expect(try await sources.run().exitCode == 0)
    let seen = ["2025-11-06 revenue country de 1 5", "2025-11-07 revenue country de 2 13"]
    #expect(try await sources.stored("revenue") == ["2025-05-05 revenue country de 1 1"] + seen)
    try await rollups.place.execute("insert into oneshot.rollup_changes values ('revenue', '2025-05-05 05:00+00')")
    #expect(try await sources.run().exitCode == 0)
    #expect(try await sources.stored("revenue") == seen)
  }

  @Test func `a schedule that was off for longer than the look-back misses nothing`() async throws {
    try sources.write(["revenue": Page("docs/jobs/metrics-rollups.md").code("revenue source")])
    try await rollups.place.execute(
      """
      create table orders (id bigserial, country text, amount numeric, paid_at timestamptz);
      insert into orders (country, amount, paid_at) values ('de', 1, '2025-09-01 10:00+00')
      """)
    #expect(try await sources.run(["JOB_SCHEDULED_AT": "2025-09-02T00:00:00Z"]).exitCode == 0)
    try await rollups.place.execute(
      "insert into orders (country, amount, paid_at) select 'de', 1, timestamptz '2025-09-01 10:00+00' + g * interval '1 day' from generate_series(1, 60) g"
    )
    #expect(try await sources.run().exitCode == 0)
    #expect(try await sources.stored("revenue").count == 61)
    let verified = try await sources.run(["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0, "\(verified.output)")
  }

  @Test func `with the page's two lines it is exact, and deletions are noticed too`() async throws {
    try sources.write([
      "revenue": Page("docs/jobs/metrics-rollups.md").code("revenue source").replacing(
        "paid_at as occurred_at", with: "paid_at as occurred_at, written_by")
    ])
    try await rollups.place.execute(
      "create table orders (id bigserial, country text, amount numeric, paid_at timestamptz)")
    try await rollups.place.execute(try Page("docs/jobs/metrics-rollups.md").code("revenue exact"))
    try await rollups.place.execute(
      "insert into orders (country, amount, paid_at) values ('de', 1, '2024-01-05 05:00+00'), ('de', 2, '2025-11-07 05:00+00')"
    )
    #expect(try await sources.run().count("noticed") == 2)
    #expect(try await sources.run().count("touched_hours") == 0)
    try await rollups.place.execute(
      """
      insert into orders (country, amount, paid_at) values ('de', 4, '2024-01-05 06:00+00');
      delete from orders where amount = 2;
      """)
    let late = try await sources.run()
    #expect(late.count("noticed") == 1 && late.count("touched_hours") == 2)
    #expect(try await sources.stored("revenue") == ["2024-01-05 revenue country de 2 5"])
    // Not paid yet is no moment, and the day on which it is paid is the only one that is touched.
    try await rollups.place.execute("insert into orders (country, amount, paid_at) values ('fr', 8, null)")
    #expect(try await sources.run().count("touched_hours") == 0)
    try await rollups.place.execute("update orders set paid_at = '2025-06-01 05:00+00' where country = 'fr'")
    #expect(try await sources.run().count("touched_hours") == 1)
    #expect(try await sources.stored("revenue").last == "2025-06-01 revenue country fr 1 8")
    try await rollups.place.execute("truncate orders")
    #expect(try await sources.run().count("touched_hours") == 3)
    #expect(try await sources.stored("revenue") == [])
  }

  @Test func `a source that gains written_by later is looked at from its beginning`() async throws {
    func mirror(_ more: String) -> String {
      "select metric, entity_type, entity_id, value, occurred_at\(more) from metric_events where occurred_at >= :window_start and occurred_at < :window_end"
    }
    try sources.write(["mirror": mirror("")])
    try await rollups.add(100)
    #expect(try await sources.run().exitCode == 0)
    // Older than the look-back: not seen, and so not to be taken as seen.
    try await rollups.add("late", at: "2025-05-05T05:00:00Z")
    #expect(try await sources.run().exitCode == 0)
    #expect(try await sources.stored("mirror").count { $0.contains("late") } == 0)
    try sources.write(["mirror": mirror(", written_by")])
    #expect(try await sources.run().exitCode == 0)
    #expect(try await sources.stored("mirror").count { $0.contains("late") } == 1)
    #expect(try await sources.run().count("touched_hours") == 0)
  }

  @Test func `an exact source may calculate with both ends of its window`() async throws {
    try sources.write([
      "readings": """
      select 'reading' as metric, 'sensor' as entity_type, sensor as entity_id, value,
        to_timestamp(epoch) as occurred_at, written_by
      from readings
      where epoch >= extract(epoch from :window_start)::bigint and epoch < extract(epoch from :window_end)::bigint
      """
    ])
    try await rollups.place.execute(
      """
      create table readings (
        sensor text, value float8, epoch bigint, written_by xid8 not null default pg_current_xact_id());
      insert into readings values ('a', 7, extract(epoch from timestamptz '2025-11-07 10:00+00'));
      """)
    #expect(try await sources.run([:], ["--check"]).exitCode == 0)
    let run = try await sources.run()
    #expect(run.exitCode == 0 && run.count("noticed") == 1, "\(run.output)")
    #expect(try await sources.stored("readings") == ["2025-11-07 reading sensor a 1 7"])
    #expect(try await sources.run().count("noticed") == 0)
  }

  @Test func `two sources may tell of one metric, and neither touches the other's`() async throws {
    try sources.write([
      "mirror":
        "select metric, entity_type, entity_id, value * 2 as value, occurred_at from metric_events where occurred_at >= :window_start and occurred_at < :window_end"
    ])
    try await rollups.add(200)
    #expect(try await sources.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
    let sums =
      "select string_agg(distinct source || ' ' || total, ', ') from (select source, sum(sum) as total from metric_rollups where granularity = 'daily' group by source) s"
    let sum = Double(try await rollups.place.value("select sum(value) from metric_events")) ?? .nan
    #expect(
      try await rollups.place.value(sums)
        == "metric_events \(sum.formatted(.number.grouping(.never))), mirror \((sum * 2).formatted(.number.grouping(.never)))"
    )
    #expect(try await sources.run(["ROLLUPS_SOURCES": "mirror", "ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    #expect(try await rollups.differences() == [])
  }
}

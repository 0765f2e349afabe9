import Postgres
import TestSupport
import Testing

/// What has come, changed or gone since the last run, and nothing else, is calculated again.
@Suite(.timeLimit(.minutes(15))) struct RollupIncrementalTests {
  @Test(arguments: ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Colombo"])
  func `all levels are what a plain query over the raw events says`(zone: String) async throws {
    let rollups = try await Rollups(zone: zone)
    // Over both days on which clocks change, on both sides of the Atlantic.
    try await rollups.add(180, every: "121 minutes")
    try await rollups.add(300, every: "121 minutes", before: "2025-04-01T00:00:00Z")
    let run = try await rollups.run()
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.count("noticed") == 480)
    #expect(try await rollups.differences() == [])
    #expect(try await rollups.queued() == 0)
    // A day of 23 hours and one of 25 are days; 100 stands for the summer, and for the end.
    let hours = try await rollups.place.rows(
      """
      select distinct least(100, extract(epoch from lead(bucket_start) over (order by bucket_start) - bucket_start)::int / 3600) as a
      from (select distinct bucket_start from metric_rollups where granularity = 'daily') days order by 1
      """
    ).map { $0[0] }
    #expect(hours == (zone == "UTC" || zone.hasPrefix("Asia") ? ["24", "100"] : ["23", "24", "25", "100"]))
  }

  @Test func `nothing new: nothing is written`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(2000)
    #expect(try await rollups.run().exitCode == 0)
    let before = try await rollups.versions()
    let again = try await rollups.run()
    #expect(again.exitCode == 0 && again.count("touched_hours") == 0 && again.count("hours") == 0)
    // Touched, and yet the same: an event that is written anew as it was.
    try await rollups.place.execute("update metric_events set value = value where id % 50 = 0")
    let touched = try await rollups.run()
    #expect(touched.count("touched_hours") == 40 && touched.count("hours") == 40 && touched.count("days") == 0)
    #expect(try await rollups.versions() == before)
  }

  @Test func `a late event, months back, mends its four buckets and no other`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(200, every: "2 hours")
    try await rollups.add(20, every: "2 hours", before: "2025-06-04T00:00:00Z")
    #expect(try await rollups.run().exitCode == 0)
    let before = Set(try await rollups.versions())
    try await rollups.add("metric 1", 7.25, at: "2025-06-03T10:20:00Z")
    let run = try await rollups.run()
    #expect(["noticed", "hours", "days", "weeks", "months"].map { run.count($0) } == [1, 1, 1, 1, 1])
    #expect(run.count("inserted") == 4 && run.count("updated") == 0 && run.count("deleted") == 0)
    let after = Set(try await rollups.versions())
    #expect(before.subtracting(after).isEmpty)
    #expect(after.subtracting(before).count == 4)
    #expect(try await rollups.differences() == [])
  }

  @Test func `events that are deleted, changed or moved leave no trace, and an emptied table no rollups`() async throws
  {
    let rollups = try await Rollups()
    try await rollups.add(2000)
    try await rollups.add("alone", at: "2025-09-09T09:09:09Z")
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute(
      """
      delete from metric_events where metric = 'alone' or id % 97 = 0;
      update metric_events set value = value * 2 where id % 101 = 0;
      update metric_events set occurred_at = occurred_at - interval '40 days' where id % 103 = 0;
      update metric_events set entity_id = 'another' where id % 107 = 0;
      """)
    #expect(try await !rollups.differences().isEmpty)
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
    #expect(try await rollups.place.value("select count(*) from metric_rollups where metric = 'alone'") == "0")
    #expect(try await rollups.place.value("select count(*) from oneshot.rollup_changes") == "0")
    try await rollups.place.execute("truncate metric_events")
    try await rollups.add(10)
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `a transaction that stays open across two runs blocks nothing, and is counted once it commits`()
    async throws
  {
    let rollups = try await Rollups()
    try await rollups.add(500)
    // Each has a number that is older than all that is committed meanwhile.
    let slow = try await open(rollups, "slow"), undone = try await open(rollups, "undone")
    #expect(try await rollups.run().count("noticed") == 500)
    try await rollups.add(20, before: "2025-11-05T00:00:00Z")
    #expect(try await rollups.run().count("noticed") == 20)
    #expect(try await rollups.differences() == [])
    try await undone.rollBack()
    try await slow.commit()
    let run = try await rollups.run()
    #expect(run.exitCode == 0 && run.count("noticed") == 50 && run.count("touched_hours") == 50)
    #expect(try await rollups.differences() == [])
    #expect(try await rollups.run().count("noticed") == 0)
  }

  private func open(_ rollups: Rollups, _ metric: String) async throws -> OpenTransaction {
    try await OpenTransaction(
      in: rollups.place,
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select '\(metric)', 'user', 'x', g, timestamptz '2025-11-01' + g * interval '1 hour' from generate_series(1, 50) g
      """)
  }

  @Test func `a plan counts what was touched and writes nothing`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(500)
    // In all tables of ours, statistics and the ledger of runs apart.
    let tables = try await rollups.place.rows(
      """
      select oid::regclass::text as a from pg_class
      where relkind = 'r' and relnamespace in ('oneshot'::regnamespace, 'public'::regnamespace) and relname not like 'job%'
      order by 1
      """
    ).map { $0[0] }
    func contents() async throws -> [[String]] {
      try await rollups.place.rows(
        tables.map {
          "select '\($0)' as a, count(*) as b, md5(string_agg(t::text, ',' order by t::text)) as c from \($0) t"
        }
        .joined(separator: " union all "))
    }
    let before = try await contents()
    #expect(before.count > 8)
    let plan = try await rollups.run(["--plan"])
    #expect(plan.exitCode == 0 && plan.count("noticed") == 500 && (plan.count("touched_hours") ?? 0) > 50)
    #expect(try await rollups.versions().isEmpty)
    #expect(try await contents() == before)
    #expect(try await rollups.run().count("touched_hours") == plan.count("touched_hours"))
  }

  /// The numbers are one from before the first run, and one that no transaction has yet.
  @Test(arguments: ["'3'::xid8", "'999999999999'::xid8"])
  func `nobody writes written_by but the server`(number: String) async throws {
    let rollups = try await Rollups()
    try await rollups.add(5)
    let place = rollups.place
    func insert(_ number: String) async throws {
      try await place.execute(
        """
        insert into metric_events (metric, entity_type, entity_id, value, occurred_at, written_by)
        values ('m', 'user', 'x', 1, '2025-11-07 05:00+00', \(number))
        """)
    }
    for write in [
      "insert into metric_events (metric, entity_type, entity_id, value, occurred_at, written_by) select metric, entity_type, entity_id, value, occurred_at, written_by from metric_events",
      "update metric_events set written_by = \(number)",
    ] {
      let error = try await #require(throws: PostgresError.self) { try await place.execute(write) }
      #expect(error.state?.rawValue == "23000", "\(error)")
    }
    let error = try await #require(throws: PostgresError.self) { try await insert(number) }
    #expect(error.state?.rawValue == "23000", "\(error)")
    // What changes nothing, and what is right, is taken.
    try await place.execute("update metric_events set written_by = written_by, value = value + 1")
    try await place.execute("update metric_events set written_by = default")
    try await insert("pg_current_xact_id()")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `check names a trigger that is gone, and rows whose written_by is ahead`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(5)
    func advice() async throws -> String {
      let check = try await rollups.run(["--check"])
      #expect(check.exitCode == 0, "\(check.output)")
      return check.result["details", "advice"].elements.compactMap(\.string).joined(separator: "; ")
    }
    #expect(try await !advice().contains("written_by"))
    try await rollups.place.execute(
      """
      drop trigger metric_events_writer_inserted on metric_events;
      alter table metric_events disable trigger metric_events_writer_updated;
      update metric_events set written_by = '999999999999'
      """)
    let said = try await advice()
    #expect(said.contains("metric_events_writer_inserted, metric_events_writer_updated"), "\(said)")
    #expect(said.contains("999999999999 is the highest"), "\(said)")
    let remedy = try #require(said.firstMatch(of: /update metric_events set .*/)).output
    try await rollups.place.execute(String(remedy))
    #expect(try await !advice().contains("is the highest"))
  }
}

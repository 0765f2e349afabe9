import TestSupport
import Testing

/// Tables of sources whose changes triggers tell (`oneshot.rollups_track`).
@Suite(.timeLimit(.minutes(10))) struct RollupTrackingTests {
  private let sources: RollupSources
  private var place: Place { sources.rollups.place }

  init() async throws {
    sources = try await RollupSources()
    try await place.execute(
      "create table orders (id integer, amount numeric, paid_at timestamptz, at timestamptz, due timestamp)")
  }

  private func refusal(_ statement: String) async -> String {
    do {
      try await place.execute(statement)
      return ""
    } catch { return "\(error)" }
  }

  private func triggers(_ table: String) async throws -> String {
    try await place.value("select count(*) from pg_trigger where tgrelid = '\(table)'::regclass")
  }

  private func text(_ name: String, _ column: String, of table: String = "orders") -> [String: String] {
    [
      name: """
      select '\(name)' as metric, '' as entity_type, '' as entity_id, amount as value, \(column) as occurred_at
      from \(table) where \(column) >= :window_start and \(column) < :window_end
      """
    ]
  }

  /// The same end to end, and two that begin alike.
  @Test(arguments: [
    [("orders", "paid_at"), ("orders_paid", "at")],
    [
      (String(repeating: "o", count: 50), "paid_at"), (String(repeating: "o", count: 50), "at"),
      (String(repeating: "ö", count: 30) + "1", "at"), (String(repeating: "ö", count: 30) + "2", "at"),
    ],
  ])
  func `triggers of each source and column have names that are theirs alone`(tracked: [(String, String)]) async throws {
    for (source, column) in tracked {
      try await place.execute("select oneshot.rollups_track('\(source)', 'orders', '\(column)')")
    }
    #expect(try await triggers("orders") == "\(5 * tracked.count)")
    try await place.execute(
      """
      insert into orders (id, paid_at, at) values (1, '2025-11-05 10:00+00', '2025-11-06 10:00+00');
      delete from orders;
      """)
    let told = try await place.rows(
      "select distinct source || ' ' || date_part('day', occurred_at) as a from oneshot.rollup_changes")
    let wanted = tracked.map { source, column in "\(source) \(column == "at" ? 6 : 5)" }
    #expect(Set(told.map { $0[0] }) == Set(wanted))
    // One that is no longer told leaves the others' triggers alone.
    try await place.execute("select oneshot.rollups_untrack('\(tracked[0].0)', 'orders')")
    let others = tracked.filter { $0.0 != tracked[0].0 }.count
    #expect(try await triggers("orders") == "\(5 * others)")
  }

  @Test func `triggers are known by what they tell, under whatever name, and one set is made of them`() async throws {
    try sources.write(text("revenue", "paid_at"))
    try await place.execute(
      """
      select oneshot.rollups_track('revenue', 'orders', 'paid_at');
      do $$ declare name text; begin
        for name in select tgname from pg_trigger where tgrelid = 'orders'::regclass loop
          execute format('alter trigger %I on orders rename to %I', name, 'old_' || right(name, 10));
        end loop;
      end $$;
      """)
    #expect(try await sources.run().exitCode == 0)
    try await place.execute("select oneshot.rollups_track('revenue', 'orders', 'paid_at')")
    #expect(try await triggers("orders") == "5")
    try await place.execute("alter table orders disable trigger all")
    let disabled = try await sources.run([:], ["--check"])
    #expect(disabled.exitCode == 78 && disabled.output.contains("_deleted is disabled"), "\(disabled.output)")
  }

  @Test func `a column that has another name is named, and a zone that there is not is refused`() async throws {
    try sources.write(text("revenue", "paid_at"))
    try await place.execute("select oneshot.rollups_track('revenue', 'orders', 'paid_at')")
    #expect(try await sources.run().exitCode == 0)
    try await place.execute("alter table orders rename column paid_at to paid")
    try sources.write(text("revenue", "paid"))
    let unreadable = "of the table public.orders: it has no column paid_at that is a timestamptz, a timestamp or a date"
    let check = try await sources.run([:], ["--check"])
    #expect(check.exitCode == 78 && check.output.contains(unreadable), "\(check.output)")
    let run = try await sources.run()
    #expect(run.exitCode == 65 && run.result["errors"][0]["kind"].string == "untold", "\(run.output)")
    try await place.execute(
      "select oneshot.rollups_untrack('revenue', 'public.orders'), oneshot.rollups_track('revenue', 'public.orders', 'paid')"
    )
    #expect(try await sources.run().exitCode == 0)
    #expect(
      await refusal("select oneshot.rollups_track('revenue', 'orders', 'due', 'Europe/Nowhere')")
        .contains("there is no time zone 'Europe/Nowhere'"))
    #expect(await refusal("select oneshot.rollups_track('revenue', 'orders', 'due')").contains("has no time zone"))
  }

  @Test func `a table that has another name is told of as before, and is untracked whole`() async throws {
    try sources.write(text("revenue", "paid_at", of: "sales"))
    try await place.execute(
      """
      select oneshot.rollups_track('revenue', 'orders', 'paid_at');
      alter table orders rename to sales;
      insert into sales (amount, paid_at) values (1, '2024-11-05 10:00+00'), (2, '2024-11-05 10:00+00');
      """)
    #expect(try await sources.run().exitCode == 0)
    try await place.execute("delete from sales where amount = 2")
    let run = try await sources.run()
    #expect(run.exitCode == 0 && run.count("updated") == 4, "\(run.output)")
    try await place.execute("select oneshot.rollups_untrack('revenue', 'sales')")
    #expect(try await triggers("sales") == "0")
    #expect(
      await refusal("select oneshot.rollups_untrack('revenue', 'sales')").contains("is not tracked for revenue"))
  }

  @Test func `a source that is a view on a schema that the job may not use is no obstacle`() async throws {
    let role = try await place.restricted("metrics-rollups")
    let jobs = place.own("jobs")
    try await place.execute(
      """
      create schema hidden; alter table orders set schema hidden;
      create view shown as select * from hidden.orders; grant select on shown to \(jobs);
      select oneshot.rollups_track('revenue', 'hidden.orders', 'paid_at');
      """)
    try sources.write(text("revenue", "paid_at", of: "shown"))
    let check = try await sources.run(role, ["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(try await sources.run(role).exitCode == 0)
  }

  @Test func `who owns a table tracks it with the page's grants, and says nothing of other sources`() async throws {
    let owner = place.own("app")
    let grants = try Page("docs/jobs/metrics-rollups.md").code("track grants").replacing("to app", with: "to \(owner)")
    try await place.execute(
      """
      create role \(owner) login; \(grants); alter table orders owner to \(owner);
      set role \(owner);
      select oneshot.rollups_track('revenue', 'orders', 'paid_at');
      create trigger mine after truncate on orders for each statement
      execute function oneshot.note_changed_events('metric_events', 'occurred_at');
      truncate orders;
      reset role;
      """)
    #expect(
      try await place.value("select string_agg(source || ' ' || mark, ', ') from oneshot.rollup_changes")
        == "revenue emptied")
    #expect(
      await refusal(
        "set session authorization \(owner); select oneshot.rollups_track('metric_events', 'orders', 'paid_at')"
      ).contains("metric_events is no source of your own"))
    try await place.execute("reset session authorization")
    #expect(
      await refusal(
        "set session authorization \(owner); select oneshot.rollups_list('revenue', 'metric_events', null, null)"
      ).contains("is not yours"))
    try await place.execute("reset session authorization")
  }

  @Test func `what replication applies is read without a statement a row`() async throws {
    try await sources.rollups.add(200)
    try await place.execute(
      """
      set track_functions = 'all'; set session_replication_role = replica;
      update metric_events set value = value + 1;
      reset session_replication_role; reset track_functions;
      select pg_stat_force_next_flush();
      """)
    func calls(_ function: String) async throws -> String {
      try await place.value(
        "select coalesce(sum(calls), 0) from pg_stat_user_functions where schemaname = 'oneshot' and funcname = '\(function)'"
      )
    }
    try await eventually { try await calls("note_applied_event") == "200" }
    #expect(try await calls("moment_of") == "0")
    #expect(try await sources.rollups.run().exitCode == 0)
    #expect(try await sources.rollups.differences() == [])
  }
}

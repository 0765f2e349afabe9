import Foundation
import TestSupport
import Testing

/// Changes are noticed however they are made; where they cannot be, each run and `--check` say so.
@Suite(.timeLimit(.minutes(10))) struct RollupTriggerTests {
  private let changes = """
    update metric_events set value = value + 1 where id % 5 = 0;
    update metric_events set occurred_at = occurred_at - interval '9 days' where id % 7 = 0;
    delete from metric_events where id % 11 = 0;
    """

  @Test func `what logical replication applies is noticed`() async throws {
    let servers = try PrivateServers(postgresOptions: "-c fsync=off -c wal_level=logical")
    let (origin, copy) = (try await Rollups(on: servers), try await Rollups(on: servers))
    try await origin.place.execute("create publication events for table metric_events")
    // Not in one script: a slot is made by a transaction that has written nothing.
    #expect(try await origin.place.value("pg_create_logical_replication_slot('events', 'pgoutput')") != "NULL")
    let url = "host=\(servers.folder) dbname=\(try await origin.place.databaseName())"
    try await copy.place.execute(
      """
      create subscription events connection '\(url)' publication events
      with (create_slot = false, slot_name = events, copy_data = false)
      """)
    func isThere() async throws {
      let all = "select md5(string_agg(row(id, value, occurred_at)::text, ',' order by id)) from metric_events"
      let wanted = try await origin.place.value(all)
      try await eventually { try await copy.place.value(all) == wanted }
    }
    try await origin.add(200)
    try await isThere()
    #expect(try await copy.run().exitCode == 0)
    #expect(try await copy.differences() == [])
    try await origin.place.execute(changes)
    try await isThere()
    let run = try await copy.run()
    #expect(run.exitCode == 0 && (run.count("touched_hours") ?? 0) > 10, "\(run.output)")
    #expect(try await copy.differences() == [])
    try await origin.place.execute("truncate metric_events")
    try await eventually { try await copy.place.value("select count(*) from metric_events") == "0" }
    #expect(try await copy.run().exitCode == 0)
    #expect(try await copy.place.value("select count(*) from metric_rollups") == "0")
    // A trigger that fires for ordinary sessions alone is by-passed.
    try await copy.place.execute("alter table metric_events enable trigger metric_events_applied")
    let passed = try await copy.run()
    #expect(passed.exitCode == 65 && passed.output.contains("the subscription events writes it"), "\(passed.output)")
    try await copy.place.execute(
      "alter subscription events disable; alter subscription events set (slot_name = none); drop subscription events")
  }

  @Test func `what a session does in the role of a replica is noticed`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(200)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute("set session_replication_role = replica; \(changes) reset session_replication_role")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test(arguments: [
    ("drop trigger metric_events_updated on metric_events", "metric_events_updated is missing"),
    ("alter table metric_events disable trigger metric_events_deleted", "metric_events_deleted is disabled"),
    (
      "alter table metric_events enable trigger metric_events_applied",
      "metric_events_applied is by-passed by replication"
    ),
    (
      """
      alter table metric_events rename to metric_events_old;
      create table metric_events (like metric_events_old including all);
      """, "metric_events_truncated is missing"
    ),
  ])
  func `a trigger that is missing, disabled or by-passed is named, with the statement that makes it right`(
    change: String, problem: String
  ) async throws {
    let rollups = try await Rollups()
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.run(["--check"]).exitCode == 0)
    try await rollups.place.execute(change)
    let check = try await rollups.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains(problem), "\(check.output)")
    let run = try await rollups.run()
    #expect(run.exitCode == 65 && run.result["errors"][0]["kind"].string == "untold", "\(run.output)")
    let message = run.result["errors"][0]["message"].string ?? ""
    #expect(message.contains(problem))
    try await rollups.place.execute(String(message.split(separator: "Its owner runs: ").last ?? ""))
    #expect(try await rollups.run(["--check"]).exitCode == 0)
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "0")
  }

  /// A column that has another name, rows behind a temporary table's name, and a table that another has replaced.
  @Test(arguments: [
    (
      "alter table metric_events rename column occurred_at to at",
      "alter table metric_events rename column at to occurred_at"
    ),
    ("create temp table oneshot_old_rows (x integer)", "drop table oneshot_old_rows"),
  ])
  func `a trigger that cannot tell what changes breaks no write, and all is looked at`(before: String, after: String)
    async throws
  {
    let rollups = try await Rollups()
    try await rollups.add(200)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute(
      """
      \(before);
      update metric_events set value = value + 1 where id % 5 = 0;
      delete from metric_events where id % 11 = 0;
      \(after);
      """)
    #expect(
      try await rollups.place.value("select string_agg(distinct mark, ' ') from oneshot.rollup_changes") == "unknown")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `triggers from before that say by a null moment that a table was emptied are named`() async throws {
    let rollups = try await Rollups()
    let folder = try TemporaryFolder()
    try Page("docs/jobs/metrics-rollups.md").code("revenue source").write(
      toFile: "\(folder.path)/revenue.sql", atomically: true, encoding: .utf8)
    try await rollups.place.execute(
      """
      create table orders (country text, amount numeric, paid_at timestamptz);
      create function note_changed_orders() returns trigger language plpgsql as $$ begin
        insert into oneshot.rollup_changes (source, occurred_at) values ('revenue', null);
        return null;
      end $$;
      create trigger orders_truncated after truncate on orders for each statement execute function note_changed_orders();
      """)
    let run = try await rollups.run([], ["ROLLUPS_SOURCES_DIR": folder.path])
    #expect(run.exitCode == 65 && run.output.contains("note_changed_orders of the table orders"), "\(run.output)")
  }
}

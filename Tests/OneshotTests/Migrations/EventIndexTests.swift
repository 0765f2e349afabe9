import Foundation
import Migrations
import TestSupport
import Testing

/// The indexes of a `metric_events` that was there before, with its rows and its writers.
@Suite(.timeLimit(.minutes(10))) struct EventIndexTests {
  private let oneshot = Binary("oneshot")

  private func place(partitioned: Bool = false, rows: Int = 4000) async throws -> Place {
    let place = try await Place(migrated: false)
    let parts =
      partitioned
      ? """
      partition by range (occurred_at);
      create table events_of_october partition of metric_events for values from ('2025-10-01') to ('2025-11-01');
      create table events_of_november partition of metric_events for values from ('2025-11-01') to ('2025-12-01')
        partition by list (metric);
      create table events_of_november_m partition of events_of_november for values in ('m');
      create table events_of_november_n partition of events_of_november for values in ('n')
      """ : ""
    try await place.execute(
      """
      create table metric_events (metric text, entity_type text, entity_id text, value float8, occurred_at timestamptz)
      \(parts);
      insert into metric_events
      select 'm', 'e', 'i', g, timestamptz '2025-11-07 00:00Z' - g * interval '10 minutes' from generate_series(1, \(rows)) g
      """)
    return place
  }

  /// A transaction that is older than any index that is begun later, so that making one waits for it.
  private func snapshot(in place: Place) async throws -> OpenTransaction {
    try await OpenTransaction(
      in: place, "set transaction isolation level repeatable read", "select count(*) from pg_class")
  }

  private static let isWaiting = """
    select count(*) = 1 from pg_stat_activity
    where datname = current_database() and query like 'create index concurrently%' and wait_event_type = 'Lock'
    """
  private static let waits = """
    select count(*) > 0 from pg_locks
    where relation = 'metric_events'::regclass and not granted
      and database = (select oid from pg_database where datname = current_database())
    """
  private static let states = """
    select string_agg(relname || ' ' || indisvalid, ', ' order by relname)
    from pg_index join pg_class on oid = indexrelid where indrelid = 'metric_events'::regclass
    """

  @Test func `they are made beside its writers`() async throws {
    let place = try await place()
    let older = try await snapshot(in: place)
    let run = try oneshot.start(["migrate"], place.environment)
    try await eventually { try await place.value(Self.isWaiting) == "true" }
    // One after the other, while both the old transaction and the index that waits for it are open.
    for value in 1...20 {
      try await place.execute(
        """
        set lock_timeout = '1s';
        insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
        values ('m', 'e', 'written meanwhile', \(value), now());
        update metric_events set value = value + 1 where entity_id = 'written meanwhile'
        """)
    }
    #expect(run.isRunning)
    try await older.commit()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(
      try await place.value(Self.states) == "metric_events_by_time true, metric_events_by_writer true")
    #expect(try await place.value("select count(*) from metric_events") == "4020")
    let settings = place.environment.merging(["JOB_SCHEDULED_AT": Rollups.now]) { $1 }
    #expect(try await Rollups.binary.run([], settings).count("noticed") == 4020)
  }

  @Test func `what a kill leaves of one is made again by the next`() async throws {
    let place = try await place()
    let older = try await snapshot(in: place)
    let run = try oneshot.start(["migrate"], place.environment)
    try await eventually { try await place.value(Self.isWaiting) == "true" }
    let making = "from pg_stat_activity where datname = current_database() and query like 'create index concurrently%'"
    let backend = try await place.value("select pid \(making)")
    run.send(SIGKILL)
    _ = await run.outcome()
    try await place.execute("select pg_terminate_backend(\(backend))")
    try await eventually { try await place.value("select count(*) \(making)") == "0" }
    #expect(try await place.value(Self.states) == "metric_events_by_time false")
    try await older.commit()
    let outcome = try await oneshot.run(["migrate"], place.environment)
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(
      try await place.value(Self.states) == "metric_events_by_time true, metric_events_by_writer true")
    #expect(try await oneshot.run(["migrate"], place.environment).output.hasPrefix("up to date"))
  }

  @Test func `a partitioned one has them on every partition`() async throws {
    let place = try await place(partitioned: true)
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(
      try await place.value(Self.states) == "metric_events_by_time true, metric_events_by_writer true")
    #expect(
      try await place.value(
        """
        select count(*) from pg_index join pg_inherits on inhrelid = indexrelid
        where indisvalid and inhparent in ('metric_events_by_time'::regclass, 'metric_events_by_writer'::regclass)
        """) == "4")
    #expect(
      try await place.value(
        """
        select string_agg(indrelid::regclass || ' ' || indisvalid, ', ' order by indrelid::regclass::text)
        from pg_index join pg_inherits on inhrelid = indexrelid where inhparent in (
          select indexrelid from pg_index where indrelid = 'events_of_november'::regclass and indkey = '5')
        """) == "events_of_november_m true, events_of_november_n true")
    let settings = place.environment.merging(["JOB_SCHEDULED_AT": Rollups.now]) { $1 }
    let job = try await Rollups.binary.run([], settings)
    #expect(job.exitCode == 0 && job.count("noticed") == 4000, "\(job.output)")
  }

  @Test func `a writer that stays open does not keep others waiting for long`() async throws {
    let place = try await place()
    let writer = try await OpenTransaction(
      in: place, "insert into metric_events values ('m', 'e', 'open', 1, '2025-11-07')")
    let run = try oneshot.start(["migrate"], place.environment)
    try await eventually { try await place.value(Self.waits) == "true" }
    try await place.execute(
      "set lock_timeout = '5s'; insert into metric_events values ('m', 'e', 'behind it', 1, '2025-11-07')")
    #expect(run.isRunning)
    try await writer.commit()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
  }

  /// Everything of a place that the indexes rely on.
  private func migrate(_ place: Place) async throws {
    let before = Migration.all.filter { ["core", "rollups"].contains($0.line) && !$0.isConcurrent }
    #expect(try await Migrator(place.database, before).migrate { _ in } == before.count)
  }

  @Test(arguments: [true, false])
  func `what cannot be indexed beside its writers keeps them waiting no longer`(partitioned: Bool) async throws {
    let place = try await place(partitioned: partitioned, rows: partitioned ? 4000 : 0)
    try await migrate(place)
    // As a writer holds the table, but none of its partitions.
    let writer = try await OpenTransaction(in: place, "lock table only metric_events in row exclusive mode")
    let run = try oneshot.start(["migrate", "--only", "rollups"], place.environment)
    try await eventually { try await place.value(Self.waits) == "true" }
    try await place.execute(
      "set lock_timeout = '5s'; insert into metric_events values ('m', 'e', 'behind it', 1, '2025-11-07')")
    #expect(run.isRunning)
    try await writer.commit()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(try await place.value(Self.states) == "metric_events_by_time true, metric_events_by_writer true")
  }

  @Test func `a partition that was made halfway is one of them`() async throws {
    let place = try await place(partitioned: true)
    try await migrate(place)
    try await place.execute(
      """
      create index metric_events_by_time on only metric_events (occurred_at);
      create table events_of_december partition of metric_events for values from ('2025-12-01') to ('2026-01-01')
      """)
    let run = try await oneshot.run(["migrate", "--only", "rollups"], place.environment)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try await place.value(Self.states) == "metric_events_by_time true, metric_events_by_writer true")
    let count = "select count(*) from pg_index where indrelid = 'events_of_december'::regclass"
    #expect(try await place.value(count) == "2")
  }
}

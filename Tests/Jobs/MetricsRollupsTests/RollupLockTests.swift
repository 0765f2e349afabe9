import TestSupport
import Testing

/// A transaction holds the locks of few temporary tables, on a server that has room for few.
@Suite(.timeLimit(.minutes(15))) struct RollupLockTests {
  private let servers: PrivateServers

  init() throws {
    servers = try PrivateServers(
      postgresOptions: "-c fsync=off -c max_connections=40 -c max_locks_per_transaction=30")
  }

  @Test func `days with little before one with much are done together`() async throws {
    let rollups = try await Rollups(on: servers)
    try await rollups.add(500, every: "12 hours", before: "2025-10-31T02:00:00Z")
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute("update metric_events set value = value + 1")
    try await rollups.addBusy("2025-11-03")
    let run = try await rollups.run()
    #expect(run.exitCode == 0 && run.count("updated") ?? 0 > 1000, "\(run.output)")
    #expect(try await rollups.differences() == [])
    let rebuilt = try await rollups.run([], ["ROLLUPS_MODE": "rebuild"])
    #expect(rebuilt.exitCode == 0 && rebuilt.count("updated") == 0, "\(rebuilt.output)")
  }

  @Test func `a source with hours far apart in each day is done in several transactions`() async throws {
    let sources = try await RollupSources(on: servers)
    try sources.write([
      "visits": """
      select 'visits' as metric, '' as entity_type, '' as entity_id, 1 as value, at as occurred_at from visits
      where at >= :window_start and at < :window_end
      """
    ])
    try await sources.rollups.place.execute(
      "create table visits as select timestamptz '2025-11-01 00:00+00' - g * interval '3 hours' as at from generate_series(1, 800) g"
    )
    let run = try await sources.run()
    #expect(run.exitCode == 0 && run.count("hours") == 800, "\(run.output)")
    #expect(try await sources.rollups.place.value("select sum(count) from metric_rollups_monthly") == "800")
  }

  @Test func `hours that each have a row that cannot be counted are done, each without it`() async throws {
    let place = try await Place(migrated: false, on: servers)
    try await place.execute(
      """
      create table metric_events (metric text, entity_type text, entity_id text, value float8, occurred_at timestamptz);
      insert into metric_events
      select metric, 'e', 'i', 1, timestamptz '2025-11-01 00:00+00' - g * interval '13 hours'
      from generate_series(1, 300) g, (values ('m'), (null)) as rows (metric);
      """)
    #expect(try await Binary("oneshot").run(["migrate"], place.environment).exitCode == 0)
    for mode in ["incremental", "rebuild"] {
      let settings = ["JOB_SCHEDULED_AT": Rollups.now, "JOB_FORCE": "true", "ROLLUPS_MODE": mode]
      let run = try await Rollups.binary.run([], place.environment.merging(settings) { $1 })
      #expect(run.exitCode == 65 && run.count("failed") == 300 && run.count("hours") == 300, "\(run.output)")
      #expect(run.count("queued") == 0)
      #expect(try await place.value("select sum(count) from metric_rollups_monthly") == "300")
    }
  }
}

import Foundation
import TestSupport
import Testing

/// Schedules of different levels, one that was off, and the log of them.
@Suite(.timeLimit(.minutes(15))) struct RollupScheduleTests {
  @Test func `hourly, weekly and monthly schedules of one binary each do their levels, and together all`() async throws
  {
    let rollups = try await Rollups()
    try await rollups.add(1000)
    let platform = ["JOB_FORCE": "false"]
    let hourly = platform.merging(["ROLLUPS_GRANULARITIES": "hourly, daily"]) { $1 }
    let first = try await rollups.run([], hourly)
    #expect(first.exitCode == 0 && first.count("weeks") == 0 && first.count("queued") == 2)
    // For the same moment, and no duplicates of each other.
    let weekly = try await rollups.run([], platform.merging(["ROLLUPS_GRANULARITIES": "weekly"]) { $1 })
    #expect(weekly.result["status"].string == "succeeded" && weekly.count("weeks") == 1, "\(weekly.output)")
    let monthly = try await rollups.run([], platform.merging(["ROLLUPS_GRANULARITIES": "monthly"]) { $1 })
    #expect(monthly.count("months") == 1 && monthly.count("queued") == 0)
    #expect(try await rollups.differences() == [])
    #expect(try await rollups.run([], hourly).result["reason"].string == "already_done")
    let wrong = try await rollups.run([], ["ROLLUPS_GRANULARITIES": "hourly,yearly"])
    #expect(wrong.exitCode == 78 && wrong.output.contains("«yearly»"))
  }

  @Test(arguments: ["daily", "weekly", "monthly"])
  func `a schedule of one level alone has its parts calculated`(level: String) async throws {
    let rollups = try await Rollups()
    try await rollups.add(300)
    let alone = ["ROLLUPS_GRANULARITIES": level]
    let run = try await rollups.run([], alone)
    #expect(run.exitCode == 0 && run.count("behind") == 0, "\(run.output)")
    let count = "select sum(count) from metric_rollups where granularity = '\(level)'"
    #expect(try await rollups.place.value(count) == "300")
    try await rollups.add("late", at: "2025-06-03T10:20:00Z")
    #expect(try await rollups.run([], alone).exitCode == 0)
    #expect(try await rollups.place.value(count) == "301")
    // What it did not do is done by the one that does.
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `schedules of different sources or ranges are no duplicates of each other`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(100)
    let rebuild = ["JOB_FORCE": "false", "ROLLUPS_MODE": "rebuild"]
    let choices: [[String: String]] = [
      [:], ["ROLLUPS_LOOKBACK": "9d"], ["ROLLUPS_FROM": "2025-11-01"],
      ["ROLLUPS_FROM": "2025-11-02T00:00:00Z"], ["ROLLUPS_TO": "2025-11-01"], ["ROLLUPS_GRANULARITIES": "hourly"],
    ]
    for choice in choices {
      let settings = rebuild.merging(choice) { $1 }
      #expect(try await rollups.run([], settings).result["status"].string == "succeeded", "\(choice)")
      #expect(try await rollups.run([], settings).result["reason"].string == "already_done", "\(choice)")
    }
    // What it would read anyway.
    let same = try await rollups.run([], rebuild.merging(["ROLLUPS_SOURCES": "metric_events"]) { $1 })
    #expect(same.result["reason"].string == "already_done", "\(same.output)")
  }

  @Test func `the log tells what was no bucket's failure`() async throws {
    let rollups = try await Rollups()
    let folder = try TemporaryFolder()
    for (name, text) in [
      "broken": "select 1 as metric\nfrom nowhere",
      "timeless":
        "select 'm' as metric, 'e' as entity_type, 'i' as entity_id, 1 as value, null::timestamptz as occurred_at",
    ] {
      try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
    }
    try await rollups.add(10)
    #expect(try await rollups.run([], ["ROLLUPS_SOURCES_DIR": folder.path]).exitCode == 65)
    #expect(
      try await rollups.place.rows(
        "select concat_ws(' ', job_type, status, errors) as a from metrics_aggregation_jobs_log where errors > 0"
      ).map { $0[0] } == ["hourly partial 2"])
  }

  @Test func `a month that was missed is done in several transactions, and may be stopped and started`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(4000, every: "12 minutes")
    try await rollups.addBusy("2025-10-22")
    let run = try await SteppedRun(Rollups.binary, rollups.environment(), past: "committed")
    // On its way: some days are done.
    var steps = 0
    while try await rollups.place.value("select count(distinct bucket_start::date) >= 5 from metric_rollups") != "true"
    {
      try await run.step()
      steps += 1
    }
    run.process.send(SIGTERM)
    run.letGo()
    let stopped = await run.process.outcome()
    #expect(stopped.exitCode == 143)
    let done = stopped.count("hours") ?? 0
    #expect(done >= 100 && done < 700)
    #expect(try await rollups.queued() > 100)
    let rest = try await rollups.run([], ["JOB_LOG_LEVEL": "debug"])
    #expect(rest.exitCode == 0)
    #expect(done + (rest.count("hours") ?? 0) == 800, "no hour is done twice")
    #expect(try await rollups.differences() == [])
    #expect(rest.errors.split(separator: "\n").count { $0.contains("\"committed\"") } >= 4)
  }

  @Test func `the log has one row for each run and level, of those that run or were killed too`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(500)
    #expect(try await rollups.run().exitCode == 0)
    let columns = """
      select concat_ws(' ', job_type, period_start::date, period_end::date, status, records_processed, errors,
        started_at <= completed_at, duration_seconds >= 0, error_message) as a
      from metrics_aggregation_jobs_log
      """
    let raw = try await rollups.place.value("select count(*) from metric_rollups where granularity = 'hourly'")
    let daily = try await rollups.place.value("select count(*) from metric_rollups where granularity = 'daily'")
    #expect(
      try await rollups.place.rows("\(columns) order by started_at").map { $0[0] } == [
        "hourly 2025-11-05 2025-11-08 succeeded 500 0 t t", "daily 2025-11-05 2025-11-09 succeeded \(raw) 0 t t",
        "weekly 2025-11-03 2025-11-10 succeeded \(daily) 0 t t",
        "monthly 2025-11-01 2025-12-01 succeeded \(daily) 0 t t",
      ])
    // One that stands still on its way, and is killed.
    try await rollups.add(500, before: "2025-10-20T00:00:00Z")
    let run = try await rollups.start(
      until:
        "select count(*) > 0 from metrics_aggregation_jobs_log where status = 'running' and period_start is not null")
    let last = "\(columns) where status <> 'succeeded'"
    #expect(try await rollups.place.rows(last).map { $0[0] }.first?.hasPrefix("hourly 2025-10-1") == true)
    #expect(
      try await rollups.place.value("select status from metrics_aggregation_jobs_log order by started_at desc limit 1")
        == "running")
    try await rollups.kill(run)
    // A bucket that cannot be calculated makes its level partial.
    try await rollups.place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'huge', 'e', 'i', 1e308, timestamptz '2025-11-07 10:00+00' + g * interval '1 minute' from generate_series(1, 2) g
      """)
    #expect(try await rollups.run().exitCode == 65)
    let states = try await rollups.place.rows(
      "select job_type || ' ' || status || ' ' || coalesce(error_message, '') as a from metrics_aggregation_jobs_log where status <> 'succeeded' order by started_at"
    ).map { $0[0] }
    #expect(states.count == 2)
    #expect(states.first == "hourly failed the process ended without closing its run; a later run found it")
    #expect(
      states.last?.hasPrefix("hourly partial metric_events.sql (built in): value out of range") == true, "\(states)")
    // Rows leave with their run.
    try await rollups.place.execute("delete from oneshot.job_runs")
    #expect(try await rollups.place.value("select count(*) from metrics_aggregation_jobs_log") == "0")
  }

  @Test func `after a restore into another cluster a run says so, and a rebuild begins anew`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(300)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute("update oneshot.rollup_positions set seen = '900000000:900000000:'")
    let run = try await rollups.run()
    #expect(run.exitCode == 78 && run.output.contains("another server") && run.output.contains("oneshot after-restore"))
    try await rollups.add("late", at: "2025-09-01T00:00:00Z")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    try await rollups.add("later", at: "2025-09-01T00:00:00Z")
    #expect(try await rollups.run().count("noticed") == 1)
    #expect(try await rollups.differences() == [])
  }

  @Test func `a table that is there already is taken as it is, and not rewritten`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      """
      create table metric_events (id bigint, metric text, entity_type text, entity_id text, value float8,
        occurred_at timestamptz, ingested_at timestamptz);
      insert into metric_events select g, 'm', 'e', 'i', g, timestamptz '2025-11-07' + g * interval '1 minute'
      from generate_series(1, 1000) g;
      """)
    let file = try await place.value("select pg_relation_filenode('metric_events')")
    #expect(try await Binary("oneshot").run(["migrate"], place.environment).exitCode == 0)
    #expect(try await place.value("select pg_relation_filenode('metric_events')") == file)
    let settings = place.environment.merging(["JOB_SCHEDULED_AT": Rollups.now, "JOB_FORCE": "true"]) { $1 }
    #expect(try await Rollups.binary.run([], settings).count("noticed") == 1000)
    try await place.execute(
      "insert into metric_events values (1, 'm', 'e', 'i', 1, '2025-11-07'), (2, 'm', 'e', 'i', 1, null), (3, null, 'e', 'i', 1, '2025-11-07')"
    )
    let loose = try await Rollups.binary.run([], settings)
    #expect(loose.exitCode == 65 && loose.output.contains("1 without metric or entity"), "\(loose.output)")
    #expect(try await place.value("select sum(count) from metric_rollups where granularity = 'monthly'") == "1001")
  }
}

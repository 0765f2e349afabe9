import TestSupport
import Testing

/// What is older than it is to be kept goes, and nothing is ever calculated from what is left.
@Suite(.timeLimit(.minutes(15))) struct RollupRetentionTests {
  private let keeps = [
    "ROLLUPS_KEEP_RAW": "10d", "ROLLUPS_KEEP_HOURLY": "20d", "ROLLUPS_KEEP_DAILY": "40d", "ROLLUPS_KEEP_WEEKLY": "90d",
  ]

  private func oldest(_ rollups: Rollups) async throws -> [String] {
    try await rollups.place.rows(
      """
      select 'events ' || min(occurred_at)::date as a from metric_events
      union all select granularity || ' ' || min(bucket_start)::date from metric_rollups group by granularity order by 1
      """
    ).map { $0[0] }
  }

  @Test func `raw events, hours, days and weeks leave at their age, and longer rollups stay right`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(11_000, every: "13 minutes")
    #expect(try await rollups.run().exitCode == 0)
    let monthly = "select * from metric_rollups where granularity = 'monthly' order by 2, 4, 5, 6"
    let before = try await rollups.place.rows(monthly)
    let run = try await rollups.run([], keeps)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect((run.count("raw_removed") ?? 0) > 5000 && (run.count("rollups_removed") ?? 0) > 5000)
    // Days of weeks and months that hours may still change stay, though they are older than they have to be kept.
    #expect(
      try await oldest(rollups) == [
        "daily 2025-09-29", "events 2025-10-29", "hourly 2025-10-19", "monthly 2025-07-01", "weekly 2025-08-04",
      ])
    #expect(try await rollups.place.rows(monthly) == before)
    #expect(try await rollups.place.value("select count(*) from oneshot.rollup_changes") == "0")
    // Late, but not too late: its week and month are made of all their days.
    try await rollups.add("metric 1", 3, at: "2025-10-30T10:00:00Z")
    #expect(try await rollups.run([], keeps).exitCode == 0)
    let count = "select sum(count) from metric_rollups where granularity = 'monthly'"
    #expect(try await rollups.place.value(count) == "11001")
    #expect(try await rollups.run([], keeps.merging(["ROLLUPS_MODE": "verify"]) { $1 }).exitCode == 0)
    #expect(try await rollups.run([], keeps.merging(["ROLLUPS_MODE": "rebuild"]) { $1 }).exitCode == 0)
    #expect(try await rollups.place.value(count) == "11001")
    // Another zone would need what is gone.
    let other = try await rollups.run([], ["ROLLUPS_TIMEZONE": "Asia/Tokyo", "ROLLUPS_MODE": "rebuild"])
    #expect(other.exitCode == 78 && other.output.contains("no longer there"))
  }

  @Test func `an event that is too late is told, stays where it is, and changes nothing`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(3000, every: "13 minutes")
    #expect(try await rollups.run([], keeps).exitCode == 0)
    let before = try await rollups.versions()
    try await rollups.add("metric 1", 3, at: "2025-10-20T10:10:00Z")
    try await rollups.add("metric 1", 3, at: "2025-10-20T10:20:00Z")
    let run = try await rollups.run([], keeps)
    #expect(run.exitCode == 65 && run.count("touched_hours") == 0)
    #expect(run.result["errors"][0]["item"].string == "metric_events late 2025-10-20T10:00:00Z")
    #expect(run.result["errors"][0]["kind"].string == "too_late")
    #expect(
      try await rollups.place.value("select payload ->> 'events' from oneshot.dead_letters where state = 'pending'")
        == "2")
    #expect(try await rollups.versions() == before)
    let late = "select count(*) from metric_events where occurred_at < '2025-10-29'"
    // A day later, with borders a day on.
    let next = keeps.merging(["JOB_SCHEDULED_AT": "2025-11-09T02:00:00Z"]) { $1 }
    #expect(try await rollups.run([], next).exitCode == 0)
    #expect(try await rollups.place.value(late) == "2")
  }

  @Test func `what is queued for a longer level is kept until that is done`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(3000, every: "13 minutes")
    let hourly = keeps.merging(["ROLLUPS_GRANULARITIES": "hourly"]) { $1 }
    #expect(try await rollups.run([], hourly).exitCode == 0)
    #expect(try await oldest(rollups) == ["events 2025-10-29", "hourly 2025-10-12"])
    #expect(try await rollups.run([], keeps).exitCode == 0)
    #expect(
      try await oldest(rollups)[1...] == [
        "events 2025-10-29", "hourly 2025-10-19", "monthly 2025-10-01", "weekly 2025-10-06",
      ])
    #expect(
      try await rollups.place.value("select sum(count) from metric_rollups where granularity = 'monthly'") == "3000")
  }

  @Test func `a moment of the next century by mistake removes nothing that is young`() async throws {
    let rollups = try await Rollups()
    try await rollups.place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'm', '', '', 1, now() - interval '1 day'
      """)
    let mistaken = keeps.merging(["JOB_SCHEDULED_AT": "2125-11-08T02:00:00Z"]) { $1 }
    #expect(try await rollups.run([], mistaken).exitCode == 75)
    let run = try await rollups.run([], mistaken.merging(["JOB_CLOCK_TOLERANCE": "36525d"]) { $1 })
    #expect(run.exitCode == 0 && run.count("raw_removed") == 0, "\(run.output)")
    #expect(try await rollups.place.value("select count(*) from metric_events") == "1")
  }

  @Test func `a border that is yet to come is named by a check, and a verification goes on`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(100)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute("update oneshot.rollup_positions set raw_from = '2125-06-01 00:00+00'")
    let closed = "a wrong clock has closed hours that are yet to come"
    let check = try await rollups.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains("\(closed): a border of metric_events"), "\(check.output)")
    let verified = try await rollups.run([], ["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0 && verified.errors.contains(closed), "\(verified.output)\(verified.errors)")
    let border = "select raw_from from oneshot.rollup_positions"
    #expect(try await rollups.place.value(border).hasPrefix("2125"))
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await !rollups.place.value(border).hasPrefix("2125"))
    #expect(try await rollups.run(["--check"]).exitCode == 0)
  }

  @Test func `what holds back what is too old is told`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(3000, every: "13 minutes")
    let hourly = keeps.merging(["ROLLUPS_GRANULARITIES": "hourly"]) { $1 }
    let run = try await rollups.run([], hourly)
    #expect(run.errors.contains("stays for daily rollups") && run.errors.contains("2025-10-12"), "\(run.errors)")
    #expect(try await !rollups.run([], keeps).errors.contains("stays for"))
  }

  @Test func `a part that would outlive what is made of it is refused`() async throws {
    let rollups = try await Rollups()
    let run = try await rollups.run([], ["ROLLUPS_KEEP_HOURLY": "20d", "ROLLUPS_KEEP_DAILY": "10d"])
    #expect(run.exitCode == 78)
    #expect(
      run.output.contains("ROLLUPS_KEEP_HOURLY needs ROLLUPS_KEEP_RAW")
        && run.output.contains("ROLLUPS_KEEP_DAILY needs ROLLUPS_KEEP_HOURLY"))
  }

  @Test func `killed between border and removal, the next run removes the rest and no late event`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(3000, every: "13 minutes")
    #expect(try await rollups.run().exitCode == 0)
    // What a run that was killed right after moving its border leaves.
    try await rollups.place.execute(
      "update oneshot.rollup_positions set raw_from = '2025-10-25', raw_seen = seen where source = 'metric_events'")
    try await rollups.add("late", at: "2025-10-20T10:10:00Z")
    #expect(try await rollups.run([], keeps).exitCode == 65)
    #expect(
      try await rollups.place.value(
        "select string_agg(metric, ' ') from metric_events where occurred_at < '2025-10-29'")
        == "late")
  }
}

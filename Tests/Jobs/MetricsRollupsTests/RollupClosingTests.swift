import Foundation
import TestSupport
import Testing

/// Raw events that somebody else deletes, or changes where they are no longer whole.
@Suite(.timeLimit(.minutes(10))) struct RollupClosingTests {
  private let keeps = ["ROLLUPS_KEEP_RAW": "10d"]
  private let months = "select sum(count) from metric_rollups where granularity = 'monthly'"

  @Test func `events deleted as the page says keep their rollups, whatever comes late for them`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(600, every: "31 minutes")
    #expect(try await rollups.run().exitCode == 0)
    let before = try await rollups.versions()
    try await rollups.place.execute(try Page("docs/jobs/metrics-rollups.md").code("close raw"))
    #expect((Int(try await rollups.place.value("select count(*) from metric_events")) ?? 600) < 400)
    #expect(try await rollups.run().count("touched_hours") == 0)
    try await rollups.add("metric 1", at: "2025-10-30T10:10:00Z")
    let late = try await rollups.run()
    #expect(late.exitCode == 65 && late.result["errors"][0]["kind"].string == "too_late")
    #expect(try await rollups.versions() == before)
    // Retention takes nothing that the deleter has left, and the setting was that of one transaction.
    #expect(try await rollups.run([], ["ROLLUPS_KEEP_WEEKLY": "3650d"]).count("raw_removed") == 0)
    try await rollups.place.execute("delete from metric_events where occurred_at >= '2025-11-07 10:00+00'")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.place.value(months) != "600")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
  }

  @Test func `what is not rolled up cannot be closed, nor a part of a day`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(600, every: "31 minutes")
    func close(_ moment: String) async -> String {
      do {
        try await rollups.place.execute("select oneshot.close_raw('metric_events', '\(moment)')")
        return ""
      } catch { return "\(error)" }
    }
    #expect(await close("2025-11-01 00:00+00").contains("has not looked at metric_events"))
    #expect(try await rollups.run().exitCode == 0)
    #expect(await close("2025-11-01 01:00+00").contains("is not where a day begins in UTC"))
    let unfinished = "not all of metric_events before"
    // Not noticed yet; changed; emptied; queued.
    try await rollups.add("late", at: "2025-10-31T22:00:00Z")
    #expect(await close("2025-11-01 00:00+00").contains(unfinished))
    #expect(await close("2025-10-31 00:00+00") == "")
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute("delete from metric_events where metric = 'late'")
    #expect(await close("2025-11-01 00:00+00").contains(unfinished))
    #expect(try await rollups.run().exitCode == 0)
    #expect(await close("2025-11-01 00:00+00") == "")
    try await rollups.place.execute("insert into oneshot.rollup_changes values ('metric_events', null, 'emptied')")
    #expect(await close("2025-11-02 00:00+00").contains(unfinished))
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute(
      "insert into oneshot.rollup_queue values ('metric_events', 'hourly', '2025-11-01 22:00+00')")
    #expect(await close("2025-11-02 00:00+00").contains(unfinished))
    // A border does not move back.
    #expect(await close("2025-10-01 00:00+00") == "")
    #expect(
      try await rollups.place.value("select raw_from from oneshot.rollup_positions") == "2025-11-01 00:00:00+00")
  }

  @Test func `an event that is moved to before the border is told as too late`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(1000, every: "31 minutes")
    #expect(try await rollups.run([], keeps).exitCode == 0)
    try await rollups.place.execute(
      "update metric_events set occurred_at = '2025-10-20 10:10+00' where occurred_at = '2025-11-08 02:00+00'::timestamptz - interval '31 minutes'"
    )
    let run = try await rollups.run([], keeps)
    #expect(run.exitCode == 65 && run.count("touched_hours") == 1, "\(run.output)")
    #expect(run.result["errors"][0]["item"].string == "metric_events changed late 2025-10-20T10:00:00Z")
    #expect(run.result["errors"][0]["kind"].string == "too_late")
    #expect(try await rollups.place.value(months) == "999")
  }

  @Test func `a day in which something is deleted while a run is on its way is not closed by it`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(1000, every: "31 minutes")
    let run = try await SteppedRun(Rollups.binary, rollups.environment(keeps), past: "committed")
    while try await rollups.place.value("select count(*) from oneshot.rollup_positions") == "0" { try await run.step() }
    try await rollups.place.execute(
      "delete from metric_events where occurred_at < '2025-10-21' and occurred_at >= '2025-10-20'")
    let left = try await rollups.place.value("select count(*) from metric_events")
    run.letGo()
    #expect(await run.process.outcome().exitCode == 0)
    #expect(
      try await rollups.place.value("select raw_from <= '2025-10-20' from oneshot.rollup_positions") == "true")
    #expect(try await rollups.run([], keeps).exitCode == 0)
    #expect(try await rollups.place.value(months) == left)
    #expect(
      try await rollups.place.value("select raw_from from oneshot.rollup_positions") == "2025-10-29 00:00:00+00")
  }

  @Test func `of a table without a key only the old events are removed`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      """
      create table metric_events (id bigint, metric text, entity_type text, entity_id text, value float8,
        occurred_at timestamptz);
      insert into metric_events values (1, 'm', 'e', 'old', 1, '2025-07-01'), (1, 'm', 'e', 'new', 1, '2025-11-07'),
        (null, 'm', 'e', 'old', 1, '2025-07-01');
      """)
    #expect(try await Binary("oneshot").run(["migrate"], place.environment).exitCode == 0)
    let settings = place.environment.merging(["JOB_SCHEDULED_AT": Rollups.now, "JOB_FORCE": "true"]) { $1 }
      .merging(keeps) { $1 }
    #expect(try await Rollups.binary.run([], settings).count("raw_removed") == 2)
    #expect(try await place.value("select string_agg(entity_id, ' ') from metric_events") == "new")
    #expect(try await place.value(months) == "3")
  }

  @Test(arguments: ["WEEKLY", "MONTHLY"])
  func `weeks or months that are removed alone differ from nothing, and no rebuild makes them anew`(level: String)
    async throws
  {
    let rollups = try await Rollups()
    try await rollups.add(200, every: "13 hours")
    let keeps = ["ROLLUPS_KEEP_\(level)": "40d"]
    let run = try await rollups.run([], keeps)
    #expect(run.exitCode == 0 && (run.count("rollups_removed") ?? 0) > 0)
    let before = try await rollups.versions()
    let verified = try await rollups.run([], ["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0, "\(verified.output)")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).count("inserted") == 0)
    #expect(try await rollups.versions() == before)
  }
}

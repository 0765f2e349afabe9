import Foundation
import TestSupport
import Testing

/// Calculating anew what is there, and looking whether it is right.
@Suite(.timeLimit(.minutes(15))) struct RollupRebuildTests {
  private let rebuild = ["ROLLUPS_MODE": "rebuild"]
  private let verify = ["ROLLUPS_MODE": "verify"]

  @Test func `a rebuild mends what was altered, added and lost, at every level, and writes no other row`() async throws
  {
    let rollups = try await Rollups()
    try await rollups.add(3000)
    #expect(try await rollups.run().exitCode == 0)
    let before = Set(try await rollups.versions())
    try await rollups.place.execute(
      """
      update metric_rollups set sum = sum + 1 where granularity = 'daily' and bucket_start = '2025-11-05' and metric = 'metric 1';
      delete from metric_rollups where granularity = 'hourly' and bucket_start = '2025-11-06 05:00+00';
      insert into metric_rollups values ('weekly', '2025-11-03', 'metric_events', 'nothing', '', '', 1, 1, 1, 1);
      update metric_rollups set max = 1000 where granularity = 'monthly' and metric = 'metric 2' and entity_id = 'user 1';
      """)
    let run = try await rollups.run([], rebuild)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.count("hours") == run.count("touched_hours") && run.count("deleted") == 1)
    #expect(try await rollups.differences() == [])
    let after = Set(try await rollups.versions())
    #expect(after.subtracting(before).count == (run.count("inserted") ?? 0) + (run.count("updated") ?? 0))
    #expect(try await rollups.run([], rebuild).count("updated") == 0)
  }

  @Test func `a range is rebuilt in whole days, with the weeks and months it lies in, and nothing else`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(3000)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute("update metric_rollups set count = count + 1")
    let borders = ["ROLLUPS_FROM": "2025-11-03", "ROLLUPS_TO": "2025-11-04T05:00:00Z"]
    let run = try await rollups.run([], rebuild.merging(borders) { $1 })
    #expect(["hours", "days", "weeks", "months"].map { run.count($0) } == [48, 2, 1, 1], "\(run.errors)")
    let wrong = try await rollups.place.rows(
      """
      select granularity || ' ' || min(bucket_start)::date || ' ' || count(distinct bucket_start) as a from (\(Rollups.stored) except (\(rollups.plain()))) s
      where bucket_start >= '2025-11-01' group by granularity order by 1
      """
    ).map { $0[0] }
    // A week and a month are the sums of their days, of which some are wrong still.
    #expect(wrong == ["daily 2025-11-01 6", "hourly 2025-11-01 122", "monthly 2025-11-01 1", "weekly 2025-11-03 1"])
    // Two days apart: a range that is none.
    let empty = try await rollups.run(
      [], rebuild.merging(["ROLLUPS_FROM": "2025-11-03", "ROLLUPS_TO": "2025-11-03"]) { $1 })
    #expect(empty.exitCode == 78 && empty.output.contains("is not before"))
  }

  @Test func `a rebuild that is killed goes on where it was, and another range begins anew`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(4000)
    try await rollups.addBusy("2025-11-01")
    let whole = try await rollups.run([], rebuild)
    #expect(whole.exitCode == 0 && whole.count("days") == 21)
    try await rollups.place.execute("delete from metric_rollups")
    let run = try await rollups.start(rebuild, until: "select count(distinct bucket_start) > 100 from metric_rollups")
    try await rollups.kill(run)
    let done = Int(try await rollups.place.value("select count(distinct bucket_start) from metric_rollups")) ?? 0
    #expect(done > 24 && done < 400)
    // The newest come first.
    #expect(
      try await rollups.place.value("select max(bucket_start) from metric_rollups") == "2025-11-08 01:00:00+00")
    // What comes meanwhile is done, too.
    try await rollups.add("late", at: "2025-11-07T22:00:00Z")
    let rest = try await rollups.run([], rebuild)
    #expect(rest.exitCode == 0)
    #expect(rest.count("hours") == (whole.count("hours") ?? 0) - done + 1)
    #expect(try await rollups.differences() == [])
    #expect(try await rollups.run([], rebuild).count("hours") == whole.count("hours"), "it had come to its end")
  }

  @Test func `a rebuild after one that was killed and done by incremental runs is a whole one`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(1000)
    let run = try await rollups.start(rebuild, until: "select count(*) > 0 from metric_rollups")
    try await rollups.kill(run)
    #expect(try await rollups.queued() > 0)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute("update metric_rollups set count = count + 1")
    #expect(try await rollups.run([], rebuild).exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `a rebuild that is killed is not gone on with by another text of its source`() async throws {
    let rollups = try await Rollups()
    let folder = try TemporaryFolder()
    func write(_ value: String) throws {
      try """
      select metric, entity_type, entity_id, \(value) as value, occurred_at from metric_events
      where occurred_at >= :window_start and occurred_at < :window_end
      """.write(toFile: "\(folder.path)/mirror.sql", atomically: true, encoding: .utf8)
    }
    try write("1")
    let settings = rebuild.merging(["ROLLUPS_SOURCES_DIR": folder.path, "ROLLUPS_SOURCES": "mirror"]) { $1 }
    // Older than the look-back, which each run calculates anyway.
    try await rollups.add(250_000, every: "1.68 seconds", before: "2025-10-20T00:00:00Z")
    let done = "select count(distinct bucket_start) from metric_rollups where source = 'mirror'"
    let run = try await SteppedRun(Rollups.binary, rollups.environment(settings), past: "committed")
    while try await rollups.place.value(done) == "0" { try await run.step() }
    run.process.send(SIGKILL)
    _ = await run.process.outcome()
    try await rollups.endOfKilled()
    #expect(try await rollups.queued() > 24)
    try write("2")
    #expect(try await rollups.run([], settings).exitCode == 0)
    #expect(
      try await rollups.place.value("select bool_and(sum = 2 * count) from metric_rollups where source = 'mirror'")
        == "true")
  }

  @Test func `verify names a bucket that was altered by hand, says what is right, writes nothing, and exits 65`()
    async throws
  {
    let rollups = try await Rollups()
    try await rollups.add(1000)
    #expect(try await rollups.run().exitCode == 0)
    let good = try await rollups.run([], verify)
    #expect(good.exitCode == 0 && good.count("differences") == 0 && good.count("pending") == 0)
    #expect((good.count("compared") ?? 0) >= 14)
    try await rollups.place.execute(
      """
      update metric_rollups set sum = sum + 0.25
      where granularity = 'daily' and bucket_start = '2025-11-05' and metric = 'metric 1' and entity_id = 'user 3';
      """)
    let before = try await rollups.versions()
    let bad = try await rollups.run([], verify)
    #expect(bad.exitCode == 65 && bad.count("differences") == 3)
    // An error budget is for rows that nobody can mend.
    #expect(try await rollups.run([], verify.merging(["JOB_ERROR_BUDGET": "50"]) { $1 }).exitCode == 65)
    // The day is not the sum of its hours, and week and month are not that of this day.
    let items = bad.result["errors"].elements.compactMap { $0["item"].string }
    #expect(
      items == [
        "metric_events daily 2025-11-05T00:00:00Z metric 1 user user 3",
        "metric_events monthly 2025-11-01T00:00:00Z metric 1 user user 3",
        "metric_events weekly 2025-11-03T00:00:00Z metric 1 user user 3",
      ])
    #expect(bad.result["errors"][0]["kind"].string == "differs")
    #expect(bad.result["errors"][0]["message"].string?.hasPrefix("stored is count") == true)
    #expect(try await rollups.versions() == before)
    #expect(try await rollups.place.value("select count(*) from oneshot.dead_letters") == "0")
    // Rows that are too many or missing differ, too; a range leaves the rest alone.
    try await rollups.place.execute(
      """
      delete from metric_rollups where granularity = 'hourly' and bucket_start = '2025-11-06 05:00+00';
      insert into metric_rollups values ('hourly', '2025-11-06 06:30+00', 'metric_events', 'x', '', '', 1, 1, 1, 1);
      """)
    let range = ["ROLLUPS_FROM": "2025-11-06", "ROLLUPS_TO": "2025-11-07", "ROLLUPS_GRANULARITIES": "hourly"]
    let missing = try await rollups.run([], verify.merging(range) { $1 })
    let lost = try await rollups.place.value(
      "select count(distinct (metric, entity_id)) from metric_events where date_trunc('hour', occurred_at) = '2025-11-06 05:00+00'"
    )
    #expect(missing.exitCode == 65 && missing.count("differences") == (Int(lost) ?? 0) + 1)
  }

  @Test func `what the next run will do is pending and no difference`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(1000)
    #expect(try await rollups.run([], ["ROLLUPS_GRANULARITIES": "hourly"]).exitCode == 0)
    let days = try await rollups.run([], verify)
    #expect(days.exitCode == 0 && days.count("differences") == 0, "\(days.output)")
    #expect(days.count("pending") == 6)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.add("late", at: "2025-11-05T22:00:00Z")
    try await rollups.place.execute("delete from metric_events where id = 500")
    let late = try await rollups.run([], verify)
    #expect(late.exitCode == 0 && late.count("pending") == 2)
    try await rollups.place.execute("truncate metric_events")
    #expect(try await rollups.run([], verify).exitCode == 0)
  }
}

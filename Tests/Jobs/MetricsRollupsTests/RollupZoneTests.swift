import Foundation
import TestSupport
import Testing

/// Days, weeks and months of a time zone.
@Suite(.timeLimit(.minutes(15))) struct RollupZoneTests {
  // Three that Postgres takes: of the first, `+` lies in the west, and the others have no summer.
  @Test(arguments: ["Europe/Atlantis", "UTC+3", "CEST", "<+03>-3"])
  func `what is no name of a zone is refused before anything is written`(zone: String) async throws {
    let rollups = try await Rollups(zone: zone)
    try await rollups.add(10)
    let run = try await rollups.run()
    #expect(run.exitCode == 78 && run.output.contains("ROLLUPS_TIMEZONE is «\(zone)»"))
    #expect(try await rollups.place.value("select count(*) from oneshot.rollup_positions") == "0")
  }

  @Test func `another zone than before is refused; a rebuild of everything takes it, old borders included`()
    async throws
  {
    let rollups = try await Rollups(zone: "UTC")
    try await rollups.add(1500)
    try await rollups.addBusy("2025-11-05")
    #expect(try await rollups.run().exitCode == 0)
    let kolkata = ["ROLLUPS_TIMEZONE": "Asia/Kolkata"]
    let before = try await rollups.versions()
    let range = ["ROLLUPS_MODE": "rebuild", "ROLLUPS_FROM": "2025-11-01"]
    for settings in [[:], range, ["ROLLUPS_MODE": "verify"]] {
      let refused = try await rollups.run([], kolkata.merging(settings) { $1 })
      #expect(refused.exitCode == 78 && refused.output.contains("calculated for «UTC»"), "\(refused.output)")
    }
    let weeks = ["ROLLUPS_MODE": "rebuild", "ROLLUPS_GRANULARITIES": "weekly"]
    let some = try await rollups.run([], kolkata.merging(weeks) { $1 })
    #expect(some.exitCode == 78 && some.output.contains("Leave ROLLUPS_GRANULARITIES out"), "\(some.output)")
    #expect(try await rollups.versions() == before)

    // Killed on its way, and an incremental run goes on with it.
    let rebuild = kolkata.merging(["ROLLUPS_MODE": "rebuild"]) { $1 }
    let run = try await rollups.start(
      rebuild, until: "select exists (select from metric_rollups where bucket_start::text like '%:30:%')")
    try await rollups.kill(run)
    #expect(try await rollups.queued() > 50)
    #expect(try await rollups.run([], kolkata).exitCode == 0)
    #expect(try await rollups.differences(in: "Asia/Kolkata") == [])
    #expect(try await rollups.run([], kolkata.merging(["ROLLUPS_MODE": "verify"]) { $1 }).exitCode == 0)
    // And back in one go.
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  /// Zones in which a plain `date_trunc` is no help: clocks are set back over midnight, or by half an hour.
  @Test(arguments: ["America/Havana", "Atlantic/Azores", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"])
  func `every event is in one bucket of each level, whatever the zone does`(zone: String) async throws {
    let rollups = try await Rollups(zone: zone)
    // Around each change of the clock since 2009.
    try await rollups.place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'm', '', '', 1, at + i * interval '29 minutes'
      from (
        select at, (at at time zone '\(zone)') - (at at time zone 'UTC') as shift,
          lag((at at time zone '\(zone)') - (at at time zone 'UTC')) over (order by at) as before
        from generate_series(timestamptz '2009-01-01', '2012-06-01', interval '1 day') at) shifts
      cross join generate_series(-60, 10) i
      where shift <> before
      """)
    #expect(try await rollups.run().exitCode == 0)
    // By the days themselves: from the first moment that the clock shows a date to the first of the next.
    let wrong = try await rollups.place.rows(
      """
      with days as (
        select min(at) as start from generate_series(timestamptz '2008-12-30', '2012-06-10', interval '30 minutes') at
        group by (at at time zone '\(zone)')::date),
      spans as (select start, lead(start) over (order by start) as until from days)
      select coalesce(a.start, b.start)::text || ' ' || coalesce(a.n, 0) || ' ' || coalesce(b.n, 0) as a
      from (
        select start, count(*) as n from spans join metric_events on occurred_at >= start and occurred_at < until
        group by 1) a
      full join (select bucket_start as start, count as n from metric_rollups where granularity = 'daily') b using (start)
      where a.n is distinct from b.n
      """
    ).map { $0[0] }
    #expect(wrong == [])
    for level in Rollups.levels {
      #expect(
        try await rollups.place.value("select sum(count) from metric_rollups where granularity = '\(level)'")
          == rollups.place.value("select count(*) from metric_events"), "\(level)")
    }
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
  }
}

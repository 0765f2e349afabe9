import TestSupport
import Testing

/// Of which days a source's calendar is kept: each run compares all of them with the zone's rules.
@Suite(.timeLimit(.minutes(5))) struct RollupKnownDaysTests {
  private let known = """
    select (select min(key) from jsonb_each(calendar)) || ' to ' || calendar_until
    from oneshot.rollup_positions where source = 'metric_events'
    """

  @Test func `a source without events has no calendar, and its first events give it one of their days`() async throws {
    let rollups = try await Rollups(zone: "Europe/Berlin")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.place.value(known) == "NULL")
    try await rollups.add("first", at: "2025-11-07 10:00+00")
    #expect(try await rollups.run().exitCode == 0)
    // The week and the month that the event lies in begin less than 45 days before it.
    #expect(try await rollups.place.value(known) == "2025-09-23 to 2026-02-05")
    #expect(try await rollups.differences() == [])
  }

  @Test func `a calendar of two centuries is cut to the days that are stored, and keeps what it says of them`()
    async throws
  {
    let rollups = try await Rollups(zone: "Europe/Berlin")
    try await rollups.add(1200, every: "8 hours")
    #expect(try await rollups.run().exitCode == 0)
    let shifts = """
      select string_agg(days.day || ' ' || (
        select value from jsonb_each_text(calendar) where key::date <= days.day order by key desc limit 1), ',' order by days.day)
      from oneshot.rollup_positions, generate_series(date '2024-10-20', date '2025-12-01', '1 day') as at,
        lateral (select at::date as day) as days
      where source = 'metric_events'
      """
    let before = try await rollups.place.value(shifts)
    #expect(before.contains("2024-10-27 -7200,2024-10-28 -3600") && before.contains("2025-12-01 -3600"))
    try await rollups.place.execute(
      """
      update oneshot.rollup_positions
      set calendar = oneshot.calendar(timezone, '1900-01-01', '2100-01-01'), calendar_until = '2100-01-01';
      insert into oneshot.rollup_positions (source, timezone, calendar, calendar_until)
      select 'empty', timezone, calendar, calendar_until from oneshot.rollup_positions;
      delete from oneshot.migrations where line = 'rollups' and number = 14;
      """)
    #expect(try await Binary("oneshot").run(["migrate"], rollups.place.environment).exitCode == 0)
    let until = try await rollups.place.value("select max(calendar_until) from oneshot.rollup_positions")
    #expect(until < "2026-04" && until > "2026-01", "\(until)")
    #expect(try await rollups.place.value(known) > "2024")
    #expect(try await rollups.place.value(shifts) == before)
    let next = try await rollups.run()
    #expect(next.exitCode == 0 && next.count("hours") == 0 && !next.errors.contains("have changed"), "\(next.errors)")
  }
}

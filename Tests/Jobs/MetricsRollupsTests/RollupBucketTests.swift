import TestSupport
import Testing

/// The buckets of many moments are looked up together.
@Suite(.timeLimit(.minutes(15))) struct RollupBucketTests {
  /// Clocks that are set by an hour or half of one, over midnight, and over a whole day.
  @Test(arguments: [
    "UTC", "Asia/Kathmandu", "Europe/Berlin", "America/Havana", "Atlantic/Azores", "Australia/Lord_Howe",
    "America/St_Johns", "Pacific/Apia",
  ])
  func `many moments, or one, lie in the buckets that the clock of the zone shows`(zone: String) async throws {
    let place = try await Place()
    // Around each change of the clock, and now and then between. A day begins when the clock first shows its date.
    try await place.execute(
      """
      create table moments as
      select at + i * interval '29 minutes' as moment
      from (
        select at, (at at time zone '\(zone)') - (at at time zone 'UTC') as shift,
          lag((at at time zone '\(zone)') - (at at time zone 'UTC')) over (order by at) as before
        from generate_series(timestamptz '2011-02-20', '2012-01-15', interval '1 day') at) shifts
      cross join generate_series(-60, 10) i
      where shift <> before
      union select generate_series(timestamptz '2011-02-20', '2012-01-15', '5 days 3 hours 7 minutes');
      create table expected as
      with days as (
        select day, min(at) as start
        from (
          select at, (at at time zone '\(zone)')::date as day
          from generate_series(timestamptz '2010-12-25', '2012-03-10', interval '15 minutes') at) clock
        group by day
      ), spans as (select day, start, lead(start) over (order by day) as until from days),
      placed as (
        select moment, spans.*, start + floor(extract(epoch from moment - start) / 3600) * interval '1 hour' as hour,
          date_trunc('week', day::timestamp)::date as week, date_trunc('month', day::timestamp)::date as month
        from moments join spans on moment >= start and moment < until
      )
      select moment, level, opens, closes, case level when 'hourly' then start else opens end as day_start
      from placed
      cross join lateral (
        select 'hourly' as level, hour as opens, least(hour + interval '1 hour', until) as closes
        union all select 'daily', start, until
        union all
        select 'weekly', (select min(start) from days where days.day >= week), (select min(start) from days where days.day >= week + 7)
        union all
        select 'monthly', (select min(start) from days where days.day >= month),
          (select min(start) from days where days.day >= month + interval '1 month')) as buckets
      """)
    #expect(try #require(Int(try await place.value("select count(*) from expected"))) > 250)
    let levels = "'{hourly,daily,weekly,monthly}'"
    let together =
      "select * from oneshot.buckets(array(select moment from moments order by random()), \(levels), '\(zone)')"
    #expect(
      try await place.rows(
        """
        (select 'too much' as a, row(t.*)::text as b from (\(together) except all select distinct level, opens, closes, day_start from expected) t limit 5)
        union all
        (select 'missing', row(t.*)::text from (select distinct level, opens, closes, day_start from expected except all \(together)) t limit 5)
        """) == [])
    #expect(
      try await place.rows(
        """
        select level as a, moment::text as b from expected
        where (opens, closes) is distinct from (oneshot.bucket_start(level, moment, '\(zone)'), oneshot.bucket_end(level, moment, '\(zone)'))
        limit 5
        """) == [])
  }

  @Test func `no moment, or none in the calendar, lies in no bucket`() async throws {
    let place = try await Place()
    for moments in ["'{}'", "null", "'{null,infinity,-infinity}'"] {
      #expect(
        try await place.value("select count(*) from oneshot.buckets(\(moments), '{hourly,daily}', 'Europe/Berlin')")
          == "0",
        "\(moments)")
    }
  }

  /// What they cost is the most of a run over few events on many days, so that they are not looked up for each event and level.
  @Test func `a rebuild looks up the buckets of its events together`() async throws {
    let rollups = try await Rollups(zone: "Europe/Berlin")
    try await rollups.add(800, every: "12 hours")
    let database = try await rollups.place.databaseName()
    try await rollups.place.execute("alter database \(database) set track_functions = 'pl'")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    // Written by the run's session when it ends.
    let calls = "select coalesce(sum(calls), 0) from pg_stat_user_functions where funcname ="
    try await eventually { try await rollups.place.value("\(calls) 'buckets'") != "0" }
    let single = try await rollups.place.value("\(calls) any ('{bucket_start,bucket_end}')")
    // 800 hours and 486 longer buckets: each is looked for once where the index is walked, or its parts are counted.
    #expect((Int(single) ?? .max) < 2000, "\(single)")
    #expect(try await rollups.differences() == [])
  }
}

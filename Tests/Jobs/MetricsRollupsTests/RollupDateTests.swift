import TestSupport
import Testing

/// Sources whose times are dates, or times without a zone.
@Suite(.timeLimit(.minutes(15))) struct RollupDateTests {
  private static func text(_ time: String) -> String {
    """
    select 'sales' as metric, 'shop' as entity_type, '1' as entity_id, amount as value, \(time) as occurred_at
    from sales where day >= :window_start and day < :window_end
    """
  }

  /// With fifty-four days up to the run's, of which each has its number as an amount.
  private func sources(_ zone: String, _ time: String = "day") async throws -> RollupSources {
    let sources = try await RollupSources(zone: zone)
    try await sources.rollups.place.execute(
      """
      create domain a_day as date;
      create table sales (day date, amount int, written_by xid8 not null default pg_current_xact_id());
      insert into sales select date '2025-09-15' + g, g from generate_series(0, 53) g;
      """)
    try sources.write(["sales": Self.text(time)])
    return sources
  }

  /// Days of rollups that are no row's, or have another amount; and months that are not the sum of their dates.
  private func differences(_ sources: RollupSources) async throws -> [String] {
    let zone = sources.rollups.zone
    return try await sources.rollups.place.rows(
      """
      select concat_ws(' ', coalesce(stored.day, right_one.day), stored.sum, right_one.sum) as a
      from (
        select granularity, (bucket_start at time zone '\(zone)')::date as day, sum from metric_rollups
        where source = 'sales' and granularity in ('daily', 'monthly')) as stored
      full join (
        select 'daily' as granularity, day, sum(amount) as sum from sales group by 2
        union all select 'monthly', date_trunc('month', day::timestamp)::date, sum(amount) from sales group by 2) as right_one
      using (granularity, day)
      where stored.sum is distinct from right_one.sum order by 1 limit 5
      """
    ).map { $0[0] }
  }

  @Test(
    arguments: ["America/New_York", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"],
    ["day", "day::a_day", "day, written_by"])
  func `a date is the day of its name in the time zone of the rollups`(zone: String, time: String) async throws {
    let sources = try await sources(zone, time.replacing(", written_by", with: ""))
    if time.contains("written_by") {
      try sources.write(["sales": Self.text("day").replacing(" as occurred_at", with: " as occurred_at, written_by")])
      try await sources.rollups.place.execute("select oneshot.rollups_track('sales', 'sales', 'day', '\(zone)')")
    }
    let first = try await sources.run()
    #expect(first.exitCode == 0, "\(first.output)")
    #expect(try await differences(sources) == [])
    try await sources.rollups.place.execute(
      """
      update sales set amount = amount + 100 where day = '2025-11-07';
      insert into sales values ('2025-11-07', 7);
      """)
    #expect(try await sources.run().exitCode == 0)
    #expect(try await differences(sources) == [])
    let verified = try await sources.run(["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0 && (verified.count("compared") ?? 0) > 60, "\(verified.output)")
    let month = ["ROLLUPS_MODE": "rebuild", "ROLLUPS_FROM": "2025-10-01", "ROLLUPS_TO": "2025-11-01"]
    let rebuilt = try await sources.run(month)
    #expect(rebuilt.exitCode == 0 && rebuilt.count("hours") == 31 && rebuilt.count("updated") == 0, "\(rebuilt.output)")
  }

  @Test func `a row of a date that is left out is named as of another source`() async throws {
    let sources = try await sources("America/St_Johns")
    try await sources.rollups.place.execute("update sales set amount = null where day = '2025-11-06'")
    let run = try await sources.run()
    #expect(
      run.result["errors"].elements.map { $0["item"].string } == ["sales hourly 2025-11-06T03:30:00Z"], "\(run.output)")
    try await sources.rollups.place.execute("insert into sales values ('1850-06-01', 1), ('infinity', 1)")
    #expect(try await sources.run(["ROLLUPS_MODE": "rebuild"]).count("failed") == 1)
  }

  @Test(arguments: [
    (
      "day::timestamp",
      "sales.sql: occurred_at has no time zone. Write in which one it is: … at time zone 'Asia/Tokyo' as"
    ),
    ("day::text", "sales.sql: occurred_at is of type text"),
    ("'2025-11-07 10:00'", "sales.sql: occurred_at is of type text"),
  ])
  func `a time of which nobody knows the moment is refused, with the line to write`(time: String, said: String)
    async throws
  {
    let sources = try await sources("Asia/Tokyo", time)
    try await sources.rollups.add(10)
    let check = try await sources.run([:], ["--check"])
    #expect(check.exitCode == 78 && check.output.contains(said), "\(check.output)")
    let run = try await sources.run()
    #expect(run.exitCode == 65 && run.output.contains(said), "\(run.output)")
    #expect(try await sources.rollups.differences() == [])
    try sources.write(["sales": Self.text("day::timestamp at time zone 'Asia/Tokyo'")])
    #expect(try await sources.run().exitCode == 0)
    #expect(try await sources.run([:], ["--check"]).exitCode == 0)
  }
}

import TestSupport
import Testing

/// Events at moments that no bucket can hold, in a table that was there before.
@Suite(.timeLimit(.minutes(10))) struct RollupCalendarTests {
  private let outside = [
    "-infinity", "4714-11-24 00:00:00+00 BC", "0044-03-15 12:00:00+00 BC", "0001-01-01 00:00:00+00",
    "9999-12-31 23:59:59+00", "294276-12-31 23:59:59.999999+00", "infinity",
  ]

  /// With events at all of them, and two that lie in October and in November.
  private func place() async throws -> Place {
    let place = try await Place(migrated: false)
    let moments = outside + ["2025-10-01 10:00:00+00", "2025-11-07 10:00:00+00"]
    try await place.execute(
      """
      create table metric_events (metric text, entity_type text, entity_id text, value float8, occurred_at timestamptz);
      insert into metric_events values \(moments.map { "('m', 'e', 'i', 1, '\($0)')" }.joined(separator: ", "));
      """)
    #expect(try await Binary("oneshot").run(["migrate"], place.environment).exitCode == 0)
    return place
  }

  private func run(_ place: Place, _ more: [String: String] = [:]) async throws -> Binary.Outcome {
    let settings = ["JOB_SCHEDULED_AT": Rollups.now, "JOB_FORCE": "true", "ROLLUPS_ON_EMPTIED": "remove"]
    return try await Rollups.binary.run([], place.environment.merging(settings) { $1 }.merging(more) { $1 })
  }

  private let months = "select sum(count) from metric_rollups where granularity = 'monthly'"

  @Test func `they are counted and named when they are noticed, and the others are rolled up`() async throws {
    let place = try await place()
    let first = try await run(place)
    #expect(first.exitCode == 65 && first.count("failed") == 1, "\(first.output)")
    #expect(first.result["errors"][0]["item"].string == "metric_events outside of the calendar")
    #expect(first.result["errors"][0]["message"].string?.contains("left out: 7 before") == true, "\(first.output)")
    #expect(first.count("queued") == 0)
    #expect(try await place.value(months) == "2")
    #expect(try await run(place).exitCode == 0)
  }

  @Test(arguments: ["delete from metric_events", "update metric_events set value = 2"])
  func `changed or deleted, they hold up nothing: not a run, not retention, not close_raw`(change: String) async throws
  {
    let place = try await place()
    #expect(try await run(place).exitCode == 65)
    for moment in outside { try await place.execute("\(change) where occurred_at = '\(moment)'") }
    let changed = try await run(place)
    #expect(changed.exitCode == 65 && changed.count("queued") == 0, "\(changed.output)")
    #expect(changed.result["errors"][0]["message"].string?.contains("moments were changed or deleted") == true)
    #expect(try await place.value("select count(*) from oneshot.rollup_queue") == "0")
    let kept = try await run(place, ["ROLLUPS_KEEP_RAW": "20d"])
    #expect(kept.exitCode == 0 && kept.count("raw_removed") == 1, "\(kept.output)")
    try await place.execute("select oneshot.close_raw('metric_events', '2025-11-01 00:00+00')")
    #expect(try await place.value(months) == "2")
  }

  @Test func `an event that is moved into the calendar is counted, and one that is moved out of it is not`()
    async throws
  {
    let place = try await place()
    #expect(try await run(place).exitCode == 65)
    try await place.execute(
      """
      update metric_events set occurred_at = '2025-11-02 10:00+00' where occurred_at = 'infinity';
      update metric_events set occurred_at = 'infinity' where occurred_at = '2025-10-01 10:00+00';
      """)
    #expect(try await run(place).exitCode == 65)
    #expect(
      try await place.value(
        "select string_agg(bucket_start::date::text, ' ' order by bucket_start) from metric_rollups where granularity = 'daily'"
      )
        == "2025-11-02 2025-11-07")
  }
}

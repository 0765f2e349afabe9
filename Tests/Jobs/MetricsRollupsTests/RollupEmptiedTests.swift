import TestSupport
import Testing

/// Days whose rows are gone, though nobody has called `oneshot.close_raw`.
@Suite(.timeLimit(.minutes(15))) struct RollupEmptiedTests {
  private let rollups: Rollups
  private let thursday = "occurred_at >= '2025-11-06' and occurred_at < '2025-11-07'"

  /// With events of four days, rolled up.
  init() async throws {
    rollups = try await Rollups()
    try await rollups.add(600)
    #expect(try await run().exitCode == 0)
  }

  /// As without the setting, unless it is given.
  private func run(_ settings: [String: String] = [:], _ arguments: [String] = []) async throws -> Binary.Outcome {
    let own = ["JOB_SCHEDULED_AT": Rollups.now, "JOB_FORCE": "true"]
    return try await Rollups.binary.run(
      arguments, rollups.place.environment.merging(own) { $1 }.merging(settings) { $1 })
  }

  private func letters() async throws -> String {
    try await rollups.place.value("select count(*) from oneshot.dead_letters where state = 'pending'")
  }

  /// As a partition that is dropped: no trigger fires.
  private func drop(_ condition: String) async throws {
    try await rollups.place.execute(
      """
      alter table metric_events disable trigger user;
      delete from metric_events where \(condition);
      alter table metric_events enable trigger user;
      alter table metric_events enable replica trigger metric_events_applied;
      alter table metric_events enable replica trigger metric_events_copied;
      alter table metric_events enable always trigger metric_events_truncated;
      """)
  }

  @Test(arguments: [false, true])
  func `their rollups stay, and the day is named until it is closed`(isNoticed: Bool) async throws {
    let before = try await rollups.versions()
    let rebuild = ["ROLLUPS_MODE": "rebuild"]
    if isNoticed {
      try await rollups.place.execute("delete from metric_events where \(thursday)")
    } else {
      try await drop(thursday)
    }
    let planned = try await run(isNoticed ? [:] : rebuild, ["--plan"])
    #expect(planned.count("emptied_days") == 1, "\(planned.output)")
    #expect(
      planned.errors.contains("1 days of metric_events from 2025-11-06T00:00:00Z to 2025-11-07T00:00:00Z")
        && planned.errors.contains("would be kept"), "\(planned.errors)")
    let first = try await run(isNoticed ? [:] : rebuild)
    #expect(first.exitCode == 65 && first.count("emptied_days") == 1 && first.count("deleted") == 0, "\(first.output)")
    #expect(first.result["errors"][0]["item"].string == "metric_events emptied 2025-11-06T00:00:00Z")
    #expect(try await rollups.versions() == before)
    // It is in no queue, and named again by who would delete it again.
    #expect(try await run().exitCode == 0)
    #expect(try await run(rebuild).exitCode == 65)
    #expect(try await rollups.versions() == before)
    #expect(try await letters() == "1")
    let message = first.result["errors"][0]["message"].string ?? ""
    let call = try #require(message.firstMatch(of: /select oneshot.close_raw\([^)]*\)/))
    try await rollups.place.execute(String(call.output))
    #expect(try await run().exitCode == 0)
    #expect(try await letters() == "0")
    #expect(try await run(rebuild).exitCode == 0)
    #expect(try await rollups.versions() == before)
  }

  @Test func `those of hours go, and those of days where they are to`() async throws {
    try await rollups.place.execute("delete from metric_events where \(thursday) and occurred_at < '2025-11-06 23:00'")
    #expect(try await run().exitCode == 0)
    #expect(try await rollups.differences() == [])
    try await rollups.place.execute("delete from metric_events where \(thursday)")
    #expect(try await run().exitCode == 65)
    let plan = ["ROLLUPS_MODE": "rebuild", "ROLLUPS_ON_EMPTIED": "remove"]
    #expect(try await run(plan, ["--plan"]).errors.contains("would be removed"))
    let removed = try await run(plan)
    #expect(removed.exitCode == 0 && (removed.count("deleted") ?? 0) > 0, "\(removed.output)")
    #expect(try await rollups.differences() == [])
    #expect(try await letters() == "0")
  }

  @Test func `of many days that are calculated together only those stay that have no rows`() async throws {
    try await rollups.add(400, every: "12 hours")
    #expect(try await run().exitCode == 0)
    try await rollups.place.execute(
      """
      delete from metric_events where occurred_at >= '2025-06-10' and occurred_at < '2025-06-20';
      delete from metric_events where occurred_at < '2025-08-01' and extract(hour from occurred_at) < 12;
      """)
    let run = try await run()
    #expect(run.exitCode == 65 && run.count("emptied_days") == 10, "\(run.output)")
    let mornings = """
      select string_agg(distinct bucket_start::date::text, ' ' order by bucket_start::date::text) from metric_rollups
      where granularity = 'hourly' and bucket_start < '2025-08-01' and extract(hour from bucket_start) < 12
      """
    #expect(
      try await rollups.place.value(mornings) == (10...19).map { "2025-06-\($0)" }.joined(separator: " "))
  }

  @Test func `for another time zone they cannot stay`() async throws {
    try await drop(thursday)
    let kolkata = ["ROLLUPS_MODE": "rebuild", "ROLLUPS_TIMEZONE": "America/New_York"]
    // In New York the day has rows of what is another one in UTC.
    #expect(try await run(kolkata).exitCode == 0)
    try await drop("occurred_at < '2025-11-08'")
    let refused = try await run(["ROLLUPS_MODE": "rebuild"])
    #expect(refused.exitCode == 78 && refused.output.contains("no longer any rows"), "\(refused.output)")
    #expect(try await rollups.place.value("select timezone from oneshot.rollup_positions") == "America/New_York")
    #expect(try await run(["ROLLUPS_MODE": "rebuild", "ROLLUPS_ON_EMPTIED": "remove"]).exitCode == 0)
    #expect(try await rollups.differences() == [])
  }
}

import TestSupport
import Testing

/// Row 16: a clock that is ahead, the host's or the scheduler's, makes nothing old.
///
/// Nothing irreversible depends on it.
@Suite(.timeLimit(.minutes(10))) struct ClockAheadTests {
  /// Who says that it is much later than it is, and what a run is told of clocks.
  enum Cause: String, CaseIterable {
    case host, slot
    /// The same where every difference is tolerated: then Postgres' clock alone keeps what is young.
    case toleratedHost, toleratedSlot

    var isTolerated: Bool { self == .toleratedHost || self == .toleratedSlot }

    /// What leads a run astray.
    func settings(_ clock: WallClock) throws -> [String: String] {
      let tolerance = isTolerated ? ["JOB_CLOCK_TOLERANCE": "36525d"] : [:]
      switch self {
      case .host, .toleratedHost:
        try clock.set(400 * 86_400)
        return clock.environment.merging(tolerance) { $1 }
      case .slot, .toleratedSlot: return tolerance.merging(["JOB_SCHEDULED_AT": "2099-01-01T00:00:00Z"]) { $1 }
      }
    }
  }

  private func expectRefusedOrHarmless(_ run: Binary.Outcome, _ cause: Cause) {
    if cause.isTolerated {
      #expect(run.exitCode == 0, "\(run.output)")
    } else {
      #expect(run.exitCode == 75 && run.result["error", "kind"].string == "clock", "\(run.output)")
    }
  }

  @Test(arguments: Cause.allCases)
  func `16: no event and no rollup is removed before its time`(cause: Cause) async throws {
    let clock = try await WallClock()
    let rollups = try await Rollups()
    try await rollups.add(300, before: "\(rollups.place.value("now()"))")
    let environment = rollups.place.environment.merging([
      "ROLLUPS_KEEP_RAW": "90d", "ROLLUPS_KEEP_HOURLY": "90d", "ROLLUPS_KEEP_DAILY": "90d",
      "ROLLUPS_KEEP_WEEKLY": "90d", "ROLLUPS_KEEP_MONTHLY": "90d",
    ]) { $1 }
    #expect(try await Rollups.binary.run([], environment).exitCode == 0)
    let kept = """
      (select count(*) from metric_events) || ' ' || (select md5(string_agg(r::text, '' order by r::text)) from metric_rollups r)
      """
    let before = try await rollups.place.value(kept)
    let run = try await Rollups.binary.run([], environment.merging(cause.settings(clock)) { $1 })
    expectRefusedOrHarmless(run, cause)
    #expect(try await rollups.place.value(kept) == before)
    #expect(
      try await rollups.place.value(
        "select bool_or(greatest(raw_from, hourly_from, daily_from, weekly_from, monthly_from) > now() - interval '80 days') from oneshot.rollup_positions"
      ) != "true")
  }

  @Test func `16: a border that lies in the future comes back, removes nothing, and later events count`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(300, before: "\(rollups.place.value("now()"))")
    let environment = rollups.place.environment.merging([
      "ROLLUPS_KEEP_RAW": "1d", "ROLLUPS_KEEP_HOURLY": "90d", "ROLLUPS_KEEP_DAILY": "90d",
    ]) { $1 }
    #expect(try await Rollups.binary.run([], environment).exitCode == 0)
    // As the run of a host has left it that was 400 days ahead and did not come to removing anything.
    try await rollups.place.execute(
      """
      update oneshot.rollup_positions set raw_from = oneshot.bucket_start('daily', now() + interval '400 days', timezone),
        hourly_from = oneshot.bucket_start('daily', now() + interval '310 days', timezone),
        daily_from = oneshot.bucket_start('monthly', now() + interval '220 days', timezone)
      """)
    let hours = "select sum(count) from metric_rollups where granularity = 'hourly'"
    let events = "select count(*) from metric_events"
    let before = try await (rollups.place.value(hours), rollups.place.value(events))
    try await rollups.add("late", at: rollups.place.value("now() + interval '3 days'"))
    let run = try await Rollups.binary.run([], environment)
    #expect(run.exitCode == 0 && run.errors.contains("closed hours that are yet to come"), "\(run.output)\(run.errors)")
    #expect(try await rollups.place.value(hours) == "\((Int(before.0) ?? 0) + 1)")
    #expect(try await rollups.place.value(events) == "\((Int(before.1) ?? 0) + 1)")
    let ahead = "bool_or(greatest(raw_from, hourly_from) > now() + interval '26 hours')"
    #expect(try await rollups.place.value("select \(ahead) from oneshot.rollup_positions") == "false")
    let again = try await Rollups.binary.run([], environment)
    #expect(again.exitCode == 0 && !again.errors.contains("yet to come"), "\(again.errors)")
  }

  @Test(arguments: Cause.allCases)
  func `16: no row leaves the history of boards before its time`(cause: Cause) async throws {
    let clock = try await WallClock()
    let boards = try await Leaderboards()
    try await boards.place.execute(
      """
      insert into top_stats_history (board, computed_at, rank, member, score)
      select 'x', now() - n * interval '1 day', rank, rank, 1 from generate_series(1, 9) n, generate_series(1, 100) rank
      """)
    let environment = boards.place.environment.merging(["TOP_STATS_HISTORY_KEEP": "90d"]) { $1 }
    let run = try await Leaderboards.binary.run([], environment.merging(cause.settings(clock)) { $1 })
    expectRefusedOrHarmless(run, cause)
    #expect(try await boards.place.value("select count(*) from top_stats_history where board = 'x'") == "900")
  }

  @Test(arguments: Cause.allCases)
  func `16: no day is completed that is not over by Postgres' clock`(cause: Cause) async throws {
    let clock = try await WallClock()
    let usage = try await Usage()
    let today = try await usage.place.value("(now() at time zone 'UTC')::date")
    try await usage.set(["m:\(today):x": "5"])
    let environment = usage.place.environment.merging(["USAGE_DAYS": today]) { $1 }
    let run = try await Usage.binary.run([], environment.merging(cause.settings(clock)) { $1 })
    expectRefusedOrHarmless(run, cause)
    #expect(try await usage.completed() == [])
  }

  @Test(arguments: [Cause.host, .toleratedHost])
  func `16: no run leaves the ledger before its time`(cause: Cause) async throws {
    let clock = try await WallClock()
    let usage = try await Usage()
    for _ in 1...2 { #expect(try await Usage.binary.run([], usage.place.environment).exitCode == 0) }
    try await usage.place.execute("update oneshot.job_runs set started_at = started_at - interval '80 days'")
    let run = try await Usage.binary.run([], usage.place.environment.merging(cause.settings(clock)) { $1 })
    expectRefusedOrHarmless(run, cause)
    let old = "select count(*) from oneshot.job_runs where started_at < now() - interval '70 days'"
    #expect(try await usage.place.value(old) == "2")
  }
}

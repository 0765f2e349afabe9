import TestSupport
import Testing

/// A zone whose rules change under its name: what was calculated by the old ones is calculated again.
@Suite(.timeLimit(.minutes(10))) struct RollupZoneRulesTests {
  /// What Berlin's clocks do.
  enum Rules: CaseIterable {
    case withSummer
    case withoutSummer

    var other: Rules { self == .withSummer ? .withoutSummer : .withSummer }
  }

  /// A run that has rolled up four hundred days by these rules.
  private func rollups(_ rules: Rules) async throws -> Rollups? {
    guard try await canMountPrivately(for: "a zone whose rules change") else { return nil }
    let rollups = try await Rollups(zone: "Europe/Berlin", on: PrivateServers.start())
    try await take(rules, rollups)
    try await rollups.add(1200, every: "8 hours")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
    return rollups
  }

  private func take(_ rules: Rules, _ rollups: Rollups) async throws {
    let servers = rollups.place.servers
    try await onThread {
      try servers.stopPostgres(.fast)
      switch rules {
      case .withSummer: try servers.startPostgres()
      case .withoutSummer: try servers.startPostgres(findingRulesOf: "Etc/GMT-1", as: "Europe/Berlin")
      }
    }
    await rollups.place.reconnect()
    let midnight = try await rollups.place.value("timestamp '2025-07-01' at time zone 'Europe/Berlin'")
    #expect(midnight == "2025-06-30 \(rules == .withSummer ? "22" : "23"):00:00+00")
  }

  @Test(arguments: Rules.allCases)
  func `days that begin elsewhere are calculated again, and no others are written`(rules: Rules) async throws {
    guard let rollups = try await rollups(rules) else { return }
    let winter = """
      select string_agg(xmin::text || bucket_start, ' ' order by bucket_start, metric, entity_id) from metric_rollups
      where granularity = 'daily' and bucket_start between '2024-11-02 12:00+00' and '2025-03-28 12:00+00'
      """
    let before = try await rollups.place.value(winter)
    #expect(try await rollups.run().count("hours") == 0)
    try await take(rules.other, rollups)
    let verified = try await rollups.run([], ["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0 && (verified.count("pending") ?? 0) > 200, "\(verified.output)")
    let planned = try await rollups.run(["--plan"])
    #expect((planned.count("touched_hours") ?? 0) > 500, "\(planned.output)")
    #expect(planned.errors.contains("the rules of the time zone Europe/Berlin have changed"), "\(planned.errors)")
    // One that does hours and days: weeks and months stay queued for the one that does them.
    let short = try await rollups.run([], ["ROLLUPS_GRANULARITIES": "hourly,daily"])
    #expect(short.exitCode == 0 && short.errors.contains("T23:00:00Z begin elsewhere"), "\(short.errors)")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
    #expect(try await rollups.place.value(winter) == before)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).count("pending") == 0)
    let next = try await rollups.run()
    #expect(next.count("hours") == 0 && !next.errors.contains("have changed"), "\(next.errors)")
  }

  @Test func `days that begin elsewhere and have nothing are known from then on, too`() async throws {
    guard let rollups = try await rollups(.withoutSummer) else { return }
    // What is stored ends in winter, and what is known of the calendar in summer.
    try await rollups.place.execute(
      "delete from metric_events where occurred_at > '2025-03-01' or occurred_at < '2024-11-01'")
    #expect(try await rollups.run().exitCode == 0)
    try await take(.withSummer, rollups)
    #expect(try await rollups.run().errors.contains("have changed"))
    #expect(try await !rollups.run().errors.contains("have changed"))
  }

  @Test(arguments: Rules.allCases)
  func `what is no longer kept stays by the old rules, and no event is counted twice`(rules: Rules) async throws {
    guard let rollups = try await rollups(rules) else { return }
    let kept = ["ROLLUPS_KEEP_RAW": "90d", "ROLLUPS_KEEP_HOURLY": "90d"]
    #expect(try await rollups.run([], kept).exitCode == 0)
    let closed =
      "select sum(count) from metric_rollups where granularity = 'daily' and bucket_start < '2025-08-09 12:00+00'"
    let before = try await rollups.place.value(closed)
    try await take(rules.other, rollups)
    let run = try await rollups.run()
    #expect(run.exitCode == 0 && run.errors.contains("but for those before 2025-08-09T2"), "\(run.errors)")
    #expect(try await rollups.place.value(closed) == before)
    // Of the hour between both rules, where the one borders on the other, there are no events.
    let days = "select sum(count) from metric_rollups where granularity = 'daily'"
    #expect(try await rollups.place.value(days) == "1200")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
  }
}

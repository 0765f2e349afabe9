import Foundation
import Redis
import TestSupport
import Testing

/// Two schedules of one binary in the same minute that do different work: both do it, whether one comes after the other
/// or both come at once, and each does it once.
@Suite(.timeLimit(.minutes(10))) struct TwinTests {
  /// Two runs for one slot.
  private struct Twins {
    let place: Place
    let binary: Binary
    let slot: String
    let settings: [[String: String]]

    init(_ place: Place, _ binary: Binary, at slot: String, _ first: [String: String], _ second: [String: String]) {
      (self.place, self.binary, self.slot, settings) = (place, binary, slot, [first, second])
    }

    func run(_ index: Int) async throws -> Binary.Outcome {
      try await binary.run(
        [],
        place.environment.merging(["JOB_SCHEDULED_AT": slot, "JOB_LOG_LEVEL": "warning"]) { $1 }
          .merging(settings[index]) { $1 })
    }

    /// Runs both, and looks whether a third run of each is a duplicate.
    func run(atOnce: Bool, sourceLocation: SourceLocation = #_sourceLocation) async throws {
      if atOnce {
        async let first = run(0)
        async let second = run(1)
        for run in try await [first, second] {
          #expect(
            run.result["status"].string == "succeeded", "\(run.output)\(run.errors)", sourceLocation: sourceLocation)
        }
      } else {
        for index in 0...1 {
          let run = try await run(index)
          #expect(
            run.result["status"].string == "succeeded", "\(run.output)\(run.errors)", sourceLocation: sourceLocation)
        }
      }
      for index in 0...1 {
        let third = try await run(index)
        #expect(
          third.exitCode == 0 && third.result["reason"].string == "already_done", "\(third.output)",
          sourceLocation: sourceLocation)
      }
    }

    /// What `oneshot health` lists.
    func health(_ expected: String = "") async throws -> [String] {
      let settings = ["HEALTH_EXPECT": expected.isEmpty ? "none=366d" : expected]
      let run = try await Binary("oneshot").run(["health"], place.environment.merging(settings) { $1 })
      return run.output.split(separator: "\n").dropFirst().prefix { !$0.isEmpty }.compactMap { line in
        line.components(separatedBy: "  ").first { !$0.isEmpty }
      }
    }
  }

  // MARK: usage-aggregation

  private func usageTwins(
    _ first: [String: String], _ second: [String: String], on usage: Usage
  ) -> Twins {
    Twins(usage.place, Usage.binary, at: Usage.now, first, second)
  }

  @Test(arguments: [false, true])
  func `another prefix`(atOnce: Bool) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1"])
    try await usage.set(["n:2025-11-07:x": "2"], prefix: "eu:")
    let twins = usageTwins([:], ["USAGE_KEY_PREFIX": "eu:"], on: usage)
    try await twins.run(atOnce: atOnce)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    let parts = try await twins.health("usage-aggregation=366d")
    #expect(parts.count == 2 && parts[0] == "usage-aggregation" && parts[1].hasPrefix("usage-aggregation:prefix-eu_-"))
  }

  @Test(arguments: [false, true])
  func `another merchant`(atOnce: Bool) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    let twins = usageTwins(["USAGE_MERCHANT": "m"], ["USAGE_MERCHANT": "n"], on: usage)
    try await twins.run(atOnce: atOnce)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    #expect(
      try await twins.health("usage-aggregation:merchant-n=366d") == [
        "usage-aggregation:merchant-m", "usage-aggregation:merchant-n",
      ])
  }

  @Test(arguments: [false, true])
  func `other days, and today`(atOnce: Bool) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1", "m:2025-10-01:x": "2", "m:2025-11-08:x": "3"])
    let days = usageTwins(
      ["USAGE_INCLUDE_TODAY": "true"], ["USAGE_DAYS": "2025-10-02, 2025-10-01"], on: usage)
    try await days.run(atOnce: atOnce)
    #expect(
      try await usage.stored() == ["m:2025-11-07:x": "1", "m:2025-10-01:x": "2", "m:2025-11-08:x": "3"])
    #expect(
      try await days.health() == [
        "usage-aggregation:and_today", "usage-aggregation:days-2025-10-01__2025-10-02",
      ])
  }

  @Test(arguments: [false, true])
  func `another Redis behind the same prefix`(atOnce: Bool) async throws {
    let usage = try await Usage()
    let other = try await RedisServer()
    try await usage.set(["m:2025-11-07:x": "1"])
    try await other("SET", "usage:n:2025-11-07:x", "2")
    let twins = usageTwins([:], ["REDIS_URL": other.url], on: usage)
    try await twins.run(atOnce: atOnce)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "1", "n:2025-11-07:x": "2"])
    #expect(
      try await usage.place.rows(
        "select server as a, usage_date as b from oneshot.usage_days where keys > 0 order by 1"
      )
      .count == 2)
    let parts = try await twins.health("usage-aggregation=366d")
    #expect(parts.count == 2 && parts.allSatisfy { $0.hasPrefix("usage-aggregation @/") }, "\(parts)")
  }

  // MARK: top-stats

  @Test(
    arguments: [false, true],
    [
      ["TOP_STATS_BOARDS": "comments"], ["TOP_STATS_WINDOWS": "2d"], ["TOP_STATS_KEY_PREFIX": "eu:"],
      ["TOP_STATS_WINDOW": "2d"], ["TOP_STATS_HISTORY": "true"],
    ])
  func `other boards, windows or keys`(atOnce: Bool, second: [String: String]) async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let twins = Twins(
      boards.place, Leaderboards.binary, at: Leaderboards.now, ["TOP_STATS_BOARDS": "feeds_liked"], second)
    try await twins.run(atOnce: atOnce)
    #expect(try await !boards.board("feeds_liked:1d").isEmpty)
    switch second.first?.key {
    case "TOP_STATS_BOARDS": #expect(try await !boards.board("comments").isEmpty)
    case "TOP_STATS_WINDOWS": #expect(try await !boards.board("comments:2d").isEmpty)
    case "TOP_STATS_WINDOW": #expect(try await boards.about("comments")["window"] == "2d")
    case "TOP_STATS_KEY_PREFIX": #expect(try await boards.place.redis("ZCARD", "eu:comments").integer ?? 0 > 0)
    default: #expect(try await boards.place.value("select count(distinct board) from top_stats_history") == "18")
    }
    let parts = try await twins.health("top-stats:of-feeds_liked=366d")
    #expect(parts.count == 2 && parts.contains("top-stats:of-feeds_liked"), "\(parts)")
  }

  @Test func `boards of another Redis`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let other = try await RedisServer()
    let twins = Twins(boards.place, Leaderboards.binary, at: Leaderboards.now, [:], ["REDIS_URL": other.url])
    try await twins.run(atOnce: true)
    #expect(try await !boards.board("comments").isEmpty)
    #expect(try await other("ZCARD", "top:comments").integer ?? 0 > 0)
  }

  // MARK: metrics-rollups and reindex

  @Test(
    arguments: [false, true],
    [
      (["ROLLUPS_GRANULARITIES": "daily,weekly,monthly"], "daily,weekly,monthly"),
      (["ROLLUPS_MODE": "rebuild"], "rebuild"), (["ROLLUPS_LOOKBACK": "30d"], "lookback-30d"),
    ])
  func `other levels, a rebuild, a longer look back`(atOnce: Bool, second: ([String: String], String)) async throws {
    let rollups = try await Rollups()
    try await rollups.add(2000)
    let twins = Twins(rollups.place, Rollups.binary, at: Rollups.now, [:], second.0)
    try await twins.run(atOnce: atOnce)
    #expect(try await rollups.differences() == [])
    #expect(
      try await twins.health("metrics-rollups=366d") == ["metrics-rollups", "metrics-rollups:\(second.1)"])
  }

  @Test(arguments: [false, true])
  func `another source`(atOnce: Bool) async throws {
    let rollups = try await Rollups()
    try await rollups.add(500)
    let folder = try TemporaryFolder()
    let source = """
      select metric, entity_type, entity_id, value * 2 as value, occurred_at from metric_events
      where occurred_at >= :window_start and occurred_at < :window_end
      """
    try source.write(toFile: folder.path + "/mirror.sql", atomically: true, encoding: .utf8)
    let twins = Twins(
      rollups.place, Rollups.binary, at: Rollups.now, [:],
      ["ROLLUPS_SOURCES_DIR": folder.path, "ROLLUPS_SOURCES": "mirror", "ROLLUPS_LOOKBACK": "366d"])
    try await twins.run(atOnce: atOnce)
    #expect(try await rollups.differences() == [])
    #expect(
      try await rollups.place.value(
        "select sum(sum) filter (where source = 'mirror') = 2 * sum(sum) filter (where source = 'metric_events') from metric_rollups where granularity = 'daily'"
      ) == "true")
    #expect(try await twins.health() == ["metrics-rollups", "metrics-rollups:of-mirror-lookback-366d"])
  }

  @Test(arguments: [false, true])
  func `other entities`(atOnce: Bool) async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    let twins = Twins(
      catalogue.place, Catalogue.binary, at: "2025-11-08T02:00:00Z", ["REINDEX_ENTITIES": "asset"],
      ["REINDEX_ENTITIES": "project,license"])
    try await twins.run(atOnce: atOnce)
    #expect(
      try await catalogue.place.rows("select distinct entity as a from search_documents order by 1")
        == [["asset"], ["license"], ["project"]])
    #expect(
      try await twins.health("reindex:of-asset=366d") == ["reindex:of-asset", "reindex:of-license,project"])
  }

  @Test func `other ids, and a mode beside the usual one`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    let ids = ["REINDEX_MODE": "ids", "REINDEX_ENTITY": "project"]
    let twins = Twins(
      catalogue.place, Catalogue.binary, at: "2025-11-08T02:00:00Z", ids.merging(["REINDEX_IDS": "1,2"]) { $1 },
      ids.merging(["REINDEX_IDS": "3"]) { $1 })
    try await twins.run(atOnce: true)
    #expect(try await catalogue.place.value("select count(*) from search_documents") == "3")
    try await Twins(
      catalogue.place, Catalogue.binary, at: "2025-11-08T03:00:00Z", [:], ["REINDEX_MODE": "pending"]
    ).run(atOnce: true)
  }
}

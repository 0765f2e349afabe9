import Foundation
import JobRuntime
import TestSupport
import Testing

@testable import JobDoctor
@testable import JobReport
@testable import MetricsRollups
@testable import Reindex
@testable import TopStats
@testable import UsageAggregation

/// Which settings of each job select its work.
@Suite(.serialized) struct SelectingTests {
  private static func line<J: Job>(of job: J.Type) -> String {
    let names = settingsTable(of: J.self).own.filter(\.selects).map { "`\($0.name)`" }
    return "| \(J.name) | \(names.isEmpty ? "none: one an installation" : names.joined(separator: ", ")) |"
  }

  @Test func `the page for operators lists them as they are declared`() throws {
    let lines = [
      "| job | settings |", "|---|---|", Self.line(of: UsageAggregation.self), Self.line(of: TopStats.self),
      Self.line(of: MetricsRollups.self), Self.line(of: Reindex.self), Self.line(of: StatusPage.self),
      Self.line(of: JobDoctor.self),
    ]
    let (page, wanted) = (try Page("docs/operate.md"), lines.map { $0 + "\n" }.joined())
    if ProcessInfo.processInfo.environment["UPDATE_README"] == "1" {
      try page.replacePart("selecting", with: wanted)
    } else {
      #expect(try page.part("selecting") == wanted, "UPDATE_README=1 swift test --filter SelectingTests mends it")
    }
    #expect(settingsTable(of: TopStats.self).common.allSatisfy { !$0.selects })
  }

  private func variant<J: Job>(_ job: J.Type, _ variables: [String: String]) -> String {
    var env = Environment(variables)
    _ = J.Settings(from: &env)
    #expect(env.problems.isEmpty, "\(env.problems)")
    return env.variant
  }

  @Test(arguments: [
    ["USAGE_MERCHANT": "acme"], ["USAGE_INCLUDE_TODAY": "true"], ["USAGE_RETENTION": "30d"], ["USAGE_DAYS": "today"],
    ["USAGE_DAYS": "2025-11-01..2025-11-07,yesterday"], ["USAGE_ON_REGRESSION": "overwrite"], ["USAGE_SET_TTL": "30d"],
    ["USAGE_MODE": "status"],
  ])
  func `work of usage-aggregation`(settings: [String: String]) {
    let names = [
      "merchant-acme", "and_today", "retention-30d", "days-today", "days-yesterday,2025-11-01__2025-11-07",
      "regressed-overwrite", "ttl-30d", "status",
    ]
    #expect(names.contains(variant(UsageAggregation.self, settings)), "\(variant(UsageAggregation.self, settings))")
  }

  @Test func `the same work written otherwise`() {
    func usage(_ days: String) -> String { variant(UsageAggregation.self, ["USAGE_DAYS": days]) }
    #expect(usage("2025-11-02, 2025-11-01,today") == usage("today,2025-11-01..2025-11-02"))
    #expect(
      variant(UsageAggregation.self, ["USAGE_RETENTION": "168h", "USAGE_SETTLE": "2h", "USAGE_TIMEZONE": "Asia/Tokyo"])
        == "")
    func boards(_ names: String) -> String { variant(TopStats.self, ["TOP_STATS_BOARDS": names]) }
    #expect(boards("comments, feeds_liked") == boards("feeds_liked,comments,comments"))
    #expect(
      boards(
        ["comments", "users_active", "users_followed", "users_liked", "feeds_viewed", "feeds_liked"].joined(
          separator: ",")) == "")
    func windows(_ text: String) -> String { variant(TopStats.self, ["TOP_STATS_WINDOWS": text]) }
    #expect(windows("30d,24h") == "" && windows("48h") == windows("7d, 2d") && windows("2d") == "windows-2d,7d")
    #expect(variant(TopStats.self, ["TOP_STATS_WINDOW": "2d"]) == "window-2d")
    #expect(variant(TopStats.self, ["TOP_STATS_LIMIT": "7", "TOP_STATS_TTL": "1d"]) == "")
    func rollups(_ levels: String) -> String { variant(MetricsRollups.self, ["ROLLUPS_GRANULARITIES": levels]) }
    #expect(rollups("monthly, weekly") == "weekly,monthly" && rollups("weekly,monthly,daily,hourly") == "")
    #expect(variant(MetricsRollups.self, ["ROLLUPS_SOURCES": "metric_events"]) == "")
    #expect(
      variant(MetricsRollups.self, ["ROLLUPS_SOURCES": "campaign_analytics,metric_events"]) == "with-campaign_analytics"
    )
    #expect(
      variant(MetricsRollups.self, ["ROLLUPS_KEEP_RAW": "30d", "ROLLUPS_KEEP_HOURLY": "90d"])
        == "keep-hourly_90d,raw_30d")
    #expect(
      variant(
        MetricsRollups.self,
        ["ROLLUPS_MODE": "rebuild", "ROLLUPS_GRANULARITIES": "weekly", "ROLLUPS_FROM": "2025-11-01T02:00:00Z"])
        == "rebuild-weekly-from-2025-11-01T02_00_00Z")
    #expect(variant(Reindex.self, ["REINDEX_MODE": "changed", "REINDEX_BATCH": "7"]) == "")
    #expect(
      variant(Reindex.self, ["REINDEX_MODE": "pending", "REINDEX_ENTITIES": "license,asset"])
        == "pending-of-asset,license")
    let ids = ["REINDEX_MODE": "ids", "REINDEX_ENTITY": "asset", "REINDEX_IDS": "3, 12,3"]
    #expect(variant(Reindex.self, ids) == "ids-ids-12,3-of-asset")
    #expect(variant(JobDoctor.self, ["HEALTH_EXPECT": "reindex=1h"]) == "")
    #expect(variant(StatusPage.self, ["REPORT_FILE": "/a/b.html"]).hasPrefix("file-_a_b_html-"))
  }

  @Test func `what is wanted once tells runs apart, and has no series of its own`() {
    var env = Environment(["REINDEX_MODE": "ids", "REINDEX_ENTITY": "asset", "REINDEX_IDS": "3"])
    _ = Reindex.Settings(from: &env)
    #expect(env.variant == "ids-ids-3-of-asset" && env.series == "ids-of-asset")
    var days = Environment(["USAGE_DAYS": "today", "USAGE_MERCHANT": "m"])
    _ = UsageAggregation.Settings(from: &days)
    #expect(days.variant == "days-today-merchant-m" && days.series == "merchant-m")
  }

  @Test func `files of a folder are part of it by their names`() throws {
    let folder = try TemporaryFolder()
    let query = "select user_id as member, count(*) as score from feed_likes group by 1"
    try query.write(toFile: folder.path + "/mine.sql", atomically: true, encoding: .utf8)
    func name(_ more: [String: String] = [:]) -> String {
      variant(TopStats.self, ["TOP_STATS_BOARDS_DIR": folder.path].merging(more) { $1 })
    }
    #expect(name() == "with-mine" && name(["TOP_STATS_BOARDS": "mine"]) == "of-mine")
    #expect(name(["TOP_STATS_BOARDS": "comments"]) == "of-comments")
    try query.write(toFile: folder.path + "/comments.sql", atomically: true, encoding: .utf8)
    #expect(name() == "with-mine")
  }
}

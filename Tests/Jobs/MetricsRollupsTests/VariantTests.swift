import TestSupport
import Testing

@testable import MetricsRollups

/// The work that settings select, by name.
@Suite struct VariantTests {
  @Test(arguments: [
    (["ROLLUPS_GRANULARITIES": "monthly, weekly"], "weekly,monthly"),
    (["ROLLUPS_GRANULARITIES": "weekly,monthly,daily,hourly"], ""), (["ROLLUPS_SOURCES": "metric_events"], ""),
    (["ROLLUPS_SOURCES": "campaign_analytics,metric_events"], "with-campaign_analytics"),
    (["ROLLUPS_KEEP_RAW": "30d", "ROLLUPS_KEEP_HOURLY": "90d"], "keep-hourly_90d,raw_30d"),
    (
      ["ROLLUPS_MODE": "rebuild", "ROLLUPS_GRANULARITIES": "weekly", "ROLLUPS_FROM": "2025-11-01T02:00:00Z"],
      "rebuild-weekly-from-2025-11-01T02_00_00Z"
    ),
  ])
  func `work has one name however it is written`(settings: [String: String], name: String) throws {
    #expect(try variant(of: MetricsRollups.self, settings) == name)
  }
}

import JobRuntime
import TestSupport
import Testing

@testable import UsageAggregation

/// The work that settings select, by name.
@Suite struct VariantTests {
  @Test(arguments: [
    (["USAGE_MERCHANT": "acme"], "merchant-acme"), (["USAGE_INCLUDE_TODAY": "true"], "and_today"),
    (["USAGE_RETENTION": "30d"], "retention-30d"), (["USAGE_DAYS": "today"], "days-today"),
    (["USAGE_DAYS": "2025-11-01..2025-11-07,yesterday"], "days-yesterday,2025-11-01__2025-11-07"),
    (["USAGE_ON_REGRESSION": "overwrite"], "regressed-overwrite"), (["USAGE_SET_TTL": "30d"], "ttl-30d"),
    (["USAGE_MODE": "status"], "status"),
  ])
  func `other work has another name`(settings: [String: String], name: String) throws {
    #expect(try variant(of: UsageAggregation.self, settings) == name)
  }

  @Test func `the same work has one name however it is written`() throws {
    func days(_ text: String) throws -> String { try variant(of: UsageAggregation.self, ["USAGE_DAYS": text]) }
    #expect(try days("2025-11-02, 2025-11-01,today") == days("today,2025-11-01..2025-11-02"))
    let usual = ["USAGE_RETENTION": "168h", "USAGE_SETTLE": "2h", "USAGE_TIMEZONE": "Asia/Tokyo"]
    #expect(try variant(of: UsageAggregation.self, usual) == "")
  }

  @Test func `days that are named once have no series of their own`() {
    var env = Environment(["USAGE_DAYS": "today", "USAGE_MERCHANT": "m"])
    _ = UsageAggregation.Settings(from: &env)
    #expect(env.variant == "days-today-merchant-m" && env.series == "merchant-m")
  }
}

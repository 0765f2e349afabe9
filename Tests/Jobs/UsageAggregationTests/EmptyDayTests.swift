import Foundation
import TestSupport
import Testing

/// Days that are open and have no counters: most days of an installation that counts little.
@Suite(.timeLimit(.minutes(10))) struct EmptyDayTests {
  @Test func `days without counters take no transaction and no temporary table`() async throws {
    let usage = try await Usage()
    let run = try await usage.run([], ["JOB_LOG_LEVEL": "debug"])
    #expect(run.exitCode == 0 && run.count("days") == 7)
    #expect(!run.errors.contains("transaction begun") && !run.errors.contains("staging counters"), "\(run.errors)")
  }

  @Test func `one day with counters among empty ones is one transaction, and days are told in their order`()
    async throws
  {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-04:x": "1"])
    let run = try await usage.run([], ["JOB_LOG_LEVEL": "debug"])
    #expect(run.errors.components(separatedBy: "transaction begun").count == 2)
    let days = run.result["details", "by_day"].elements.compactMap { $0["day"].string }
    #expect(days == (1...7).map { "2025-11-0\($0)" })
    #expect(try await usage.completed() == ["2025-11-04"])
  }

  @Test func `a completed day whose rows were deleted has lost nothing`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "1"])
    #expect(try await usage.run().exitCode == 0)
    try await usage.place.execute("delete from merchant_usage")
    try await usage.place.redis("DEL", "usage:m:2025-11-07:x")
    for arguments in [["--plan"], []] {
      let run = try await usage.run(arguments, ["USAGE_DAYS": "2025-11-07", "USAGE_ON_REGRESSION": "fail"])
      #expect(run.exitCode == 0 && run.count("lost_days") == 0, "\(run.output)")
    }
  }
}

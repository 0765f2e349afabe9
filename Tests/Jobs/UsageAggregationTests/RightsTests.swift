import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges, and nothing more, can check and run`() async throws {
    let usage = try await Usage()
    var restricted = try await usage.place.restricted("usage-aggregation")
    restricted["USAGE_SET_TTL"] = "7d"
    try await usage.set(["m:2025-11-07:x": "5", "bad:2025-11-07:x": "?"])
    let check = try await usage.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(try await usage.run([], restricted).exitCode == 65)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
  }
}

import Redis
import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges, and nothing more, can check and run`() async throws {
    let trends = try await Trends()
    try await trends.fill()
    var restricted = try await trends.place.restricted("trending")
    restricted["TRENDING_TTL"] = "1d"
    let check = try await trends.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    for _ in 1...2 {
      let run = try await trends.run([], restricted)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    #expect(try await !trends.list("24h").isEmpty)
    let life = try await trends.place.redis("PTTL", "trending:24h").integer ?? 0
    #expect(life > 0 && life <= 86_400_000)
  }

  @Test func `a table that the role may not read fails its source, and no list is published`() async throws {
    let trends = try await Trends()
    try await trends.fill()
    let restricted = try await trends.place.restricted("trending")
    #expect(try await trends.run([], restricted).exitCode == 0)
    let before = try await trends.lists()
    try await trends.place.execute(
      "revoke select on feed_comments from \(trends.place.own("jobs")); delete from feed_likes")
    let run = try await trends.run([], restricted)
    #expect(run.exitCode == 65 && run.count("published") == 0 && run.count("failed") == 3, "\(run.output)")
    #expect(run.output.contains("permission denied for table feed_comments"), "\(run.output)")
    #expect(try await trends.lists() == before)
    let check = try await trends.run(["--check"], restricted)
    #expect(
      check.exitCode == 78 && check.output.contains("permission denied for table feed_comments"), "\(check.output)")
  }
}

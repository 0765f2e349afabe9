import Foundation
import TestSupport
import Testing

/// Runs that are killed anywhere.
///
/// `make soak` does it with ten thousand posts and fifty kills.
@Suite(.timeLimit(.minutes(60))) struct PublishSoakTests {
  @Test func `killed again and again, each post is published once, with one event, in order`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let isSoak = environment["ONESHOT_SOAK_RUNS"] != nil
    let (posts, kills, batch) = isSoak ? (10_000, 50, 20) : (300, 8, 4)
    let seed = environment["ONESHOT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    print("kill points: ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    let editorial = try await Editorial(["PUBLISH_BATCH": "\(batch)"])
    // Several are due at the same moment.
    try await editorial.place.execute(
      """
      insert into posts (id, publish_at)
      select g, timestamptz '\(Editorial.now)' - g * 7919 % \(posts / 3) * interval '1 second' from generate_series(1, \(posts)) g
      """)
    var killed = 0
    // The first lines are those of a run that has not come to its posts.
    while killed < kills, try await editorial.kill([:], after: Int.random(in: 3...60, using: &random)) {
      killed += 1
      #expect(try await editorial.mistakes() == [], "after \(killed) kills")
    }
    #expect(killed == kills, "it was through before")
    let last = try await editorial.run()
    #expect(last.exitCode == 0, "\(last.output)")
    #expect(try await editorial.events().count == posts)
    #expect(try await editorial.mistakes() == [])
    #expect(try await editorial.run().count("due") == 0)
  }
}

import JobRuntime
import Redis
import TestSupport

@testable import CacheWarmer

/// The model is one query for each reader.
extension WarmedFeeds: ModelledJob {
  typealias TestedJob = CacheWarmer

  private static let readers = 1...6

  static let ways = [["WARM_BATCH": "2"]]

  static func make(on servers: PrivateServers?) async throws -> WarmedFeeds {
    let feeds = try await WarmedFeeds(on: servers)
    try await feeds.fillPlainly(users: readers.upperBound, posts: 9)
    return feeds
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.redis("FLUSHDB")
  }

  /// What is fresh is left alone, so the feeds are removed with what they were made of.
  func change(using random: inout SeededGenerator) async throws {
    let (post, seen) = (Int.random(in: 1...9, using: &random), Int.random(in: 1...9, using: &random))
    let reader = Int.random(in: Self.readers, using: &random)
    try await place.execute(
      """
      insert into feed_likes select \(post), g, timestamptz '\(moment.rfc3339)' - g * interval '1 minute'
      from generate_series(1, \(reader)) g;
      insert into feed_views values (\(seen), \(reader), timestamptz '\(moment.rfc3339)' - interval '1 minute')
      """)
    for reader in Self.readers { try await place.redis("DEL", "feed:\(reader)") }
  }

  func mistakes() async throws -> [String] {
    var mistakes: [String] = []
    for reader in Self.readers {
      let model = try await plain(reader, limit: 50, authorMost: 5)
      mistakes += try await differences("feed:\(reader)", feed(reader) ?? [], model)
      if try await left(reader) == -1 { mistakes.append("feed:\(reader) has no lifetime") }
    }
    return mistakes
  }
}

import Redis
import TestSupport

@testable import Trending

/// The model is a few lines of Python over all rows.
extension Trends: ModelledJob {
  typealias TestedJob = Trending

  /// Short windows: what an event counts is a table with an entry for each minute, and each of its bytes is swept.
  private static let rules = Rules(people: 1, decay: ["1h": 0.95, "5m": 0.95])

  static let ways = [["TRENDING_WINDOWS": "1h,5m", "TRENDING_MIN_USERS": "1"]]

  static func make(on servers: PrivateServers?) async throws -> Trends {
    let trends = try await Trends(on: servers)
    try await trends.fill(users: 9, posts: 20, events: 90)
    try await trends.like(30, offset: 1)
    return trends
  }

  private func like(_ count: Int, offset: Int) async throws {
    try await place.execute(
      """
      insert into feed_likes
      select 1 + (g * g + \(offset)) % 20, 1 + (g + \(offset)) % 9, timestamptz '\(Self.now)' - g * interval '37 seconds'
      from generate_series(1, \(count)) g
      """)
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.redis("FLUSHDB")
  }

  func change(using random: inout SeededGenerator) async throws {
    try await like(Int.random(in: 1...60, using: &random), offset: Int.random(in: 0...50, using: &random))
    let (gone, left) = (Int.random(in: 1...20, using: &random), Int.random(in: 1...9, using: &random))
    try await place.execute(
      """
      update feeds set deleted_at = case when deleted_at is null then timestamptz '\(Self.now)' end where id = \(gone);
      delete from feed_likes where user_id = \(left) and feed_id % 3 = 0
      """)
  }

  func mistakes() async throws -> [String] {
    var mistakes: [String] = []
    for (window, model) in try await model(Self.rules) {
      mistakes += try await differences("trending:\(window)", list(window), model)
      let members = try await about(window)["members"]
      if members != "\(model.count)" { mistakes.append("trending:meta:\(window) has \(members ?? "no") members") }
    }
    return mistakes
  }
}

import Foundation
import TestSupport
import Testing

@testable import TopStats

/// The work that settings select, by name.
@Suite struct VariantTests {
  @Test func `the same work has one name however it is written`() throws {
    func boards(_ names: String) throws -> String { try variant(of: TopStats.self, ["TOP_STATS_BOARDS": names]) }
    #expect(try boards("comments, feeds_liked") == boards("feeds_liked,comments,comments"))
    let all = ["comments", "users_active", "users_followed", "users_liked", "feeds_viewed", "feeds_liked"]
    #expect(try boards(all.joined(separator: ",")) == "")
    func windows(_ text: String) throws -> String { try variant(of: TopStats.self, ["TOP_STATS_WINDOWS": text]) }
    #expect(try windows("30d,24h") == "")
    #expect(try windows("48h") == windows("7d, 2d"))
    #expect(try windows("2d") == "windows-2d,7d")
    #expect(try variant(of: TopStats.self, ["TOP_STATS_WINDOW": "2d"]) == "window-2d")
    #expect(try variant(of: TopStats.self, ["TOP_STATS_LIMIT": "7", "TOP_STATS_TTL": "1d"]) == "")
  }

  @Test func `files of a folder are part of it by their names`() throws {
    let folder = try TemporaryFolder()
    let query = "select user_id as member, count(*) as score from feed_likes group by 1"
    try query.write(toFile: folder.path + "/mine.sql", atomically: true, encoding: .utf8)
    func name(_ more: [String: String] = [:]) throws -> String {
      try variant(of: TopStats.self, ["TOP_STATS_BOARDS_DIR": folder.path].merging(more) { $1 })
    }
    #expect(try name() == "with-mine")
    #expect(try name(["TOP_STATS_BOARDS": "mine"]) == "of-mine")
    #expect(try name(["TOP_STATS_BOARDS": "comments"]) == "of-comments")
    try query.write(toFile: folder.path + "/comments.sql", atomically: true, encoding: .utf8)
    #expect(try name() == "with-mine")
  }
}

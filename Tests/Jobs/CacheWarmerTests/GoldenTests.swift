import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import CacheWarmer

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let feeds = try await Feeds()
    let moment = try #require(Timestamp(rfc3339: Feeds.now))
    let values: [String: any PostgresEncodable] = [
      "instance": "", "job": "cache-warmer", "server": "", "variant": "", "shard": 0, "shards": 1,
    ]
    var golden = GoldenStatements("cache-warmer", values)
    try golden.add(
      folder: "Jobs/CacheWarmer",
      except: [
        "active", "living", "follows", "posts", "scores", "seen", "reach", "ranking", "feeds", "problem", "standing",
      ])
    var env = Environment([:])
    let settings = CacheWarmer.Settings(from: &env)
    let columns: Set<String> = [
      "users.deleted_at", "feeds.deleted_at", "feed_views.user_id", "blocks.target_id", "mutes.target_id",
    ]
    let all = Ranking(settings, Standing(columns: columns, userType: "bigint", hasLetters: false), at: moment)
    let little = Ranking(settings, Standing(columns: [], userType: "bigint", hasLetters: false), at: moment)
    golden.add("standing", try Standing.statement(values))
    golden.add("active", try all.active())
    golden.add("living", try all.living(["17"]))
    let names = ["follows", "posts", "scores", "seen", "reach"]
    let made = try all.preparation(for: ["17"]).filter { $0.sql.contains("create temporary table") }
    #expect(made.count == names.count)
    for (name, statement) in zip(names, made) { golden.add(name, statement) }
    golden.add("feeds", try all.file.statement(binding: all.values(for: ["17"])))
    let less = try little.preparation(for: ["17"]).filter { $0.sql.contains("create temporary table") }
    golden.add("follows_without_mutes", less[0])
    golden.add("reach_without_views", less[3])
    try await golden.check(
      in: feeds.place,
      needs: [
        "posts": ["follows"], "scores": ["follows", "posts"], "seen": ["follows", "posts", "scores"],
        "reach": ["follows", "posts", "scores", "seen"], "reach_without_views": ["follows"],
        "feeds": ["follows", "posts", "scores", "seen", "reach"],
      ])
  }
}

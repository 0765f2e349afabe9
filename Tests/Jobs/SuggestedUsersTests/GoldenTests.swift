import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import SuggestedUsers

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let people = try await People()
    try await people.place.execute(
      "create table feed_likes (feed_id bigint, user_id bigint, created_at timestamptz)")
    let moment = try #require(Timestamp(rfc3339: People.now))
    var golden = GoldenStatements(
      "suggested-users",
      [
        "users": ["17"], "rows": 100,
        "urgencies": [0], "ids": [1], "gone": ["18"], "digests": [7], "members": [20], "moment": moment, "limit": 20,
        "living": moment,
      ])
    try golden.add(
      folder: "Jobs/SuggestedUsers",
      except: [
        "asked", "batch", "count_hubs", "due", "forbidden", "index_advice", "left", "page", "pairs_once", "pending",
        "sample",
        "source",
        "spread", "standing", "untracked",
      ])
    var env = Environment([:])
    let settings = SuggestedUsers.Settings(from: &env)
    func made(hasPairsOnce: Bool) -> Suggestions {
      Suggestions(
        settings,
        Standing(
          idType: "bigint", columns: Set(Standing.optionalColumns), tables: Set(Standing.optionalTables), untracked: [],
          hasPairsOnce: hasPairsOnce, collations: nil, countedAt: nil),
        at: moment, from: moment, for: Shard(index: 1, count: 2))
    }
    let twice = made(hasPairsOnce: false)
    golden.add("batch_of_views", try twice.batch(["17"], popular: ["4"]))
    golden.add("count_hubs_of_views", try twice.countHubs())
    let suggestions = made(hasPairsOnce: true)
    golden.add("asked", try suggestions.asked(["17"]))
    golden.add("batch", try suggestions.batch(["17"], popular: ["4"]))
    golden.add("count_hubs", try suggestions.countHubs())
    golden.add("due", try suggestions.due(except: ["17"]))
    golden.add("forbidden", try suggestions.forbidden(["17"], lists: ["[]"]))
    golden.add("left", try suggestions.left())
    golden.add("page", try suggestions.page(after: "17"))
    golden.add("pending", try suggestions.pending(except: ["17"]))
    golden.add("index_advice", try Standing.advice())
    golden.add("standing", try Standing.statement())
    golden.add("sample", try suggestions.sample(limit: 100))
    golden.add("spread", try suggestions.spread(of: ["17"]))
    try await golden.check(in: people.place)
  }
}

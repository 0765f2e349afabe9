import Foundation
import JobRuntime
import Redis
import TestSupport
import Testing

/// Rankings of the user's own.
@Suite(.timeLimit(.minutes(20))) struct RankingTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/ranking.sql" }

  init() throws { folder = try TemporaryFolder() }

  private func write(_ sql: String) throws { try Data(sql.utf8).write(to: URL(fileURLWithPath: path)) }

  /// Feeds of six users in two batches, 1 to 3 and 4 to 6, by this ranking.
  private func feeds(_ settings: [String: String] = [:]) async throws -> Feeds {
    let feeds = try await Feeds(
      ["WARM_RANKING": path, "WARM_BATCH": "3", "WARM_ACTIVE": "30m"].merging(settings) { $1 })
    try await feeds.fillPlainly(users: 6)
    return feeds
  }

  private static let good = """
    -- The newest of everybody's.
    select u.id as user_id, p.id as post_id, extract(epoch from p.created_at - :moment::timestamptz) as score
    from users u cross join feeds p
    where u.id = any (:users) -- Not the last line.
    ;

    """

  @Test func `a ranking of one's own decides what is in feeds, and in which order`() async throws {
    try write(Self.good)
    let feeds = try await feeds(["WARM_LIMIT": "2"])
    // What only the built-in ranking reads need not be there.
    try await feeds.place.execute(
      "drop table blocks, mutes, feed_views, feed_comments; create table feed_comments as table feed_likes")
    for arguments in [["--check"], []] {
      let run = try await feeds.run(arguments)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    for user in 1...6 { #expect(try await feeds.feed(user) == ["1", "2"]) }
  }

  /// What is wrong with the second batch.
  private static let bad: [(row: String, complaint: String)] = [
    ("select 99::bigint, 1::bigint, 1::numeric", "«99», who was not requested"),
    ("select 1::bigint, 1::bigint, 1::numeric", "«1», who was not requested"),
    ("select null::bigint, 1::bigint, 1::numeric", "a user_id is null"),
    ("select 5::bigint, null::bigint, -1e9::numeric", "a post_id is null, of the user «5»"),
    ("select 5::bigint, 77::bigint, null::numeric", "a score is null, of the user «5»"),
    ("select 5::bigint, 77::bigint, 'NaN'::numeric", "a score is NaN, of the user «5»"),
    ("select 5::bigint, 77::bigint, '-Infinity'::float8::numeric", "a score is -Infinity"),
    // Far behind what a feed has room for.
    ("select 5::bigint, 3::bigint, -1e9::numeric", "a post stands in a feed twice, of the user «5»"),
    ("select 5::bigint, 77::bigint, 1 / (u.id - u.id) from users u where u.id = 5", "division by zero"),
    ("select 5::bigint, 77::bigint, 1e400::numeric", "out of range"),
  ]

  @Test(arguments: bad.indices)
  func `a batch whose ranking is bad keeps its feeds, and is a dead letter by its first user`(index: Int) async throws {
    let (row, complaint) = Self.bad[index]
    let ranking = "select * from (\(Self.good.replacing(";", with: ""))) as good"
    try write("\(ranking)\nunion all select * from (\(row)) as bad (a, b, c) where 4 = any (:users)")
    let feeds = try await feeds(["WARM_LIMIT": "2"])
    try await feeds.put("old", for: 4...6, left: 60_000)
    let run = try await feeds.run()
    #expect(run.exitCode == 65 && run.count("warmed") == 3 && run.count("failed") == 3, "\(run.output)\(run.errors)")
    #expect(run.result["errors"][0]["item"].string == "4")
    #expect(run.result["errors"][0]["message"].string?.contains(complaint) == true, "\(run.output)")
    for user in 1...3 { #expect(try await feeds.feed(user) == ["1", "2"]) }
    for user in 4...6 { #expect(try await feeds.place.redis("GET", "feed:\(user)").text == "old") }
    #expect(
      try await feeds.place.value("select string_agg(item || ' ' || state, ',') from oneshot.dead_letters")
        == "4 pending")
    // Once it is right, the batch is renewed and the letter resolved.
    try write(Self.good)
    let right = try await feeds.run()
    #expect(right.exitCode == 0 && right.count("warmed") == 3, "\(right.output)")
    #expect(try await feeds.place.value("select state from oneshot.dead_letters") == "resolved")
  }

  @Test(arguments: [
    ("selec", "syntax error"), ("select 1 as user_id, 2 as post_id", "score"),
    ("select user_id, id as post_id, array['a'] as score from feeds where user_id = any (:users)", "cannot cast"),
    ("select * from nowhere where id = any (:users)", "nowhere"),
    ("select :user as user_id", "known are"),
    ("delete from feeds returning user_id, id as post_id, 1 as score", "syntax"),
    ("with gone as (delete from feeds returning *) select user_id, id as post_id, 1 as score from gone", "WITH"),
    ("select 1 as user_id, 2 as post_id, 3 as score) as x; delete from feeds; select (select 1", "syntax"),
  ])
  func `a ranking that can work for nobody is refused, and nothing is written`(sql: String, word: String) async throws {
    try write(sql)
    let feeds = try await feeds()
    for arguments in [["--check"], []] {
      let run = try await feeds.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("WARM_RANKING"), "\(run.output)\(run.errors)")
      #expect((run.output + run.errors).contains(word), "\(run.output)")
    }
    #expect(try await feeds.place.value("select count(*) from feeds") == "3")
    #expect(try await feeds.place.redis("KEYS", "feed:*").elements.isEmpty)
  }

  @Test func `a ranking that writes by a function is refused by the server`() async throws {
    let feeds = try await feeds()
    try await feeds.place.execute(
      "create function wipe() returns bigint language sql volatile as 'delete from feeds where id = 1 returning id'")
    try write("select id as user_id, wipe() as post_id, 1 as score from users where id = any (:users)")
    let run = try await feeds.run()
    #expect(run.exitCode == 65 && run.output.contains("read-only"), "\(run.output)")
    #expect(try await feeds.place.value("select count(*) from feeds") == "3")
  }
}

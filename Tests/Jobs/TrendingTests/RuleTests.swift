import TestSupport
import Testing

/// What counts, and what does not.
@Suite(.timeLimit(.minutes(10))) struct RuleTests {
  /// Two posts that are alike but for what a test adds to the first.
  private func pair() async throws -> Trends {
    let trends = try await Trends()
    try await trends.place.execute(
      """
      insert into users select g, timestamptz '2025-01-01' from generate_series(1, 40) g;
      insert into feeds select g, g, timestamptz '\(Trends.now)' - interval '3 days' from generate_series(1, 2) g;
      insert into feed_likes select post, g, timestamptz '\(Trends.now)' - interval '10 minutes'
        from generate_series(10, 13) g, generate_series(1, 2) post;
      """)
    return trends
  }

  private func scores(_ trends: Trends, _ settings: [String: String] = [:]) async throws -> [String: String] {
    let run = try await trends.run([], settings)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    return Dictionary(
      uniqueKeysWithValues: try await trends.list("24h").map { line in
        let words = line.split(separator: " ")
        return (String(words[0]), String(words[1]))
      })
  }

  private static let recent = "timestamptz '\(Trends.now)' - interval '5 minutes'"

  @Test func `a thousand likes by one user move a post as much as one like`() async throws {
    let trends = try await pair()
    try await trends.place.execute(
      """
      insert into feed_likes select 1, 20, \(Self.recent) - g * interval '1 second' from generate_series(0, 999) g;
      insert into feed_likes values (2, 20, \(Self.recent));
      """)
    let scores = try await scores(trends)
    #expect(scores["1"] == scores["2"] && scores.count == 2, "\(scores)")
    #expect(try await self.scores(trends, ["TRENDING_PER_USER": "2"])["1"] != scores["1"])
  }

  @Test(arguments: [
    "delete from feed_likes where feed_id = 1 and user_id = 20",
    "update users set deleted_at = now() where id = 20",
    "delete from users where id = 20",
    "update feed_likes set user_id = 1 where user_id = 20",
    "update feed_likes set created_at = timestamptz '2025-11-08 02:00+00' where user_id = 20",
    "update feed_likes set created_at = timestamptz '2025-11-07 01:59:59.999999+00' where user_id = 20",
    "update feed_likes set user_id = null where user_id = 20",
    "update feed_likes set feed_id = null where user_id = 20",
  ])
  func `a like that is taken back, of a user who is gone, of the author, of nobody or of another time does not count`(
    change: String
  ) async throws {
    let trends = try await pair()
    try await trends.place.execute("insert into feed_likes values (1, 20, \(Self.recent))")
    let before = try await scores(trends)
    #expect(before["1"] != before["2"])
    try await trends.place.execute(change)
    let scores = try await scores(trends)
    #expect(scores["1"] == scores["2"] && scores.count == 2, "\(scores)")
  }

  @Test(arguments: [
    "update feeds set deleted_at = now() where id = 1", "delete from feeds where id = 1",
    "update users set deleted_at = now() where id = 1",
    "update feeds set created_at = timestamptz '2025-10-01' where id = 1",
    "delete from feed_likes where feed_id = 1 and user_id in (10, 11)",
  ])
  func `a post that is gone or old, whose author is gone, or that has few people is not listed`(
    change: String
  ) async throws {
    let trends = try await pair()
    #expect(try await scores(trends).count == 2)
    try await trends.place.execute(change)
    #expect(try await scores(trends).keys.sorted() == ["2"])
  }

  @Test func `a user of a young account does not count where that is set, and counts otherwise`() async throws {
    let trends = try await pair()
    try await trends.place.execute(
      """
      insert into feed_likes values (1, 20, \(Self.recent));
      update users set created_at = timestamptz '\(Trends.now)' - interval '1 day' + interval '1 second' where id = 20
      """)
    let with = try await scores(trends)
    #expect(with["1"] != with["2"])
    let without = try await scores(trends, ["TRENDING_ACCOUNT_AGE": "1d"])
    #expect(without["1"] == without["2"], "\(without)")
    try await trends.place.execute("alter table users drop created_at")
    let check = try await trends.run(["--check"], ["TRENDING_ACCOUNT_AGE": "1d"])
    #expect(check.exitCode == 78 && check.output.contains("users.created_at"), "\(check.output)")
  }

  @Test func `views of nobody count each where no view has a user, and are counted where one has`() async throws {
    let trends = try await pair()
    try await trends.place.execute(
      "insert into feed_views select 1, null, \(Self.recent) from generate_series(1, 100) g")
    let each = try await scores(trends)
    #expect(each["1"] != each["2"])
    try await trends.place.execute("alter table feed_views drop user_id")
    #expect(try await scores(trends) == each)
    try await trends.place.execute(
      "alter table feed_views add user_id bigint; insert into feed_views values (9, '2025-11-01', 10)")
    let run = try await trends.run()
    #expect(run.count("anonymous") == 100, "\(run.output)")
    let scores = try await scores(trends)
    #expect(scores["1"] == scores["2"])
    #expect(try await self.scores(trends, ["TRENDING_PER_USER": "0"]) == each)
  }

  @Test func `an author has three posts in a list, and the next posts move up`() async throws {
    let trends = try await pair()
    try await trends.place.execute(
      """
      insert into feeds select g, 5, timestamptz '\(Trends.now)' - interval '3 days' from generate_series(11, 20) g;
      insert into feed_comments select g, user_id, \(Self.recent) from generate_series(11, 20) g, generate_series(21, 24) user_id;
      """)
    #expect(try await scores(trends).keys.sorted() == ["1", "18", "19", "2", "20"])
    #expect(try await scores(trends, ["TRENDING_PER_AUTHOR": "0"]).count == 12)
    #expect(try await scores(trends, ["TRENDING_LIMIT": "4"]).keys.sorted() == ["18", "19", "2", "20"])
  }
}

import Foundation
import JobRuntime
import TestSupport
import Testing

@testable import Trending

/// Scores, against a model in Python that is obviously right (Tests/Feeds/trending.py).
@Suite(.timeLimit(.minutes(10))) struct ScoreTests {
  @Test(arguments: [0.1, 0.4, 0.9], [true, false])
  func `every list has the members, the scores to the last digit and the order of the model, in parallel and not`(
    seed: Double, isParallel: Bool
  ) async throws {
    let trends = try await Trends()
    try await trends.fill(seed: seed)
    try await trends.plan(inParallel: isParallel)
    let run = try await trends.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.count("published") == 3 && run.count("failed") == 0)
    try await trends.expectModel()
  }

  @Test func `every rule is the model's, too`() async throws {
    let trends = try await Trends()
    try await trends.fill(seed: 0.7)
    for rules in [
      Trends.Rules(limit: 7, perUser: 3, perAuthor: 1), Trends.Rules(limit: 500, perUser: 0, perAuthor: 0, people: 0),
      Trends.Rules(people: 9, decay: ["1h": 0.5, "24h": 0.25, "7d": 0.99]),
      Trends.Rules(decay: ["1h": 1, "24h": 0.001, "7d": 1], weights: "view=0.001,like=0,comment=999.999,share=1"),
    ] {
      let run = try await trends.run([], rules.settings)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      try await trends.expectModel(rules, isThere: false)
    }
  }

  @Test func `a window alone is what it is among all, and where moments have no time zone`() async throws {
    let trends = try await Trends()
    try await trends.fill()
    _ = try await trends.run()
    let wanted = try await trends.model()
    for (table, column) in [("feeds", "created_at"), ("feed_likes", "created_at"), ("feed_views", "viewed_at")] {
      try await trends.place.execute("set timezone = 'UTC'; alter table \(table) alter \(column) type timestamp")
    }
    for window in ["1h", "24h", "7d"] {
      try await trends.place.redis("FLUSHDB")
      let run = try await trends.run([], ["TRENDING_WINDOWS": window])
      #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)\(run.errors)")
      #expect(try await trends.list(window) == wanted[window])
    }
  }

  @Test func `a list that one round does not prove is the list that capping everything makes`() async throws {
    let trends = try await Trends()
    try await trends.fill(users: 400, posts: 200, events: 4000)
    // Thousands of posts that one person or the author made look hot.
    try await trends.place.execute(
      """
      insert into feeds select g, 1 + g % 9, timestamptz '\(Trends.now)' - interval '1 day' from generate_series(1001, 6000) g;
      insert into feed_likes select g, case when g % 2 = 0 then 1 + g % 9 else 70 end, timestamptz '\(Trends.now)' - n * interval '1 minute'
        from generate_series(1001, 6000) g, generate_series(1, 5) n;
      analyze
      """)
    let run = try await trends.run([], ["TRENDING_LIMIT": "20"])
    #expect(run.exitCode == 0 && run.count("rounds") ?? 0 > 3, "\(run.output)\(run.errors)")
    #expect(run.count("capped") ?? 0 > 5000)
    try await trends.expectModel(Trends.Rules(limit: 20))
  }

  @Test func `posts with fewer events than they need people are not looked at, however great the sums`() async throws {
    let trends = try await Trends()
    try await trends.fill(users: 400, posts: 200, events: 4000)
    try await trends.place.execute(
      """
      insert into feeds select g, 1 + g % 9, timestamptz '\(Trends.now)' - interval '1 day' from generate_series(1001, 6000) g;
      insert into feed_shares select g, n, timestamptz '\(Trends.now)' - interval '1 minute'
        from generate_series(1001, 6000) g, generate_series(70, 71) n;
      analyze
      """)
    let rules = Trends.Rules(limit: 20, people: 3, weights: "view=0.1,like=2,comment=3,share=500")
    let run = try await trends.run([], rules.settings)
    #expect(run.exitCode == 0 && run.count("rounds") ?? 9 < 3, "\(run.output)\(run.errors)")
    try await trends.expectModel(rules)
  }

  @Test func `in tables that were never analyzed, posts are looked up once each, not for each event`() async throws {
    let trends = try await Trends()
    try await trends.fill(users: 400, posts: 4000, events: 40_000)
    for table in ["users", "feeds", "feed_views", "feed_likes", "feed_comments", "feed_shares"] {
      try await trends.place.execute("alter table \(table) set (autovacuum_enabled = false)")
    }
    let run = try await trends.run([], Trends.Rules(limit: 20).settings)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    try await trends.place.untilAlone()
    let analyzed = "select count(*) from pg_stat_user_tables where analyze_count + autoanalyze_count > 0"
    #expect(try await trends.place.value(analyzed) == "0")
    let lookups = try await trends.place.value("select idx_scan from pg_stat_user_tables where relname = 'feeds'")
    #expect(try #require(Int(lookups)) < 1000)
  }

  @Test func `two hosts whose clocks differ publish the same list for the same moment`() async throws {
    let trends = try await Trends()
    try await trends.fill()
    let moment = try #require(Timestamp(rfc3339: Trends.now))
    var lists: [[[String]]] = []
    // The servers' clock is right; these two are off by as much as is allowed.
    let seconds = Int64(Date().timeIntervalSince1970)
    for offset in [-240, 240] as [Int64] {
      let host = InProcess([], trends.environment(), now: Timestamp(seconds: seconds + offset))
      let run = await host.outcome(of: Trending.self)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      #expect(try await trends.about("24h")["computed_at"] == moment.rfc3339)
      lists.append(try await trends.lists())
    }
    #expect(lists[0] == lists[1] && !lists[0].contains([]))
  }
}

extension Trends {
  /// Has Postgres plan in parallel what can be, or nothing.
  func plan(inParallel isParallel: Bool) async throws {
    let workers = isParallel ? "2" : "0"
    try await place.execute(
      """
      do $$ begin
        execute format('alter database %I set max_parallel_workers_per_gather = \(workers)', current_database());
        execute format('alter database %I set parallel_setup_cost = 0', current_database());
        execute format('alter database %I set parallel_tuple_cost = 0', current_database());
        execute format('alter database %I set min_parallel_table_scan_size = 0', current_database());
      end $$
      """)
  }

  func lists() async throws -> [[String]] {
    try await [list("1h"), list("24h"), list("7d")]
  }

  /// - Parameter isThere: whether each list has to have some members.
  func expectModel(
    _ rules: Rules = Rules(), isThere: Bool = true, location: SourceLocation = #_sourceLocation
  ) async throws {
    let model = try await model(rules)
    for window in ["1h", "24h", "7d"] {
      let list = try await list(window)
      #expect(list == model[window], "\(window)", sourceLocation: location)
      #expect(!isThere || list.count > 3, "\(window) is worth comparing", sourceLocation: location)
    }
  }
}

import Foundation
import TestSupport
import Testing

/// Sources: those that are missing, those that fail, and the user's own.
@Suite(.timeLimit(.minutes(10))) struct SourceTests {
  private static let reactions = """
    create table reactions (post_id text, user_id text, emoji text, reacted_at timestamp);
    insert into reactions select g % 30 + 1, g % 50 + 1, 'wow', timestamp '2025-11-08 01:50' - g * interval '9 minutes'
      from generate_series(1, 900) g;
    """

  private func folder(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files {
      try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
    }
    return folder
  }

  private func field(_ sql: String = "") async throws -> Trends {
    let trends = try await Trends()
    try await trends.fill()
    try await trends.place.execute("set timezone = 'UTC'; \(sql)")
    return trends
  }

  @Test func `sources whose tables do not exist are off, and red once they were on`() async throws {
    let trends = try await field("drop table feed_shares")
    let run = try await trends.run()
    #expect(run.exitCode == 0 && run.count("published") == 3, "\(run.output)")
    #expect(run.result["details", "off", "shares"].elements.map(\.string) == ["feed_shares"])
    #expect(run.errors.contains("a part of the job is off"))
    let check = try await trends.run(["--check"])
    #expect(
      check.exitCode == 0 && check.output.contains("shares is off: the table feed_shares does not exist"),
      "\(check.output)")
    let before = try await trends.lists()
    #expect(!before.contains([]))
    try await trends.place.execute("drop table feed_likes, feed_comments, feed_views")
    let gone = try await trends.run()
    #expect(gone.exitCode == 65 && gone.count("failed") == 3, "\(gone.output)")
    #expect(try await trends.lists() == before)
  }

  @Test func `a place without posts has nothing that trends, and is not red`() async throws {
    let place = try await Place()
    let check = try await Trends.binary.run(["--check"], place.environment)
    #expect(check.exitCode == 0 && check.output.contains("views is off: the tables feed_views, feeds, users do not"))
    let run = try await Trends.binary.run([], place.environment)
    #expect(run.exitCode == 0 && run.count("published") == 0, "\(run.output)")
    #expect(run.result["details", "on"].count == 0 && run.result["details", "off", "likes"].count == 3)
  }

  @Test func `the page's source of one's own counts beside the others, whatever the types of its ids`() async throws {
    let trends = try await field(Self.reactions)
    let folder = try folder(["reactions": try Page("docs/jobs/trending.md").code("reactions")])
    let weights = ["TRENDING_WEIGHTS": "view=0.1,like=2,comment=3,share=5,wow=4"]
    let own = weights.merging(["TRENDING_SOURCES_DIR": folder.path]) { $1 }
    let check = try await trends.run(["--check"], own)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await trends.run([], own)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let lists = try await trends.lists()
    // The same as rows of a built-in table with that weight.
    try await trends.place.execute(
      """
      delete from feed_likes;
      insert into feed_likes select post_id::bigint, user_id::bigint, reacted_at from reactions
      """)
    #expect(try await trends.run([], ["TRENDING_WEIGHTS": "view=0.1,like=4,comment=3,share=5"]).exitCode == 0)
    let likes = try await trends.lists()
    #expect(try await trends.run([], own).exitCode == 0)
    #expect(lists != likes)
    try await trends.place.execute("delete from feed_likes")
    #expect(try await trends.run([], own).exitCode == 0)
    #expect(try await trends.lists() == likes)
  }

  @Test func `staged tallies of the page count each event, though nobody's`() async throws {
    let trends = try await field(
      """
      drop table feed_views;
      \(try Page("docs/jobs/trending.md").code("staged_table"))
      insert into staged_views select g, 'view', timestamptz '2025-11-08 01:30Z', 40 from generate_series(1, 20) g;
      """)
    let folder = try folder(["views": try Page("docs/jobs/trending.md").code("staged_views")])
    let run = try await trends.run([], ["TRENDING_SOURCES_DIR": folder.path, "TRENDING_WINDOWS": "1h"])
    #expect(run.exitCode == 0 && !run.result["details", "off", "shares"].isThere, "\(run.output)\(run.errors)")
    #expect(run.count("events") ?? 0 > 800, "\(run.output)")
  }

  @Test func `a kind without a weight fails its source in the windows that have it, and in no other`() async throws {
    let trends = try await field(Self.reactions)
    let folder = try folder(["reactions": try Page("docs/jobs/trending.md").code("reactions")])
    #expect(try await trends.run().exitCode == 0)
    let before = try await trends.lists()
    try await trends.place.execute(
      """
      delete from reactions where reacted_at > timestamp '2025-11-07 12:00'; delete from feed_views where viewed_at > '2025-11-01';
      """)
    let own = ["TRENDING_SOURCES_DIR": folder.path, "TRENDING_WINDOWS": "1h,24h,7d"]
    try await trends.place.execute(
      "update reactions set emoji = 'like' where reacted_at > timestamp '2025-11-07 02:00'")
    let run = try await trends.run([], own)
    #expect(run.exitCode == 65 && run.count("published") == 2 && run.count("failed") == 1, "\(run.output)")
    let message = run.result["errors"][0]["message"].string ?? ""
    #expect(message.contains("/reactions.sql") && message.contains("«wow»"), "\(message)")
    #expect(run.result["errors"][0]["item"].string == "reactions:7d")
    let after = try await trends.lists()
    #expect(after[2] == before[2] && after[0] != before[0] && after[1] != before[1])
    let check = try await trends.run(["--check"], own)
    #expect(check.exitCode == 78 && check.output.contains("«wow»"), "\(check.output)")
    // Once it has a weight, the dead letter is resolved.
    let states = "(select string_agg(item || ' ' || state, ',') from oneshot.dead_letters)"
    #expect(try await trends.place.value(states) == "reactions:7d pending")
    let weighed = own.merging(["TRENDING_WEIGHTS": "view=0.1,like=2,comment=3,share=5,wow=4"]) { $1 }
    #expect(try await trends.run([], weighed).exitCode == 0)
    #expect(try await trends.place.value(states) == "reactions:7d resolved")
  }

  @Test(arguments: [
    ("select 1 as post_id", "column"), ("select post_id, user_id, 'like' as kind, at from", "syntax error"),
    (
      "select 1 as post_id, 1 as user_id, 'like' as kind, timestamptz '2025-11-08' as at) as x; delete from users; select (1",
      "syntax error"
    ),
    ("select 1 as post_id, 1 as user_id, 'like' as kind, pg_sleep(600)::text::timestamptz as at", "statement timeout"),
    ("select 'x' as post_id, '1' as user_id, 'like' as kind, timestamptz '2025-11-08' as at", "invalid input syntax"),
    ("select 1 as post_id, 1 as user_id, 'like' as kind, :now as at", ":now is not known here"),
  ])
  func `a source that fails publishes nothing, and the message names the file`(sql: String, says: String) async throws {
    let trends = try await field()
    #expect(try await trends.run().exitCode == 0)
    let before = try await trends.lists()
    try await trends.place.execute("delete from feed_likes")
    let folder = try folder(["mine": sql])
    let own = ["TRENDING_SOURCES_DIR": folder.path, "TRENDING_SOURCE_TIMEOUT": "5s"]
    let run = try await trends.run([], own)
    #expect(run.exitCode == 65 && run.count("published") == 0 && run.count("failed") == 3, "\(run.output)")
    let message = run.result["errors"][0]["message"].string ?? ""
    #expect(message.contains("/mine.sql") && message.contains(says), "\(message)")
    #expect(run.result["errors"].elements.allSatisfy { $0["item"].string?.hasPrefix("mine:") == true }, "\(run.output)")
    #expect(try await trends.lists() == before)
    #expect(try await trends.place.value("(select count(*) from users)") == "60")
  }

  @Test(arguments: ["user_id", "feed_id"])
  func `ids of two collations are refused, by a run as by check`(column: String) async throws {
    let trends = try await Trends()
    for table in ["feed_views", "feed_likes", "feed_comments", "feed_shares"] {
      try await trends.place.execute("alter table \(table) alter \(column) type text collate \"C\"")
    }
    let (other, ids) = column == "user_id" ? ("users", "users") : ("feeds", "posts")
    try await trends.place.execute("alter table \(other) alter id type text collate \"und-x-icu\"")
    for arguments in [["--check"], []] {
      let run = try await trends.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("ids of \(ids) have several collations"), "\(run.output)")
      #expect(run.output.contains("\(other).id"), "\(run.output)")
    }
  }

  @Test(arguments: ["post_id", "user_id"])
  func `check finds ids that cannot be those of posts or users, as a run does`(column: String) async throws {
    let trends = try await field()
    let ids = ["post_id", "user_id"].map { "\($0 == column ? "gen_random_uuid()" : "1") as \($0)" }
    let folder = try folder([
      "mine": "select \(ids.joined(separator: ", ")), 'like' as kind, timestamptz '2025-11-07' as at"
    ])
    for (arguments, code) in [(["--check"], 78), ([], 65)] {
      let run = try await trends.run(arguments, ["TRENDING_SOURCES_DIR": folder.path])
      #expect(run.exitCode == code && run.output.contains("/mine.sql"), "\(run.output)")
      #expect(run.output.contains("cannot cast type uuid to bigint"), "\(run.output)")
    }
  }

  @Test func `a source of one's own can set nothing, and finds what lives by the promised names`() async throws {
    let trends = try await field()
    let text = """
      select f.id as post_id, u.id as user_id, set_config('work_mem', '64kB', false) || 'like' as kind, f.created_at as at
      from live_feeds f cross join live_users u
      """
    let folder = try folder(["mine": text])
    let own = ["TRENDING_SOURCES_DIR": folder.path]
    let weights = ["TRENDING_WEIGHTS": "view=0.1,like=2,comment=3,share=5,64kBlike=1"]
    let run = try await trends.run([], own.merging(weights) { $1 })
    #expect(run.exitCode == 0 && run.count("published") == 3, "\(run.output)\(run.errors)")
  }

  @Test func `a built-in source without a weight is not read`() async throws {
    let trends = try await field("drop table feed_views")
    let run = try await trends.run([], ["TRENDING_WEIGHTS": "view=0,like=2,comment=3,share=5"])
    #expect(run.exitCode == 0 && !run.result["details", "off", "shares"].isThere, "\(run.output)")
    let unnamed = try await trends.run([], ["TRENDING_WEIGHTS": "view=1,like=2,comment=3"])
    #expect(unnamed.exitCode == 65 && unnamed.output.contains("«share»"), "\(unnamed.output)")
  }

  @Test func `a post is listed by its own id, whatever its events write for it`() async throws {
    let trends = try await Trends()
    try await trends.place.execute(
      """
      alter table feeds alter id type numeric; alter table feed_likes alter feed_id type numeric;
      alter table feed_comments alter feed_id type numeric;
      insert into users select g from generate_series(1, 9) g;
      insert into feeds values (1, 1, '2025-11-07');
      insert into feed_likes select 1.00, g, '2025-11-08 01:59:30+00' from generate_series(2, 5) g;
      insert into feed_comments select 1.0, g, '2025-11-08 01:59:30+00' from generate_series(2, 5) g;
      """)
    let run = try await trends.run([], ["TRENDING_WINDOWS": "1h"])
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await trends.list("1h") == ["1 20.000000"])
  }

  @Test func `a score that Redis could not keep exactly leaves its post out`() async throws {
    let trends = try await Trends()
    try await trends.place.execute(
      """
      insert into users select g from generate_series(1, 9) g;
      insert into feeds select g, 1, '2025-11-07' from generate_series(1, 2) g;
      insert into feed_likes select 1 + g / 4500000, 2 + g % 4, '2025-11-08 01:59:30+00' from generate_series(1, 4500010) g;
      """)
    let settings = [
      "TRENDING_WEIGHTS": "like=1000", "TRENDING_PER_USER": "0", "TRENDING_WINDOWS": "1h", "TRENDING_DECAY": "1",
    ]
    let run = try await trends.run([], settings)
    #expect(run.exitCode == 65 && run.count("published") == 1, "\(run.output)")
    #expect(run.result["errors"][0]["item"].string == "post 1:1h", "\(run.output)")
    #expect(try await trends.list("1h") == ["2 11000.000000"])
  }
}

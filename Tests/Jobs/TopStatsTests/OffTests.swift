import Foundation
import Redis
import TestSupport
import Testing

/// Boards whose tables the application does not have.
@Suite(.timeLimit(.minutes(10))) struct OffTests {
  private static let nothingIsWrong = "select count(*) from oneshot.dead_letters where state = 'pending'"

  @Test func `built-in boards without tables are off and said once, and red once they were on`() async throws {
    let place = try await Place()
    let run = { (arguments: [String]) in try await Leaderboards.binary.run(arguments, place.environment) }
    let first = try await run([])
    #expect(first.exitCode == 0 && first.count("published") == 0, "\(first.output)\(first.errors)")
    #expect(first.errors.components(separatedBy: "a part of the job is off").count == 1 + Leaderboards.names.count)
    #expect(first.result["details", "off", "feeds_viewed"].elements.map(\.string) == ["feed_views", "feeds"])
    let check = try await run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(check.output.contains("feeds_viewed is off: the tables feed_views, feeds do not exist"), "\(check.output)")
    let second = try await run([])
    #expect(second.exitCode == 0 && !second.errors.contains("a part of the job is off"), "\(second.errors)")

    try await place.execute(
      """
      create table users (id bigint);
      create table follows (follower_id bigint, followee_id bigint, created_at timestamptz);
      insert into users values (1), (2);
      insert into follows values (1, 2, now() - interval '1 hour')
      """)
    let third = try await run([])
    #expect(third.exitCode == 0 && third.count("published") == 3, "\(third.output)\(third.errors)")
    #expect(third.errors.contains("a part of the job is on"))
    #expect(third.result["details", "on"].elements.map(\.string) == ["users_followed"], "\(third.output)")
    #expect(third.result["details", "off", "comments"].elements.map(\.string) == ["feed_comments", "feeds"])
    #expect(try await place.value(Self.nothingIsWrong) == "0")
    let shown = try await place.rows(
      "select job || is_on::text from (\(Page("docs/operate.md").code("what is on"))) as shown")
    #expect(shown.map { $0[0] } == [#"top-stats["users_followed"]"#])

    try await place.execute("drop table follows")
    #expect(try await run([]).exitCode == 65)
    #expect(try await run(["--check"]).output.contains("the table follows does not exist"))
    #expect(try await place.redis("ZCARD", "top:users_followed").integer == 1, "the board is read still")
    // The ledger no longer says that it was on; that it was published does.
    try await place.execute("delete from oneshot.job_runs")
    #expect(try await run([]).exitCode == 65)
  }

  @Test func `a board is not off where a setting names it, or where its tables are only out of sight`() async throws {
    let place = try await Place()
    let chosen = place.environment.merging(["TOP_STATS_BOARDS": "feeds_viewed"]) { $1 }
    #expect(try await Leaderboards.binary.run([], chosen).exitCode == 65)
    let check = try await Leaderboards.binary.run(["--check"], chosen)
    #expect(check.exitCode == 78 && check.output.contains("the table feed_views does not exist"), "\(check.output)")

    try await place.execute(
      """
      create schema elsewhere;
      create table elsewhere.users (id bigint);
      create table elsewhere.follows (follower_id bigint, followee_id bigint, created_at timestamptz)
      """)
    let hidden = try await Leaderboards.binary.run(["--check"], place.environment)
    #expect(hidden.exitCode == 78 && hidden.output.contains("follows is in the schema elsewhere"), "\(hidden.output)")
    let run = try await Leaderboards.binary.run([], place.environment)
    #expect(run.exitCode == 65 && run.result["details", "on"].elements.map(\.string) == ["users_followed"])
  }

  @Test func `what failed for want of a table is settled when the board is off`() async throws {
    let place = try await Place()
    // As each run did before boards could be off.
    let chosen = place.environment.merging(["TOP_STATS_BOARDS": "comments"]) { $1 }
    #expect(try await Leaderboards.binary.run([], chosen).exitCode == 65)
    #expect(try await place.value(Self.nothingIsWrong) == "3")
    #expect(try await Leaderboards.binary.run([], place.environment).exitCode == 0)
    #expect(try await place.value(Self.nothingIsWrong) == "0")
  }
}

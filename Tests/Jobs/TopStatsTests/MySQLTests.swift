import Foundation
import Redis
import TestSupport
import Testing

/// The application's tables are in MySQL, and reach Postgres through mysql_fdw, set up as the page says.
@Suite(.serialized, .timeLimit(.minutes(15))) struct MySQLTests {
  /// Boards whose tables are in a MariaDB, and a role that may do no more than the page grants.
  private struct Field {
    let server: MariaDB
    let boards: Leaderboards
    let settings: [String: String]

    func run(_ more: [String: String] = [:], _ arguments: [String] = []) async throws -> Binary.Outcome {
      try await boards.run(arguments, settings.merging(more) { $1 })
    }

    /// What has reached MariaDB since it was last asked, but for what only looks whether it is still there.
    func statements() async throws -> [String] {
      let said = try await server.lines(
        "select replace(argument, '\n', ' ') from mysql.general_log where command_type in ('Prepare', 'Query') "
          + "and user_host like '%jobs%' and argument like 'SELECT%'; truncate mysql.general_log;")
      return said.map { $0.replacing("`", with: "") }.filter { !$0.hasSuffix("LIMIT 1") }
    }
  }

  /// - Returns: nothing where it cannot be tried, which is said.
  private func field(deletes: Bool = true) async throws -> Field? {
    let boards = try await Leaderboards(deletes: deletes)
    guard let server = try await MariaDB.foreign(to: boards.place) else { return nil }
    try await boards.fill(deletes: deletes)
    try await Self.move(boards.place, to: server, deletes: deletes)
    var sql = try Page("docs/jobs/top-stats.md").code("mysql").replacing("to jobs", with: "to public").replacing(
      "for jobs", with: "for public"
    )
    .replacing("port '3306'", with: "port '\(server.port)'").replacing("mysql.internal", with: "127.0.0.1")
    if !deletes { sql = sql.replacing(", deleted_at timestamp", with: "") }
    try await boards.place.execute(sql)
    let settings = try await boards.place.restricted("top-stats")
    return Field(server: server, boards: boards, settings: settings)
  }

  /// Moves the tables with all their rows; moments are kept in UTC.
  private static func move(_ place: Place, to server: MariaDB, deletes: Bool) async throws {
    let deleted = deletes ? ", deleted_at datetime" : ""
    let event = "id bigint primary key, feed_id bigint, user_id bigint, created_at datetime(6), key (created_at)"
    try await server.lines(
      """
      create database app;
      use app;
      create table users (id bigint primary key, username varchar(100)\(deleted));
      create table feeds (id bigint primary key, user_id bigint, created_at datetime(6)\(deleted));
      create table feed_likes (\(event));
      create table feed_comments (\(event));
      create table feed_views (feed_id bigint, viewed_at timestamp(6), key (viewed_at));
      create table follows (follower_id bigint, followee_id bigint, created_at datetime(6));
      create user jobs identified by 'secret';
      grant select on app.* to jobs;
      set global general_log = on;
      """)
    for (table, columns) in [
      ("users", deletes ? "id, username, deleted_at" : "id, username"),
      ("feeds", deletes ? "id, user_id, created_at, deleted_at" : "id, user_id, created_at"),
      ("feed_likes", "id, feed_id, user_id, created_at"), ("feed_comments", "id, feed_id, user_id, created_at"),
      ("feed_views", "feed_id, viewed_at"), ("follows", "follower_id, followee_id, created_at"),
    ] {
      let values = columns.split(separator: ", ").map { column in
        column.hasSuffix("_at")
          ? "to_char(\(column) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')" : "\(column)::text"
      }
      let rows = try await place.rows(
        "select concat_ws(', ', \(values.map { "coalesce(quote_literal(\($0)), 'null')" }.joined(separator: ", "))) as a from \(table)"
      ).map { "(\($0[0]))" }
      try await server.lines("use app; insert into \(table) (\(columns)) values \(rows.joined(separator: ",\n"));")
    }
    try await place.execute("drop table users, feeds, feed_likes, feed_comments, feed_views, follows")
  }

  @Test(arguments: [true, false])
  func `every board in every window is what plain queries in MySQL itself answer`(deletes: Bool) async throws {
    guard let field = try await field(deletes: deletes) else { return }
    let check = try await field.run([:], ["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await field.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.count("published") == 18)
    for name in Leaderboards.names {
      for (suffix, days) in ["": 7, ":1d": 1, ":30d": 30] {
        let plain = try await PlainBoards.lines(name, days: days, deletes: deletes, in: field.server)
        #expect(try await field.boards.board(name + suffix) == plain, "\(name)\(suffix)")
        #expect(plain.count > 3, "\(name)\(suffix) is worth comparing")
      }
    }
  }

  @Test func `what the page says reaches MySQL does`() async throws {
    guard let field = try await field() else { return }
    _ = try await field.statements()
    #expect(try await field.run().exitCode == 0)
    let three = try await field.statements()
    for (table, moment) in [
      ("feed_likes", "created_at"), ("feed_comments", "created_at"), ("feed_views", "viewed_at"),
      ("follows", "created_at"),
    ] {
      let asked = three.filter { $0.contains("FROM app.\(table) ") }
      #expect(!asked.isEmpty, "\(table)")
      for statement in asked {
        #expect(statement.contains("\(moment) >= '2025-10-09 02:00:00'"), "\(statement)")
        #expect(statement.contains("\(moment) < '2025-11-08 02:00:00'"), "\(statement)")
      }
    }
    for statement in three.filter({ $0.contains("FROM app.users") || $0.contains("FROM app.feeds") }) {
      #expect(statement.contains("deleted_at IS NULL"), "\(statement)")
    }
    // No moment has an offset: MySQL 8 refuses one.
    #expect(three.allSatisfy { !$0.contains("+00") }, "\(three)")
    // Joins, and counts for several windows, are done here.
    #expect(three.allSatisfy { !$0.contains("JOIN") && !$0.contains("GROUP BY") }, "\(three)")

    #expect(try await field.run(["TOP_STATS_WINDOWS": "7d"]).exitCode == 0)
    let one = try await field.statements()
    for table in ["feed_views", "feeds"] {
      #expect(one.contains { $0.contains("FROM app.\(table) ") && $0.contains("GROUP BY") }, "\(table): \(one)")
    }
  }

  @Test func `a board of one's own reads MySQL, too, with a window that reaches it`() async throws {
    guard let field = try await field() else { return }
    let folder = try TemporaryFolder()
    try Page("docs/jobs/top-stats.md").code("mysql_board").write(
      toFile: "\(folder.path)/raw_views.sql", atomically: true, encoding: .utf8)
    _ = try await field.statements()
    let run = try await field.run(["TOP_STATS_BOARDS_DIR": folder.path, "TOP_STATS_BOARDS": "raw_views"])
    #expect(run.exitCode == 0, "\(run.errors)")
    let said = try await field.statements().filter { $0.contains("FROM app.feed_views") }
    #expect(
      said.count == 3 && said.allSatisfy { $0.contains("viewed_at >= '2025-") && $0.contains("GROUP BY") }, "\(said)")
    let plain = try await field.server.lines(
      """
      use app; select concat(feed_id, ' ', count(*)) from feed_views
      where viewed_at >= '2025-11-07 02:00:00' and viewed_at < '2025-11-08 02:00:00'
      group by feed_id order by count(*) desc, cast(feed_id as binary) desc limit 1000;
      """)
    #expect(try await field.boards.board("raw_views:1d") == plain && plain.count > 3)
  }

  @Test func `check names what MySQL decides by its own rules, and offset 0 keeps it in Postgres`() async throws {
    guard let field = try await field() else { return }
    let folder = try TemporaryFolder()
    try await field.server.lines(
      """
      use app; create table tags (feed_id int, tag varchar(20), parts int);
      insert into tags select seq, if(seq % 2, 'Red', 'red'), seq from seq_1_to_10;
      """)
    try await field.boards.place.execute(
      """
      create foreign table tags (feed_id integer, tag text, parts integer) server app_mysql options (dbname 'app');
      grant select on tags to public
      """)
    let day = "select feed_id as member, count(*) as score from %@ where viewed_at::date = date '2025-11-07' group by 1"
    let boards = [
      "dates": (day.replacing("%@", with: "feed_views"), "a cast to date is left out"),
      "divided": ("select feed_id as member, 1 as score from tags where parts / 2 = 3", "/ keeps the fraction"),
      "joined": ("select feed_id as member, 1 as score from tags where tag || '' = 'red'", "|| is a logical or"),
      "equal": ("select feed_id as member, 1 as score from tags where tag = 'red'", "texts are equal by MySQL's"),
      "grouped": ("select tag as member, count(*) as score from tags group by tag", "texts are equal by MySQL's"),
    ]
    let tags = "(select * from tags offset 0) as t"
    let kept: [String: (String, Int?)] = [
      "kept_dates": (day.replacing("%@", with: "(select * from feed_views offset 0) as v"), nil),
      "kept_divided": ("select feed_id as member, 1 as score from \(tags) where parts / 2 = 3", 2),
      "kept_equal": ("select feed_id as member, 1 as score from \(tags) where tag = 'red'", 5),
      "kept_grouped": ("select tag as member, count(*) as score from \(tags) group by tag", 2),
    ]
    for (name, text) in boards.mapValues(\.0).merging(kept.mapValues(\.0), uniquingKeysWith: { $1 }) {
      try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
    }
    let own = [
      "TOP_STATS_BOARDS_DIR": folder.path,
      "TOP_STATS_BOARDS": (Array(boards.keys) + Array(kept.keys)).joined(separator: ","),
      "TOP_STATS_WINDOWS": "7d",
    ]
    let check = try await field.run(own, ["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    let advice = check.result["details", "advice"].elements.compactMap(\.string)
    #expect(advice.count == boards.count, "\(advice)")
    for (name, (_, says)) in boards {
      #expect(advice.contains { $0.contains("/\(name).sql: ") && $0.contains(says) }, "\(name): \(advice)")
    }
    #expect(try await field.run(own).exitCode == 0)
    for (name, (_, count)) in kept where count != nil {
      #expect(try await field.boards.board(name).count == count, "\(name)")
    }
    let plain = try await field.server.lines(
      "use app; select count(distinct feed_id) from feed_views where date(viewed_at) = '2025-11-07'")
    #expect(try await ["\(field.boards.board("kept_dates").count)"] == plain && plain != ["0"])
  }

  @Test(arguments: [1, 2, 9, 30, 60], [false, true])
  func `a connection that ends in the middle of a table publishes no part of it`(
    fetch: Int, throughViews: Bool
  ) async throws {
    guard let field = try await field() else { return }
    if throughViews {
      // Read as the views' owner, over another connection than the role's own.
      for table in ["feed_likes", "feed_comments", "feed_views", "follows"] {
        try await field.boards.place.execute(
          """
          alter foreign table \(table) rename to app_\(table);
          alter foreign table app_\(table) options (add table_name '\(table)');
          revoke all on app_\(table) from \(field.boards.place.own("jobs"));
          create view \(table) as select * from app_\(table);
          grant select on \(table) to public;
          """)
      }
    }
    let fading = try FadingMariaDB(field.server)
    try await field.boards.place.execute(
      "alter server app_mysql options (set port '\(fading.port)', set fetch_size '100')")
    fading.end(at: fetch)
    let run = try await field.run(["JOB_BACKOFF_MAX": "0s"])
    #expect(fading.hasEnded)
    #expect(run.exitCode == 0 && run.count("published") == 18, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("was lost while its tables were read"), "\(run.errors)")
    for name in Leaderboards.names {
      #expect(try await field.boards.board(name) == PlainBoards.lines(name, days: 7, in: field.server), "\(name)")
    }
  }

  @Test func `a server that is lost each time fails the run, which publishes nothing`() async throws {
    guard let field = try await field() else { return }
    let fading = try FadingMariaDB(field.server)
    try await field.boards.place.execute(
      "alter server app_mysql options (set port '\(fading.port)', set fetch_size '100')")
    fading.end(at: 9)
    let run = try await field.run(["JOB_ATTEMPTS": "1"])
    #expect(run.exitCode == 69, "\(run.output)\(run.errors)")
    #expect(run.result["error", "message"].string?.contains("was lost while its tables were read") == true)
    #expect(try await field.boards.place.redis("KEYS", "top:*").elements.isEmpty)
  }

  @Test func `MySQL that is away fails the boards that read it, and no other`() async throws {
    guard let field = try await field() else { return }
    let folder = try TemporaryFolder()
    try "select 'a' as member, 1 as score".write(
      toFile: "\(folder.path)/mine.sql", atomically: true, encoding: .utf8)
    try await field.boards.place.execute("alter server app_mysql options (set port '1')")
    let run = try await field.run(["TOP_STATS_WINDOWS": "7d", "TOP_STATS_BOARDS_DIR": folder.path])
    #expect(run.exitCode == 65 && run.count("failed") == 6, "\(run.output)")
    #expect(try await field.boards.board("mine") == ["a 1"])
  }

  @Test func `MySQL that is away fails the boards, which keep what they had`() async throws {
    guard let field = try await field() else { return }
    #expect(try await field.run(["TOP_STATS_WINDOWS": "7d"]).exitCode == 0)
    let before = try await field.boards.board("comments")
    try await field.boards.place.execute("alter server app_mysql options (set port '1')")
    let run = try await field.run(["TOP_STATS_WINDOWS": "7d"])
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(run.count("failed") == 6)
    #expect(run.result["errors"][0]["message"].string?.contains("failed to connect to MySQL") == true, "\(run.output)")
    #expect(try await field.boards.board("comments") == before && !before.isEmpty)
  }
}

import Foundation
import Redis
import TestSupport
import Testing

/// The recipes of docs/sources.md.
@Suite(.timeLimit(.minutes(10))) struct SourceTests {
  @Test func `ClickHouse's tab-separated form arrives as it is, hostile texts included`() async throws {
    guard let house = try await ClickHouse.ifInstalled() else { return }
    let loading = try await Loading()
    try await house.query(
      "create table events (post_id UInt64, kind Nullable(String), seen Float64, day Date) engine = Memory")
    try await house.query(
      #"insert into events values (1, 'tab\tline\nback\\slash ä😀', 2.5, '2025-11-07'), (2, NULL, 1, '2025-11-07'), (3, '\\.', 1, '2025-11-07')"#
    )
    let run = try await loading.pipeline(
      """
      { curl -sSf '\(house.url)?wait_end_of_query=1' --data-binary \
      'select post_id, kind, seen, day from events format TabSeparated' && echo '\\.'; } | stage-table
      """)
    #expect(run.exitCode == 0 && run.count("inserted") == 3, "\(run.output)\(run.errors)")
    #expect(try await loading.place.value("select kind from tallies where post_id = 1") == "tab\tline\nback\\slash ä😀")
    #expect(try await loading.place.value("select kind is null from tallies where post_id = 2") == "true")
    #expect(try await loading.place.value("select kind from tallies where post_id = 3") == "\\.")
  }

  @Test func `an error in the middle of ClickHouse's answer changes nothing`() async throws {
    guard let house = try await ClickHouse.ifInstalled() else { return }
    let loading = try await Loading([:], "create table tallies (line text)")
    let query = "select toString(number + throwIf(number = 200000)) from numbers(300000) format TabSeparated"
    func load(_ parameters: String) async throws -> Binary.Outcome {
      try await loading.pipeline(
        "{ curl -sSf '\(house.url)\(parameters)' --data-binary '\(query)' && echo '\\.'; } | stage-table")
    }
    let run = try await load("?wait_end_of_query=1")
    #expect(run.exitCode == 69 && run.output.contains("the producer did not finish"), "\(run.output)")
    #expect(try await loading.place.value("select count(*) from tallies") == "0")
    // Why the page says «always».
    let trap = try await load("")
    #expect(trap.exitCode == 0, "\(trap.output)")
    #expect(try await loading.place.value("select count(*) from tallies where line like 'Code: 395%'") == "1")
  }

  /// Prints what mongoexport does: csv with `ObjectId(…)`, dates of extended JSON, and quotes around whatever needs them.
  private static let export = #"""
    printf '%s\n' 'ObjectId(690d7a000000000000000001),1,2,2025-11-07T10:00:00.000Z' \
      'ObjectId(690d7a000000000000000002),1,3,2025-11-07T11:30:00.123Z' \
      'ObjectId(690d7a000000000000000003),2,2,2025-11-07T12:00:00.000Z'
    """#

  @Test func `a stand-in for mongoexport is loaded, hostile texts included`() async throws {
    let loading = try await Loading(
      ["STAGE_FORMAT": "csv", "STAGE_MODE": "merge"],
      "create table tallies (id text primary key, body text, at timestamptz)")
    let csv =
      "ObjectId(690d7a000000000000000001),\"a \"\"quoted\"\", text\n\\.\n'; drop table tallies --\",2025-11-07T10:00:00.000Z\n"
      + "ObjectId(690d7a000000000000000002),,\n"
    let run = try await loading.load(csv + "\\.\n")
    #expect(run.exitCode == 0 && run.count("inserted") == 2, "\(run.output)\(run.errors)")
    #expect(
      try await loading.place.value("select body from tallies where at = '2025-11-07 10:00+00'")
        == "a \"quoted\", text\n\\.\n'; drop table tallies --")
    #expect(try await loading.place.value("select count(*) from tallies where body is null and at is null") == "1")
  }

  @Test func `top-stats ranks comments and views that were staged from elsewhere`() async throws {
    let loading = try await Loading([:], "")
    try await loading.place.execute(
      """
      create table users (id bigint primary key, username text, deleted_at timestamptz);
      create table feeds (
        id bigint primary key, user_id bigint not null, content text, created_at timestamptz not null,
        deleted_at timestamptz);
      create table feed_likes (feed_id bigint, user_id bigint, created_at timestamptz);
      create table follows (follower_id bigint, followee_id bigint, created_at timestamptz);
      create table feed_comments (
        id text primary key, feed_id bigint not null, user_id bigint not null, created_at timestamptz not null);
      create table feed_views (feed_id bigint not null, viewed_at timestamptz not null);
      insert into users select g, 'user ' || g from generate_series(1, 3) g;
      insert into feeds select g, 1, 'feed ' || g, '2025-11-01' from generate_series(1, 2) g
      """)
    let comments = try await loading.pipeline(
      "{ \(Self.export) && echo '\\.'; } | stage-table",
      ["STAGE_TABLE": "feed_comments", "STAGE_FORMAT": "csv", "STAGE_MODE": "merge"])
    #expect(comments.exitCode == 0 && comments.count("inserted") == 3, "\(comments.output)\(comments.errors)")
    let views = try await loading.pipeline(
      #"{ printf '2\t2025-11-07 10:00:00+00\n2\t2025-11-07 10:00:00+00\n1\t2025-11-07 11:00:00+00\n' && echo '\.'; } | stage-table"#,
      ["STAGE_TABLE": "feed_views"])
    #expect(views.exitCode == 0 && views.count("inserted") == 3, "\(views.output)\(views.errors)")
    let boards = try await Binary("top-stats").run(
      [], loading.environment(["TOP_STATS_BOARDS": "comments,feeds_viewed"]))
    #expect(boards.exitCode == 0, "\(boards.output)\(boards.errors)")
    for (board, ranking) in [("comments", ["1", "2", "2", "1"]), ("feeds_viewed", ["2", "2", "1", "1"])] {
      let answer = try await loading.place.redis("ZREVRANGE", "top:\(board)", "0", "-1", "WITHSCORES")
      #expect(answer.elements.compactMap(\.text) == ranking, "\(board): \(answer)")
    }
  }

  @Test func `a query of MySQL that writes csv is loaded, hostile texts included, and an error in the middle is not`()
    async throws
  {
    guard let server = try await MariaDB.ifInstalled() else { return }
    let loading = try await Loading(
      [:], "create table products (id int primary key, name text, price numeric(8,2))")
    try await server.lines(
      #"""
      create database shop; use shop;
      create table products (id int primary key, name varchar(100) character set utf8mb4, price decimal(8,2));
      set names utf8mb4;
      insert into products values
        (1, 'quo"ted, ä😀', 1.5), (2, null, null), (3, 'NULL', 2), (4, 'back\\slash\\N', 3), (5, 'tab\there', 4),
        (6, 'x\n\\.\ny', 5), (7, 'cr\r\nlf', 6), (8, '', 7)
      """#)
    let recipe = try Page("docs/sources.md").code("mysql", "sh").replacing("{ mysql ", with: "{ \(server.client) ")
    let run = try await loading.pipeline(recipe)
    #expect(run.exitCode == 0 && run.count("inserted") == 8, "\(run.output)\(run.errors)")
    let rows = try await loading.place.rows("select coalesce(name, 'null!') as a from products order by id")
    #expect(
      rows.map { $0[0] } == [
        "quo\"ted, ä😀", "null!", "NULL", "back\\slash\\N", "tab\there", "x\n\\.\ny", "cr\r\nlf", "",
      ])
    #expect(try await loading.place.value("select string_agg(id::text, '') from products where price is null") == "2")
    let wrong = recipe.replacing("concat(id,", with: "concat(if(id = 7, (select 1 union select 2), id),")
    let failed = try await loading.pipeline(wrong)
    #expect(failed.output.contains("the producer did not finish"), "\(failed.output)\(failed.errors)")
  }

  @Test func `a compressed file is loaded when it is whole, and not when it is cut`() async throws {
    let loading = try await Loading(["STAGE_FORMAT": "csv", "STAGE_FIRST_LINE": "names"])
    let folder = try TemporaryFolder()
    let rows = "post_id,kind,seen,day\n" + (1...2000).map { "\($0),kind,1,2025-11-07\n" }.joined()
    try rows.write(toFile: "\(folder.path)/rows.csv", atomically: true, encoding: .utf8)
    let script = "set -o pipefail; { cat %s | gunzip && echo '\\.'; } | stage-table"
    let cut = try await loading.pipeline(
      "cd \(folder.path); gzip rows.csv; head -c 1000 rows.csv.gz > cut.gz; " + script.replacing("%s", with: "cut.gz"))
    #expect(cut.output.contains("the producer did not finish"), "\(cut.output)\(cut.errors)")
    #expect(try await loading.rows() == [])
    let whole = try await loading.pipeline(
      "cd \(folder.path); " + script.replacing("%s", with: "rows.csv.gz"))
    #expect(whole.exitCode == 0 && whole.count("inserted") == 2000, "\(whole.output)")
  }
}

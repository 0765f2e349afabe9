import Foundation
import TestSupport
import Testing

/// What is wrong with one table, or with the moment of one post, does not stop the others.
@Suite(.timeLimit(.minutes(10))) struct IsolationTests {
  @Test func `a table that cannot be worked on ends the run after the others`() async throws {
    let editorial = try await Editorial(["PUBLISH_TABLE": "nothing,dates,posts,pages"])
    try await editorial.add(1...3)
    try await editorial.place.execute(
      """
      \(Editorial.table("pages")) insert into pages (id, publish_at) values (7, '2025-11-08');
      create table dates (like posts including all); alter table dates alter publish_at type date
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 78 && run.count("published") == 4, "\(run.output)\(run.errors)")
    #expect(run.output.contains("nothing") && run.errors.contains("publish_at of dates is of type date"))
    #expect(try await editorial.events() == [1, 2, 3, 7].map { "post.published \($0)" })
  }

  /// Wall clocks of posts 1 to 5, each with its zone.
  private func zoned() async throws -> Editorial {
    let editorial = try await Editorial(["PUBLISH_DUE_AT": "publish_at at time zone zone"], type: "timestamp")
    try await editorial.place.execute(
      """
      alter table posts alter published_at type timestamptz, add zone text default 'Europe/Berlin';
      insert into posts (id, publish_at) select g, timestamp '2025-11-08' + g * interval '1 minute' from generate_series(1, 5) g
      """)
    return editorial
  }

  @Test func `a post whose moment cannot be calculated is a dead letter, and the others go out`() async throws {
    let editorial = try await zoned()
    try await editorial.place.execute("update posts set zone = 'America/Sao Paulo' where id = 3")
    let check = try await editorial.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains("posts/3: time zone"), "\(check.output)")
    for published in [4, 0] {
      let run = try await editorial.run()
      #expect(
        run.exitCode == 65 && run.count("published") == published && run.count("failed") == 1,
        "\(run.output)\(run.errors)")
    }
    #expect(try await editorial.letters() == ["unreadable posts/3/publish_at pending"])
    #expect(
      try await editorial.place.value("select error_message from oneshot.dead_letters")
        == "time zone \"America/Sao Paulo\" not recognized (SQLSTATE 22023)")
    try await editorial.place.execute("update posts set zone = 'America/Sao_Paulo' where id = 3")
    let run = try await editorial.run([], ["JOB_SCHEDULED_AT": "2025-11-08T12:00:00Z"])
    #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)")
    #expect(try await editorial.letters() == ["unreadable posts/3/publish_at resolved"])
    #expect(try await editorial.events() == [1, 2, 4, 5, 3].map { "post.published \($0)" })
  }

  @Test func `what cannot be calculated of posts that do not wait does no harm`() async throws {
    let editorial = try await zoned()
    try await editorial.place.execute(
      "update posts set zone = 'nowhere', status = 'draft' where id = 3; drop index posts_publish_at_id_idx")
    #expect(try await editorial.run(["--check"]).exitCode == 0)
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 4, "\(run.output)\(run.errors)")
  }

  @Test func `a wall clock beyond what the server can convert is its post's`() async throws {
    let editorial = try await Editorial(["PUBLISH_TIMEZONE": "America/New_York"], type: "timestamp")
    try await editorial.place.execute(
      "insert into posts (id, publish_at) values (1, '294276-12-31 23:59:59'), (2, '2025-11-01')")
    let run = try await editorial.run()
    #expect(run.exitCode == 65 && run.count("published") == 1, "\(run.output)\(run.errors)")
    #expect(try await editorial.letters() == ["unreadable posts/1/publish_at pending"])
  }

  @Test func `nothing is published or missed before Postgres' clock is there, whatever the run is for`() async throws {
    let ahead = Date(timeIntervalSinceNow: 280).ISO8601Format()
    let editorial = try await Editorial(["JOB_SCHEDULED_AT": ahead, "PUBLISH_TOO_LATE": "2m"])
    try await editorial.place.execute(
      """
      insert into posts (id, publish_at) values
        (1, now() + interval '1 minute'), (2, now() + interval '4 minutes'), (3, now() - interval '1 minute')
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 1 && run.count("held") == 0, "\(run.output)\(run.errors)")
    #expect(try await editorial.statuses() == ["1 scheduled", "2 scheduled", "3 published"])
  }

  @Test(arguments: [
    ["PUBLISH_FROM": "sheduled"], ["PUBLISH_TO": "publishd"], ["PUBLISH_UNPUBLISH": "unpublish_at:archved"],
    ["PUBLISH_TOO_LATE": "1h"],
  ])
  func `a state that the column's type does not have is named, and no post is blamed`(settings: [String: String])
    async throws
  {
    let editorial = try await Editorial(settings)
    try await editorial.place.execute(
      """
      create type state as enum ('scheduled', 'published', 'archived'); drop index posts_publish_at_id_idx;
      alter table posts alter status drop default, alter status type state using status::state;
      insert into posts (id, status, publish_at) values (1, 'scheduled', '2025-11-08')
      """)
    for arguments in [["--check"], []] {
      let run = try await editorial.run(arguments)
      #expect(
        run.exitCode == 78
          && run.output.contains("status of posts does not take a state: invalid input value for enum"),
        "\(run.output)")
    }
    #expect(try await editorial.letters() == [])
  }

  @Test(arguments: ["publish_at", "published_at", "id"])
  func `a column that says something else does not say when to unpublish`(column: String) async throws {
    let editorial = try await Editorial(["PUBLISH_UNPUBLISH": "\(column):archived"])
    let run = try await editorial.run(["--check"])
    #expect(run.exitCode == 78 && run.output.contains("which PUBLISH_COLUMNS names, too"), "\(run.output)")
  }

  @Test func `a table of which a part is foreign is refused`() async throws {
    let editorial = try await Editorial(["PUBLISH_TABLE": "parts"])
    try await editorial.place.execute(
      """
      create extension file_fdw; create server files foreign data wrapper file_fdw;
      create table parts (id bigint, status text, publish_at timestamptz, published_at timestamptz)
        partition by range (id);
      create table here partition of parts for values from (0) to (100);
      create foreign table there partition of parts for values from (100) to (200)
        server files options (filename '/dev/null', format 'csv')
      """)
    for arguments in [["--check"], []] {
      let run = try await editorial.run(arguments)
      #expect(
        run.exitCode == 78 && run.output.contains("parts is a foreign table, or a part of it is"), "\(run.output)")
    }
  }

  @Test(arguments: [
    "create view other as select id, status, publish_at, max(published_at) as published_at from posts group by 1, 2, 3",
    "create materialized view other as select * from posts",
    """
    create table other (
      id bigint primary key, status text, publish_at timestamptz, published_at timestamptz generated always as (publish_at) stored);
    insert into other values (1, 'scheduled', '2025-11-08')
    """,
    "create table other (like posts including all); alter table other drop constraint other_pkey, alter id drop not null; create unique index on other (id); insert into other (publish_at) values ('2025-11-08')",
  ])
  func `what cannot be changed is a mistake in the settings`(other: String) async throws {
    let editorial = try await Editorial(["PUBLISH_TABLE": "other"])
    try await editorial.add(1...1)
    try await editorial.place.execute(other)
    let run = try await editorial.run()
    #expect(run.exitCode == 78, "\(run.output)\(run.errors)")
    #expect(try await editorial.letters() == [])
  }

  @Test(arguments: [["PUBLISH_FROM": "missed", "PUBLISH_TOO_LATE": "1h"], ["PUBLISH_FROM": "failed"]])
  func `a state in which the job leaves posts is none from which it publishes`(settings: [String: String]) async throws
  {
    let run = try await Editorial(settings).run(["--check"])
    #expect(run.exitCode == 78 && run.output.contains("PUBLISH_FROM"), "\(run.output)")
  }

  @Test func `a name may have blanks in it`() async throws {
    let editorial = try await Editorial(["PUBLISH_TABLE": " my posts , posts"])
    try await editorial.place.execute(
      "\(Editorial.table("\"my posts\"")) insert into \"my posts\" (id, publish_at) values (1, '2025-11-08')")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)\(run.errors)")
  }

  @Test(arguments: ["page", "locked", "moved", "verdict", "parts"])
  func `a table may be called what the job's own statements call something`(name: String) async throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/guard.sql"
    try "select id, 'no' as reason from \(name) where id = 2".write(toFile: file, atomically: true, encoding: .utf8)
    let editorial = try await Editorial(["PUBLISH_TABLE": name, "PUBLISH_GUARD": file])
    try await editorial.place.execute(
      "\(Editorial.table(name)) insert into \(name) (id, publish_at) values (1, '2025-11-08'), (2, '2025-11-08')")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 1 && run.count("guarded") == 1, "\(run.output)\(run.errors)")
  }
}

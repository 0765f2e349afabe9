import Foundation
import TestSupport
import Testing

/// Posts whose id does not name one row.
@Suite(.timeLimit(.minutes(10))) struct KeyTests {
  /// A post in several languages, in a table of partitions, whose key has to hold what it is partitioned by.
  private static let languages = """
    drop table posts;
    create table posts (
      id bigint, status text, publish_at timestamptz, published_at timestamptz, locale text, primary key (id, locale)
    ) partition by list (locale);
    create table posts_en partition of posts for values in ('en');
    create table posts_de partition of posts for values in ('de');
    """

  @Test func `an id that is not unique by itself is refused`() async throws {
    let editorial = try await Editorial()
    try await editorial.place.execute(
      """
      alter table posts drop constraint posts_pkey, add locale text default 'en';
      alter table posts add primary key (id, locale);
      create unique index on posts (id) where status = 'draft';
      insert into posts (id, publish_at) values (1, '2025-11-08')
      """)
    for arguments in [["--check"], []] {
      let run = try await editorial.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("id of posts is not unique by itself"), "\(run.output)")
    }
    #expect(try await editorial.statuses() == ["1 scheduled"])
    try await editorial.place.execute("create unique index on posts (id)")
    #expect(try await editorial.run(["--check"]).exitCode == 0)
    #expect(try await editorial.run().count("published") == 1)
  }

  @Test func `an id that is unique no longer is refused once a post is due, and by a check before that`() async throws {
    let editorial = try await Editorial()
    #expect(try await editorial.run().exitCode == 0)
    try await editorial.place.execute("alter table posts drop constraint posts_pkey")
    #expect(try await editorial.run().exitCode == 0)
    for arguments in [["--check"], ["--plan"]] { #expect(try await editorial.run(arguments).exitCode == 78) }
    try await editorial.place.execute("insert into posts (id, publish_at) values (1, '2025-11-08')")
    let run = try await editorial.run()
    #expect(run.exitCode == 78 && run.output.contains("id of posts is not unique by itself"), "\(run.output)")
    #expect(try await editorial.statuses() == ["1 scheduled"])
  }

  @Test func `a row of the same id that is due at another time stays`() async throws {
    let editorial = try await Editorial()
    try await editorial.place.execute(
      """
      \(Self.languages)
      insert into posts values (1, 'scheduled', '2025-11-08', null, 'en'), (1, 'scheduled', '2025-11-15', null, 'de')
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)\(run.errors)")
    #expect(
      try await editorial.place.rows(
        "select locale as a, status as b, published_at::text as c from posts order by locale")
        == [["de", "scheduled", "NULL"], ["en", "published", "2025-11-08 00:00:00+00"]])
    #expect(try await editorial.events() == ["post.published 1"])
  }

  @Test func `of rows of the same id that are due at once none is published`() async throws {
    let editorial = try await Editorial()
    try await editorial.place.execute(
      """
      \(Self.languages)
      insert into posts values (1, 'scheduled', '2025-11-08', null, 'en'), (1, 'scheduled', '2025-11-08', null, 'de')
      """)
    let run = try await editorial.run()
    #expect(
      run.exitCode == 78 && run.output.contains("several due posts of posts have the same id"), "\(run.output)"
    )
    #expect(try await editorial.statuses() == ["1 scheduled", "1 scheduled"])
    #expect(try await editorial.events() == [])
  }

  @Test func `a guard that names an id in one spelling of Unicode leaves the other`() async throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/guard.sql"
    try "select id, 'no picture' as reason from posts where id = U&'e\\0301'".write(
      toFile: file, atomically: true, encoding: .utf8)
    let editorial = try await Editorial(["PUBLISH_GUARD": file])
    try await editorial.place.execute(
      """
      alter table posts alter id type text;
      insert into posts (id, publish_at) values (U&'\\00e9', '2025-11-08'), (U&'e\\0301', '2025-11-08')
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 1 && run.count("guarded") == 1, "\(run.output)\(run.errors)")
  }
}

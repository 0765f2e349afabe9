import TestSupport
import Testing

/// The privileges that the job's page names are enough, and each is needed.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let editorial = try await Editorial(["PUBLISH_UNPUBLISH": "unpublish_at:archived", "PUBLISH_GIVE_UP": "1"])
    try await editorial.add(1...5)
    try await editorial.place.execute(
      "update posts set unpublish_at = publish_at where id = 5; alter table posts add check (id <> 3 or status <> 'published')"
    )
    let restricted = try await editorial.place.restricted("publish-scheduled")
    let check = try await editorial.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await editorial.run([], restricted)
    #expect(run.exitCode == 65 && run.count("published") == 4 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    #expect(try await editorial.statuses() == ["1 published", "2 published", "3 failed", "4 published", "5 archived"])
  }

  @Test(arguments: [
    ("select on posts", "may not select posts", "grant select on posts"),
    ("update (status) on posts", "may not update posts.status", "grant update (status) on posts"),
    ("update (published_at) on posts", "may not update posts.published_at", "grant update (published_at) on posts"),
    (
      "insert (dedup) on oneshot.events", "may not insert oneshot.events.dedup",
      "grant insert (dedup) on oneshot.events"
    ),
    (
      "select (dedup) on oneshot.events", "may not select oneshot.events.dedup",
      "grant select (dedup) on oneshot.events"
    ),
  ])
  func `check names a grant that is missing`(grant: String, complaint: String, remedy: String) async throws {
    let editorial = try await Editorial()
    let restricted = try await editorial.place.restricted("publish-scheduled")
    try await editorial.place.execute("revoke \(grant) from \(editorial.place.own("jobs"))")
    let check = try await editorial.run(["--check"], restricted)
    #expect(check.exitCode == 77 && check.output.contains(complaint), "\(check.output)")
    #expect(check.result["error", "hint"].string?.contains(remedy) == true, "\(check.output)")
  }

  @Test func `a table that the application does not have is no migration's`() async throws {
    let editorial = try await Editorial(["PUBLISH_TABLE": "articles"])
    for arguments in [["--check"], []] {
      let run = try await editorial.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("the table articles does not exist"), "\(run.output)")
      #expect(run.result["error", "hint"].string?.contains("name yours in PUBLISH_TABLE") == true, "\(run.output)")
    }
  }

  @Test func `an index that is missing is advised, and one that is there is not`() async throws {
    let editorial = try await Editorial()
    try await editorial.place.execute(
      "insert into posts (id, publish_at) select g, '2030-01-01' from generate_series(1, 20000) g; analyze posts")
    #expect(try await !editorial.run(["--check"]).output.contains("create index"))
    try await editorial.place.execute("drop index posts_publish_at_id_idx")
    let check = try await editorial.run(["--check"])
    #expect(
      check.exitCode == 0
        && check.output.contains("create index concurrently on posts (publish_at, id) where status = 'scheduled'"),
      "\(check.output)")
  }

  @Test func `a foreign table is refused`() async throws {
    let editorial = try await Editorial(["PUBLISH_TABLE": "elsewhere"])
    try await editorial.place.execute(
      """
      create extension file_fdw; create server files foreign data wrapper file_fdw;
      create foreign table elsewhere (id bigint, status text, publish_at timestamptz, published_at timestamptz)
        server files options (filename '/dev/null', format 'csv')
      """)
    for arguments in [["--check"], []] {
      let run = try await editorial.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("elsewhere is a foreign table"), "\(run.output)")
    }
  }
}

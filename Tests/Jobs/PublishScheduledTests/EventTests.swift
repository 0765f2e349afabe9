import TestSupport
import Testing

/// Each change of a post's state has its event, and no event is without one.
@Suite(.timeLimit(.minutes(10))) struct EventTests {
  @Test func `installations whose tables have one name in different schemas each have their events`() async throws {
    let editorial = try await Editorial()
    for tenant in ["a", "b"] {
      try await editorial.place.execute(
        "create schema \(tenant); \(Editorial.table("\(tenant).posts")) insert into \(tenant).posts (id, publish_at) values (1, '2025-11-08')"
      )
      let url = editorial.place.databaseURL
      let run = try await editorial.run(
        [],
        [
          "JOB_INSTANCE": tenant,
          "DATABASE_URL": url + (url.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(tenant)",
        ])
      #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)\(run.errors)")
    }
    #expect(
      try await editorial.place.rows(
        "select event -> 'data' ->> 'instance' as a, event -> 'data' ->> 'schema' as b from oneshot.events order by seq"
      )
        == [["a", "a"], ["b", "b"]])
  }

  @Test func `two states of one post that change for the same moment each have their event`() async throws {
    let editorial = try await Editorial()
    try await editorial.place.execute(
      "alter table posts add mail_status text default 'scheduled', add mailed_at timestamptz")
    try await editorial.add(1...1)
    for settings in [
      [:], ["PUBLISH_COLUMNS": "id,mail_status,publish_at,mailed_at", "PUBLISH_TO": "sent"],
      ["PUBLISH_FROM": "published", "PUBLISH_TO": "featured"],
    ] {
      let run = try await editorial.run([], settings)
      #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)\(run.errors)")
    }
    #expect(
      try await editorial.place.rows(
        "select event -> 'data' ->> 'column' as a, event -> 'data' ->> 'to' as b from oneshot.events order by seq")
        == [["status", "published"], ["mail_status", "sent"], ["status", "featured"]])
  }

  @Test func `a post that is scheduled again has events for that, too, the last of which says what it is`() async throws
  {
    let editorial = try await Editorial(["PUBLISH_UNPUBLISH": "unpublish_at:archived"])
    try await editorial.add(1...1)
    try await editorial.place.execute("update posts set unpublish_at = publish_at")
    for _ in 1...3 {
      let run = try await editorial.run()
      #expect(run.count("published") == 1 && run.count("unpublished") == 1, "\(run.output)")
      try await editorial.place.execute("update posts set status = 'scheduled'")
    }
    #expect(
      try await editorial.events() == (1...3).flatMap { _ in ["post.published 1", "post.unpublished 1"] })
  }

  /// What triggers that have the last word make of posts 1 and 2.
  @Test(arguments: [
    ("before", "new.status := 'in_review'", "in_review"), ("before", "new.status := 'scheduled'", "scheduled"),
    ("before", "new.status := 'draft'; new.publish_at := null", "draft"),
    ("after", "update posts set status = 'in_review' where id = new.id", "in_review"),
    ("after", "update posts set status = 'scheduled' where id = new.id", "scheduled"),
  ])
  func `a post that a trigger makes something else is refused, and has no event`(
    moment: String, statement: String, state: String
  ) async throws {
    let editorial = try await Editorial(["PUBLISH_GIVE_UP": "0"])
    try await editorial.add(1...5)
    try await editorial.place.execute(
      """
      create table notes (id bigint);
      create function review() returns trigger language plpgsql as $$ begin
        if new.id <= 2 and new.status = 'published' then \(statement); insert into notes values (new.id); end if;
        return new;
      end $$;
      create trigger review \(moment) update on posts for each row execute function review()
      """)
    for published in [3, 0] {
      let run = try await editorial.run()
      #expect(
        run.exitCode == 65 && run.count("published") == published && run.count("failed") == 2,
        "\(run.output)\(run.errors)")
    }
    #expect(try await editorial.events() == (3...5).map { "post.published \($0)" })
    #expect(try await editorial.mistakes() == [])
    #expect(try await editorial.statuses().prefix(2) == ["1 scheduled", "2 scheduled"])
    #expect(try await editorial.place.value("select count(*) from notes") == "0")
    #expect(
      try await editorial.place.value("select min(error_message) from oneshot.dead_letters")
        == "a trigger of posts makes it «\(state)» instead of «published»")
  }
}

import TestSupport
import Testing

/// Posts that the application's own database refuses.
@Suite(.timeLimit(.minutes(10))) struct RefusalTests {
  /// Refuses post 3.
  private static let trigger = """
    create function refuse() returns trigger language plpgsql as
      $$ begin if new.id = 3 and new.status <> 'failed' then raise exception 'post % is not ready', new.id; end if; return new; end $$;
    create trigger refuse before update on posts for each row execute function refuse()
    """

  @Test(arguments: [
    "alter table posts add check (id <> 3 or status <> 'published')", trigger,
    """
    create function refuse() returns trigger language plpgsql as $$ begin return case when new.id <> 3 then new end; end $$;
    create trigger refuse before update on posts for each row execute function refuse()
    """,
    """
    create function refuse() returns trigger language plpgsql as
      $$ begin if new.id = 3 then insert into no_such_table values (1); end if; return new; end $$;
    create trigger refuse before update on posts for each row execute function refuse()
    """,
  ])
  func `one that a constraint or a trigger refuses stops no other`(refusal: String) async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...20)
    try await editorial.place.execute(refusal)
    let run = try await editorial.run()
    #expect(
      run.exitCode == 65 && run.count("published") == 19 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    #expect(try await editorial.letters() == ["refused posts/3/2025-11-08T01:59:43+00:00 pending"])
    #expect(try await editorial.mistakes() == [])
    try await editorial.place.execute(
      "drop trigger if exists refuse on posts; alter table posts drop constraint if exists posts_check")
    #expect(try await editorial.run().count("published") == 1)
    #expect(try await editorial.letters() == ["refused posts/3/2025-11-08T01:59:43+00:00 resolved"])
    #expect(try await editorial.events().count == 20)
  }

  @Test func `the message of the letter is the server's`() async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...4)
    try await editorial.place.execute(Self.trigger)
    #expect(try await editorial.run().exitCode == 65)
    #expect(
      try await editorial.place.value("select error_message from oneshot.dead_letters")
        == "post 3 is not ready (SQLSTATE P0001)")
  }

  @Test func `after so many runs its state is failed, and a replay schedules it again`() async throws {
    let editorial = try await Editorial(["PUBLISH_GIVE_UP": "3"])
    try await editorial.add(1...4)
    try await editorial.place.execute(Self.trigger)
    for _ in 1...2 {
      #expect(try await editorial.run().exitCode == 65)
      #expect(try await editorial.statuses()[2] == "3 scheduled")
    }
    #expect(try await editorial.run().exitCode == 65)
    #expect(try await editorial.statuses()[2] == "3 failed")
    let letter = "posts/3/2025-11-08T01:59:59+00:00"
    #expect(try await editorial.letters() == ["gave_up \(letter) pending"])
    let quiet = try await editorial.run()
    #expect(quiet.exitCode == 0 && quiet.count("due") == 0, "\(quiet.output)")
    #expect(try await editorial.letters() == ["gave_up \(letter) pending"])
    try await editorial.place.execute("drop trigger refuse on posts")
    let replay = try await Binary("oneshot").run(
      ["dead-letters", "replay", "publish-scheduled", letter], editorial.place.environment)
    #expect(replay.exitCode == 0, "\(replay.errors)")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)\(run.errors)")
    #expect(try await editorial.letters() == ["gave_up \(letter) resolved"])
    #expect(try await editorial.events().last == "post.published 3")
  }

  @Test func `a replay of posts that are gone or that are refused once more says what became of each`() async throws {
    let editorial = try await Editorial(["PUBLISH_GIVE_UP": "1"])
    try await editorial.add(1...4)
    try await editorial.place.execute("alter table posts add check (id not in (2, 3) or status <> 'published')")
    #expect(try await editorial.run().count("failed") == 2)
    #expect(try await editorial.statuses() == ["1 published", "2 failed", "3 failed", "4 published"])
    try await editorial.place.execute("delete from posts where id = 2")
    let replay = try await Binary("oneshot").run(
      ["dead-letters", "replay", "--job", "publish-scheduled"], editorial.place.environment)
    #expect(replay.exitCode == 0, "\(replay.errors)")
    let run = try await editorial.run()
    #expect(run.exitCode == 65 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    #expect(
      try await editorial.letters() == [
        "gave_up posts/2/2025-11-08T01:59:58+00:00 resolved", "gave_up posts/3/2025-11-08T01:59:59+00:00 pending",
      ])
    #expect(
      try await editorial.place.value("select count(*) from oneshot.dead_letters where replay_asked_at is not null")
        == "0")
  }

  @Test func `where that state is not allowed it stays, and each run says so`() async throws {
    let editorial = try await Editorial(["PUBLISH_GIVE_UP": "1"])
    try await editorial.add(1...4)
    try await editorial.place.execute(
      "\(Self.trigger); alter table posts add constraint states check (status in ('scheduled', 'published'))")
    for _ in 1...2 {
      #expect(try await editorial.run().exitCode == 65)
      #expect(try await editorial.statuses()[2] == "3 scheduled")
      #expect(
        try await editorial.place.value("select error_message from oneshot.dead_letters")
          .contains("and the state failed is refused: new row for relation \"posts\" violates"))
    }
  }

  @Test func `a state of those that are too late that is not allowed leaves the post, and says so`() async throws {
    let editorial = try await Editorial(["PUBLISH_TOO_LATE": "1h"])
    try await editorial.add(1...2)
    try await editorial.place.execute(
      "alter table posts add constraint states check (status in ('scheduled', 'published'))")
    let run = try await editorial.run()
    #expect(run.exitCode == 65 && run.count("held") == 0 && run.count("failed") == 2, "\(run.output)")
    #expect(try await editorial.events() == [])
    #expect(try await editorial.letters().allSatisfy { $0.hasSuffix("/missed pending") })
  }

  @Test func `one that cannot be unpublished stays published`() async throws {
    let editorial = try await Editorial(["PUBLISH_UNPUBLISH": "unpublish_at:archived", "PUBLISH_GIVE_UP": "1"])
    try await editorial.add(1...4)
    try await editorial.place.execute(
      "update posts set unpublish_at = publish_at; alter table posts add check (id <> 3 or status <> 'archived')")
    let run = try await editorial.run()
    #expect(run.exitCode == 65 && run.count("published") == 4 && run.count("unpublished") == 3, "\(run.output)")
    #expect(try await editorial.statuses() == ["1 archived", "2 archived", "3 published", "4 archived"])
    #expect(try await editorial.letters() == ["refused posts/3/2025-11-08T01:59:59+00:00/unpublished pending"])
  }

  /// Checks that are made at the COMMIT, unless somebody makes them before.
  @Test(arguments: [
    """
    create function refuse() returns trigger language plpgsql as
      $$ begin if new.id = 3 and new.status = 'published' then raise exception 'no picture'; end if; return null; end $$;
    create constraint trigger refuse after update on posts deferrable initially deferred
      for each row execute function refuse()
    """,
    """
    create table states (state text primary key, id bigint); insert into states values ('published', 0);
    create function refuse() returns trigger language plpgsql as
      $$ begin if new.id = 3 then new.picture := 'gone'; end if; return new; end $$;
    create trigger refuse before update on posts for each row execute function refuse();
    alter table posts add foreign key (picture) references states (state) deferrable initially deferred
    """,
  ])
  func `one that is refused at the COMMIT stops no other`(refusal: String) async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...5)
    try await editorial.place.execute(refusal)
    let run = try await editorial.run()
    #expect(
      run.exitCode == 65 && run.count("published") == 4 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    #expect(try await editorial.letters() == ["refused posts/3/2025-11-08T01:59:58+00:00 pending"])
    #expect(try await editorial.mistakes() == [])
  }

  @Test func `what a trigger raises is its post's, whatever the SQLSTATE, also where no other is due`() async throws {
    let editorial = try await Editorial(["PUBLISH_BATCH": "1", "PUBLISH_TABLE": "posts,pages"])
    try await editorial.add(1...1)
    try await editorial.place.execute(
      """
      \(Editorial.table("pages")) insert into pages (id, publish_at) values (7, '2025-11-08');
      create function refuse() returns trigger language plpgsql as $$ begin
        if new.id = 1 then raise exception 'the author is suspended' using errcode = 'insufficient_privilege'; end if;
        return new;
      end $$;
      create trigger refuse before update on posts for each row execute function refuse()
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 65 && run.count("published") == 1 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    try await editorial.place.execute(
      "insert into posts (id, publish_at) select g, '2025-11-08 02:00+00' from generate_series(2, 11) g")
    let next = try await editorial.run()
    #expect(next.exitCode == 65 && next.count("published") == 10, "\(next.output)")
    #expect(try await editorial.letters() == ["refused posts/1/2025-11-08T02:00:00+00:00 pending"])
  }

  @Test func `what stops all posts of a table is no post's fault: none is given up`() async throws {
    let editorial = try await Editorial(["PUBLISH_GIVE_UP": "2"])
    try await editorial.add(1...4)
    let role = editorial.place.own("jobs")
    let restricted = try await editorial.place.restricted("publish-scheduled")
    try await editorial.place.execute(
      """
      create table audit (id bigint);
      create function note() returns trigger language plpgsql as $$ begin insert into audit values (new.id); return new; end $$;
      create trigger note before update on posts for each row execute function note()
      """)
    for _ in 1...3 {
      let run = try await editorial.run([], restricted)
      #expect(run.exitCode == 65 && run.output.contains("permission denied for table audit"), "\(run.output)")
    }
    #expect(try await editorial.statuses().allSatisfy { $0.hasSuffix(" scheduled") })
    try await editorial.place.execute("grant insert on audit to \(role)")
    let run = try await editorial.run([], restricted)
    #expect(run.exitCode == 0 && run.count("published") == 4, "\(run.output)")
    #expect(try await editorial.letters().allSatisfy { $0.hasSuffix(" resolved") })
  }

  @Test func `a letter of a post that somebody has taken away, or has moved, is resolved`() async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...4)
    try await editorial.place.execute("alter table posts add check (id > 2 or status <> 'published')")
    #expect(try await editorial.run().count("failed") == 2)
    try await editorial.place.execute(
      "delete from posts where id = 1; update posts set publish_at = '2030-01-01' where id = 2")
    let run = try await editorial.run()
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await editorial.letters().allSatisfy { $0.hasSuffix(" resolved") })
  }

  @Test func `a letter outlives a run for an earlier moment, and no change of the settings`() async throws {
    let editorial = try await Editorial(["PUBLISH_GIVE_UP": "0"])
    try await editorial.add(1...2)
    try await editorial.place.execute("alter table posts add check (id <> 2 or status <> 'published')")
    #expect(try await editorial.run().exitCode == 65)
    let letter = "refused posts/2/\(Editorial.now.dropLast())+00:00"
    #expect(try await editorial.run([], ["JOB_SCHEDULED_AT": "2025-11-08T01:00:00Z"]).exitCode == 0)
    #expect(try await editorial.letters() == ["\(letter) pending"])
    try await editorial.place.execute("alter table posts drop constraint posts_check")
    let run = try await editorial.run([], ["PUBLISH_UNPUBLISH": "unpublish_at:archived"])
    #expect(run.exitCode == 0 && run.count("published") == 1, "\(run.output)")
    #expect(try await editorial.letters() == ["\(letter) resolved"])
  }

  @Test func `a letter of unpublishing is resolved where posts are no longer unpublished`() async throws {
    let editorial = try await Editorial(["PUBLISH_UNPUBLISH": "unpublish_at:archived"])
    try await editorial.add(1...1)
    try await editorial.place.execute(
      "update posts set unpublish_at = publish_at; alter table posts add check (status <> 'archived')")
    #expect(try await editorial.run().exitCode == 65)
    #expect(try await editorial.run([], ["PUBLISH_UNPUBLISH": ""]).exitCode == 0)
    #expect(try await editorial.letters().allSatisfy { $0.hasSuffix(" resolved") })
  }
}

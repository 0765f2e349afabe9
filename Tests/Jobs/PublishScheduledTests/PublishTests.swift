import Foundation
import TestSupport
import Testing

/// What is published, when, and what it leaves behind.
@Suite(.timeLimit(.minutes(10))) struct PublishTests {
  @Test func `what is due is published in order, with its event, and the rest stays`() async throws {
    let editorial = try await Editorial(["PUBLISH_BATCH": "3"])
    // The later ids are due first.
    try await editorial.place.execute(
      """
      insert into posts (id, publish_at) select g, timestamptz '\(Editorial.now)' - g * interval '1 second'
      from generate_series(1, 8) g;
      insert into posts (id, publish_at) values (9, timestamptz '\(Editorial.now)' + interval '1 microsecond'), (10, '2025-11-09');
      insert into posts (id, publish_at, status) values (11, '2025-11-01', 'draft')
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("due") == 8 && run.count("published") == 8, "\(run.output)\(run.errors)")
    #expect(run.result["details", "next_due_at"].string == "2025-11-08T02:00:00.000001+00:00")
    #expect(try await editorial.events() == (1...8).reversed().map { "post.published \($0)" })
    #expect(try await editorial.statuses().suffix(3) == ["9 scheduled", "10 scheduled", "11 draft"])
    #expect(try await editorial.mistakes() == [])
    #expect(
      try await editorial.place.value("select bool_and(published_at = publish_at) from posts where id < 9") == "true")
    let again = try await editorial.run()
    #expect(again.exitCode == 0 && again.count("due") == 0, "\(again.output)")
    #expect(again.result["details", "next_due_at"].string == "2025-11-08T02:00:00.000001+00:00")
  }

  @Test func `an event says which post, for when, how late, and which run`() async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...1)
    let run = try await editorial.run()
    let id = try #require(run.result["run_id"].string)
    let event = try await editorial.place.value("select event from oneshot.events")
    let line = ResultLine(text: event)
    #expect(
      line["type"].string == "post.published" && line["id"].string == "posts/1/2025-11-08T02:00:00+00:00/\(id)",
      "\(event)")
    #expect(line["timestamp"].string == "2025-11-08T02:00:00+00:00")
    #expect(line["data", "id"].int == 1 && line["data", "table"].string == "posts" && line["data", "run"].string == id)
    #expect(line["data", "schema"].string == "public" && line["data", "column"].string == "status")
    #expect(line["data", "to"].string == "published" && line["data", "instance"].string == nil)
    #expect(line["data", "scheduled_for"].string == "2025-11-08T02:00:00+00:00")
    #expect(line["data", "published_at"].string == "2025-11-08T02:00:00+00:00")
    #expect(try #require(line["data", "late_ms"].int) > 0)
    #expect(
      try await editorial.place.value("select dedup || ' ' || run_id from oneshot.events")
        == "posts/1/2025-11-08T02:00:00+00:00/\(id) \(id)")
  }

  @Test func `the same slot again is already done`() async throws {
    let editorial = try await Editorial(["JOB_FORCE": "false"])
    try await editorial.add(1...3)
    #expect(try await editorial.run().count("published") == 3)
    let again = try await editorial.run()
    #expect(again.exitCode == 0 && again.result["reason"].string == "already_done", "\(again.output)")
    #expect(try await editorial.events().count == 3)
  }

  @Test func `a run that is late publishes what was due by its moment, unless it is set to go by its start`()
    async throws
  {
    let editorial = try await Editorial()
    try await editorial.place.execute(
      "insert into posts (id, publish_at) values (1, '\(Editorial.now)'), (2, '2025-11-08T02:04:00Z')")
    #expect(try await editorial.run().count("published") == 1)
    let start = try await editorial.run([], ["PUBLISH_UNTIL": "start"])
    #expect(start.count("published") == 1 && start.count("late") == 1, "\(start.output)")
    #expect(try await editorial.mistakes() == [])
  }

  @Test func `after a day off everything is published, the oldest first, and how late is said`() async throws {
    let editorial = try await Editorial(["PUBLISH_UNTIL": "start"])
    try await editorial.place.execute(
      """
      insert into posts (id, publish_at) select g, now() - interval '1 day' + g * interval '1 hour' from generate_series(1, 20) g;
      insert into posts (id, publish_at) values (21, now() - interval '1 minute')
      """)
    let run = try await editorial.run([], ["JOB_SCHEDULED_AT": ""])
    #expect(run.exitCode == 0 && run.count("published") == 21 && run.count("late") == 20, "\(run.output)")
    let latest = try #require(run.result["details", "latest_ms"].int)
    #expect(latest >= 23 * 3_600_000 && latest < 24 * 3_600_000)
    #expect(try await editorial.mistakes() == [])
  }

  @Test func `a post that is too late is held, and its event says so`() async throws {
    let editorial = try await Editorial(["PUBLISH_UNTIL": "start", "PUBLISH_TOO_LATE": "1h", "JOB_SCHEDULED_AT": ""])
    try await editorial.place.execute(
      "insert into posts (id, publish_at) values (1, now() - interval '2 hours'), (2, now() - interval '30 minutes')")
    let plan = try await editorial.run(["--plan"])
    #expect(plan.count("held") == 1 && plan.count("published") == 1, "\(plan.output)")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("held") == 1 && run.count("published") == 1, "\(run.output)\(run.errors)")
    #expect(try await editorial.statuses() == ["1 missed", "2 published"])
    #expect(try await editorial.events() == ["post.missed 1", "post.published 2"])
    #expect(try await editorial.place.value("select count(*) from posts where id = 1 and published_at is null") == "1")
  }

  @Test func `too late is what is late by the clock, whatever moment the run is for`() async throws {
    let editorial = try await Editorial(["PUBLISH_TOO_LATE": "1h"])
    try await editorial.add(1...1)
    #expect(try await editorial.run().count("held") == 1)
  }

  @Test func `the actual time of publication can be kept instead`() async throws {
    let editorial = try await Editorial(["PUBLISH_PUBLISHED_AT": "actual"])
    try await editorial.add(1...1)
    #expect(try await editorial.run().exitCode == 0)
    #expect(
      try await editorial.place.value(
        """
        select published_at between now() - interval '1 hour' and now()
          and published_at = (event -> 'data' ->> 'published_at')::timestamptz
        from posts, oneshot.events
        """) == "true")
  }

  @Test func `times that are none are never due, and no time is warned of once a day`() async throws {
    let editorial = try await Editorial()
    try await editorial.place.execute(
      """
      insert into posts (id, publish_at) values
        (1, null), (2, 'infinity'), (3, '-infinity'), (4, '20000-01-01'), (5, '0044-03-15 12:00 BC'), (6, null)
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 1 && run.count("undated") == 2, "\(run.output)")
    #expect(run.errors.contains("without a time") && run.errors.contains(#""posts":2"#))
    #expect(run.result["details", "next_due_at"].string == "20000-01-01T00:00:00+00:00")
    #expect(try await editorial.events() == ["post.published 5"])
    let second = try await editorial.run()
    #expect(second.exitCode == 0 && second.count("undated") == nil && !second.errors.contains("without a time"))
    let tomorrow = try await editorial.run([], ["JOB_SCHEDULED_AT": "2025-11-09T00:00:00Z"])
    #expect(tomorrow.count("undated") == 2, "\(tomorrow.output)")
  }

  @Test func `what has had its time is unpublished in the same run, after publishing`() async throws {
    let editorial = try await Editorial(["PUBLISH_UNPUBLISH": "unpublish_at:archived"])
    try await editorial.add(1...3)
    try await editorial.place.execute(
      """
      update posts set unpublish_at = publish_at where id = 2;
      insert into posts (id, status, publish_at, unpublish_at) values
        (4, 'published', '2025-10-01', '2025-11-08'), (5, 'published', '2025-10-01', '2025-11-09'), (6, 'draft', null, '2025-11-01')
      """)
    let run = try await editorial.run()
    #expect(
      run.exitCode == 0 && run.count("published") == 3 && run.count("unpublished") == 2, "\(run.output)\(run.errors)")
    #expect(
      try await editorial.statuses()
        == ["1 published", "2 archived", "3 published", "4 archived", "5 published", "6 draft"])
    #expect(
      try await editorial.events()
        == ["post.published 1", "post.published 2", "post.published 3", "post.unpublished 4", "post.unpublished 2"])
    #expect(run.result["details", "next_due_at"].string == "2025-11-09T00:00:00+00:00")
    #expect(try await editorial.run().count("unpublished") == 0)
  }

  @Test func `several tables, and names in capitals with blanks and quotes, are published like others`() async throws {
    let editorial = try await Editorial([
      "PUBLISH_TABLE": "posts,Blog.Po\"st", "PUBLISH_COLUMNS": "id,status,publish_at,published_at",
    ])
    try await editorial.place.execute("create schema \"Blog\"; \(Editorial.table(#""Blog"."Po""st""#))")
    try await editorial.add(1...2)
    try await editorial.place.execute(#"insert into "Blog"."Po""st" (id, publish_at) values (7, '2025-11-01')"#)
    let check = try await editorial.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 3, "\(run.output)\(run.errors)")
    #expect(try await editorial.events() == ["post.published 1", "post.published 2", "post.published 7"])
    #expect(
      try await editorial.place.value("select dedup from oneshot.events order by seq desc limit 1").hasPrefix(
        "Blog.Po\"st/7/"))
  }

  @Test func `columns may have other names and types, and none for the time of publication`() async throws {
    let editorial = try await Editorial([
      "PUBLISH_TABLE": "Article", "PUBLISH_COLUMNS": "articleId,state,goLiveAt", "PUBLISH_FROM": "QUEUED",
      "PUBLISH_TO": "LIVE",
    ])
    try await editorial.place.execute(
      """
      create type article_state as enum ('DRAFT', 'QUEUED', 'LIVE');
      create table "Article" ("articleId" uuid primary key, state article_state, "goLiveAt" timestamptz);
      insert into "Article" select gen_random_uuid(), 'QUEUED', '2025-11-08' from generate_series(1, 5)
      """)
    let run = try await editorial.run([], ["PUBLISH_BATCH": "2"])
    #expect(run.exitCode == 0 && run.count("published") == 5, "\(run.output)\(run.errors)")
    #expect(try await editorial.place.value("select count(*) from \"Article\" where state = 'LIVE'") == "5")
    #expect(
      try await editorial.place.value(
        "select count(*) from oneshot.events join \"Article\" on \"articleId\"::text = event -> 'data' ->> 'id'") == "5"
    )
  }

  @Test func `a plan counts, and changes nothing`() async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...5)
    let plan = try await editorial.run(["--plan"])
    #expect(plan.exitCode == 0 && plan.count("due") == 5 && plan.count("published") == 5, "\(plan.output)")
    #expect(try await editorial.statuses().allSatisfy { $0.hasSuffix(" scheduled") })
    #expect(try await editorial.events() == [])
  }

  @Test func `twenty starts at once publish each post once`() async throws {
    let editorial = try await Editorial(["PUBLISH_BATCH": "7"])
    try await editorial.add(1...200)
    let runs = try (0..<20).map { _ in try Editorial.binary.start([], editorial.environment()) }
    for run in runs {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.output)")
    }
    #expect(try await editorial.run().exitCode == 0)
    #expect(try await editorial.events().count == 200)
    #expect(try await editorial.mistakes() == [])
  }

  @Test func `who listens is notified in the transaction of the events`() async throws {
    let editorial = try await Editorial(["PUBLISH_NOTIFY": "oneshot_outbox"])
    try await editorial.add(1...2)
    let input = Pipe()
    let listener = try Binary(path: "/usr/bin/psql").start(["-X", "-At", editorial.place.databaseURL], input: input)
    let writing = input.fileHandleForWriting
    try writing.write(contentsOf: Data("listen oneshot_outbox; select pg_advisory_lock(46);\n".utf8))
    try await editorial.place.until(
      orEndOf: listener,
      """
      select exists (
        select from pg_locks where locktype = 'advisory' and objid = 46 and granted
          and database = (select oid from pg_database where datname = current_database()))
      """)
    #expect(try await editorial.run().exitCode == 0)
    try writing.write(contentsOf: Data("select 'after';\n\\q\n".utf8))
    try writing.close()
    let heard = await listener.outcome()
    #expect(heard.output.contains(#"Asynchronous notification "oneshot_outbox""#), "\(heard)")
  }
}

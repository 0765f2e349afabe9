import Foundation
import Redis
import TestSupport
import Testing

/// Tables that are missing, sources, triggers that cannot queue, and verification.
@Suite(.timeLimit(.minutes(10))) struct SetupTests {
  private func write(_ text: String, to file: String, in folder: TemporaryFolder) throws {
    try text.write(toFile: folder.path + "/" + file, atomically: true, encoding: .utf8)
  }

  @Test func `without blocks a run ends with 78, unless somebody says that there are none`() async throws {
    let people = try await People()
    try await people.fill()
    try await people.place.execute("drop table blocks, mutes, follow_requests")
    for arguments in [[], ["--check"]] {
      let run = try await people.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("SUGGEST_BLOCKS=none"), "\(run.output)")
    }
    #expect(try await people.lists() == [:])
    let run = try await people.run([], ["SUGGEST_BLOCKS": "none"])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(
      run.result["details", "without_tables"].elements.map(\.string) == ["blocks", "mutes", "follow_requests"])
    #expect(try await !people.lists().isEmpty)
  }

  @Test func `ids of two collations are named, by a run and by check`() async throws {
    let people = try await People(id: "text")
    try await people.place.execute(
      """
      alter table users alter id type text collate "und-x-icu"; alter table mutes alter target_id type text collate "C"
      """)
    for arguments in [[], ["--check"]] {
      let run = try await people.run(arguments)
      #expect(run.exitCode == 78, "\(run.output)")
      for words in ["mutes.target_id", "users.id", "several collations"] { #expect(run.output.contains(words)) }
    }
    try await people.place.execute("alter table mutes alter target_id type text collate \"default\"")
    #expect(try await people.run().exitCode == 0)
  }

  @Test func `users with nothing but ids, and follows, are enough`() async throws {
    let people = try await People()
    try await people.fill()
    try await people.place.execute(
      """
      drop table blocks, mutes, follow_requests, suggestion_dismissals;
      alter table users drop column deleted_at, drop column suspended_at, drop column discoverable, drop column last_seen_at
      """)
    let check = try await people.run(["--check"], ["SUGGEST_BLOCKS": "none"])
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await people.run([], ["SUGGEST_BLOCKS": "none", "SUGGEST_MODE": "rebuild"])
    #expect(run.exitCode == 0 && run.count("users") == 80, "\(run.output)")
  }

  @Test func `a source is added to friends, and names itself where it says more`() async throws {
    let people = try await People(["SUGGEST_COLD_START": "none", "SUGGEST_MODE": "users", "SUGGEST_USERS": "1,2"])
    try await people.place.execute(
      """
      insert into users select g, null, null, true, timestamptz '\(People.now)' from generate_series(1, 9) g;
      insert into blocks values (6, 1)
      """)
    let folder = try TemporaryFolder()
    try write(
      """
      select user_id, candidate_id, 1000 * candidate_id as score, array[2, 3, 4, 5]::text[] as via
      from (values (1, 5), (1, 6), (1, 7)) as v (user_id, candidate_id) where user_id = any (:users) and :moment > '2025-01-01'
      """, to: "team.sql", in: folder)
    let run = try await people.run([], ["SUGGEST_SOURCES_DIR": folder.path])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(
      try await people.lists() == [
        "1":
          #"[{"id":"7","score":7000,"via":["2","3","4"],"reason":"team"},{"id":"5","score":5000,"via":["2","3","4"],"reason":"team"}]"#
      ])
  }

  @Test(arguments: [
    "select 99 as user_id, 5 as candidate_id, 1 as score, null::text[] as via",
    "select 1 as user_id, null::int as candidate_id, 1 as score, null::text[] as via",
    "select 1 as user_id, 5 as candidate_id, 'NaN'::float8 as score, null::text[] as via",
    "select 1 as user_id, 'x' as candidate_id, 1 as score, null::text[] as via",
    "select 1 as user_id, 5 as candidate_id, 1 as score",
    "delete from follows",
  ])
  func `a source that fails stops no list`(query: String) async throws {
    let people = try await People()
    try await people.fill()
    let folder = try TemporaryFolder()
    try write(query, to: "bad.sql", in: folder)
    let run = try await people.run([], ["SUGGEST_SOURCES_DIR": folder.path])
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(try await people.lists() == people.model())
    let letters = "select item || ' ' || error_kind || ' ' || state from oneshot.dead_letters"
    #expect(try await people.place.value(letters) == "source/bad source_failed pending")
    try write(
      "select 1 as user_id, 5 as candidate_id, 1 as score, null::text[] as via where false", to: "bad.sql", in: folder)
    try await people.place.execute("insert into oneshot.suggestion_pending (user_id, urgency) values ('1', 0)")
    #expect(try await people.run([], ["SUGGEST_SOURCES_DIR": folder.path]).exitCode == 0)
    #expect(try await people.place.value(letters) == "source/bad source_failed resolved")
  }

  @Test func `who has liked the same two posts is suggested, if few have liked them`() async throws {
    let people = try await People(
      ["SUGGEST_COLD_START": "none", "SUGGEST_CO_ENGAGEMENT": "true", "SUGGEST_MODE": "users", "SUGGEST_USERS": "1"])
    try await people.place.execute(
      """
      create table feed_likes (feed_id bigint, user_id bigint, created_at timestamptz);
      insert into users select g, null, null, true, timestamptz '\(People.now)' from generate_series(1, 300) g;
      insert into feed_likes select f, u, timestamptz '\(People.now)' - interval '1 day'
      from (values (1, 1), (2, 1), (1, 5), (2, 5), (1, 6), (1, 6)) as v (f, u);
      insert into feed_likes select 3, g, timestamptz '\(People.now)' - interval '1 day' from generate_series(1, 250) g;
      insert into feed_likes select f, 7, timestamptz '\(People.now)' - interval '20 days' from generate_series(1, 2) f
      """)
    let run = try await people.run()
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await people.suggested(to: "1") == ["5"])
    #expect(try await people.place.redis("GET", "suggested_users:1").text?.contains("co_engagement") == true)
  }

  @Test func `what a trigger cannot queue makes all lists due, and breaks no write`() async throws {
    let people = try await People()
    try await people.fill()
    _ = try await people.run()
    #expect(try await people.run().count("users") == 0)
    try await people.place.execute(
      """
      alter table blocks rename user_id to blocker;
      insert into blocks values (1, 1000);
      alter table blocks rename blocker to user_id
      """)
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_unknown") == "1")
    let run = try await people.run([], ["JOB_SCHEDULED_AT": "2025-11-08T02:10:00Z"])
    #expect(run.exitCode == 0 && run.count("users") ?? 0 > 50, "\(run.output)")
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_unknown") == "0")
  }

  @Test func `a verification finds what no trigger has queued, and writes nothing`() async throws {
    let people = try await People()
    try await people.fill()
    _ = try await people.run()
    let fine = try await people.run([], ["SUGGEST_MODE": "verify"])
    #expect(fine.exitCode == 0 && fine.count("stale") == 0 && fine.count("missing") == 0, "\(fine.output)")
    let model = try await people.model()
    let (user, list) = try #require(model.sorted { $0.key < $1.key }.first { $0.value.contains("friends") })
    let person = try #require(try People.entries(list).first).id
    // A block hides each from the other.
    let isMutual = try People.entries(model[person] ?? "[]").contains { $0.id == user || $0.via.contains(user) }
    try await people.place.execute(
      """
      alter table blocks disable trigger user; insert into blocks values (\(user), \(person));
      alter table blocks enable trigger user
      """)
    let lists = try await people.lists()
    let run = try await people.run([], ["SUGGEST_MODE": "verify"])
    #expect(run.exitCode == 65 && run.count("forbidden") == (isMutual ? 2 : 1), "\(run.output)")
    #expect(run.count("stale") ?? 0 > 0 && run.output.contains("the list of user \(user) names"))
    #expect(try await people.lists() == lists)
    try await people.place.redis("DEL", "suggested_users:" + user)
    #expect(try await people.run([], ["SUGGEST_MODE": "verify"]).count("missing") == 1)
  }

  @Test func `a plan counts, and writes nothing anywhere`() async throws {
    let people = try await People()
    try await people.fill()
    let run = try await people.run(["--plan"])
    #expect(run.exitCode == 0 && run.count("changed") ?? 0 > 50, "\(run.output)\(run.errors)")
    #expect(try await people.lists() == [:])
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_lists") == "0")
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_hubs") == "0")
  }
}

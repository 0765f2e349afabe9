import TestSupport
import Testing

/// Editors that hold a post's lock.
@Suite(.timeLimit(.minutes(10))) struct LockTests {
  @Test func `a post whose lock is held is passed over after a while, and is the next run's`() async throws {
    let editorial = try await Editorial(["PUBLISH_BATCH": "4"])
    try await editorial.add(1...20)
    let editor = try await OpenTransaction(
      in: editorial.place, "select from posts where id in (2, 3, 11) for update")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 17 && run.count("busy") == 3, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("locked by other transactions for the whole run") && run.errors.contains("posts/2"))
    #expect(try await editorial.mistakes() == [])
    try await editor.rollBack()
    let next = try await editorial.run()
    #expect(next.count("published") == 3 && next.count("busy") == 0, "\(next.output)")
    #expect(try await editorial.events().suffix(3) == ["post.published 2", "post.published 3", "post.published 11"])
  }

  @Test func `a lock that is released in time is waited for, and nothing overtakes its post`() async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...10)
    let blocked = try await BlockedRun(
      behind: "update posts set picture = 'new' where id = 2", in: editorial.place, editorial.settings, Editorial.binary
    )
    #expect(try await editorial.events() == [])
    try await blocked.letGo()
    let run = await blocked.process.outcome()
    #expect(run.exitCode == 0 && run.count("published") == 10 && run.count("busy") == 0, "\(run.output)")
    #expect(try await editorial.mistakes() == [])
  }

  @Test func `what is passed over is tried again at the end of the run`() async throws {
    let editorial = try await Editorial(["PUBLISH_BATCH": "4"])
    try await editorial.add(1...10)
    let editor = try await OpenTransaction(in: editorial.place, "select from posts where id = 2 for update")
    let run = try await editorial.start(past: "skipping posts")
    try await editor.rollBack()
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(
      outcome.exitCode == 0 && outcome.count("published") == 10 && outcome.count("busy") == 0, "\(outcome.output)")
    #expect(try await editorial.events().last == "post.published 2")
  }

  @Test func `somebody who adds a comment to a post does not hold it up`() async throws {
    let editorial = try await Editorial()
    try await editorial.add(1...3)
    try await editorial.place.execute("create table comments (post_id bigint references posts (id))")
    let reader = try await OpenTransaction(in: editorial.place, "insert into comments values (2)")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 3 && run.count("busy") == 0, "\(run.output)")
    #expect(!run.errors.contains("skipping"))
    try await reader.commit()
    #expect(try await editorial.mistakes() == [])
  }

  @Test func `a post whose trigger waits for a row that somebody holds is passed over, and stops no other`()
    async throws
  {
    let editorial = try await Editorial(["JOB_TIMEOUT": "60s"])
    try await editorial.add(1...5)
    try await editorial.place.execute(
      """
      create table authors (id int primary key, posts int); insert into authors values (1, 0);
      create function count_posts() returns trigger language plpgsql as
        $$ begin if new.id = 3 then update authors set posts = posts + 1; end if; return new; end $$;
      create trigger count_posts before update on posts for each row execute function count_posts()
      """)
    let author = try await OpenTransaction(in: editorial.place, "update authors set posts = 5")
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 4 && run.count("busy") == 1, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("a post cannot be moved for now") && run.errors.contains("posts/3"))
    #expect(try await editorial.letters() == [])
    #expect(try await editorial.mistakes() == [])
    try await author.rollBack()
    #expect(try await editorial.run().count("published") == 1)
  }

  @Test(arguments: ["40001", "40P01", "55P03", "57014"])
  func `a post whose trigger raises what passes by itself stops no other, and is no dead letter`(state: String)
    async throws
  {
    let editorial = try await Editorial()
    try await editorial.add(1...5)
    try await editorial.place.execute(
      """
      create function check_version() returns trigger language plpgsql as
        $$ begin if new.id = 2 then raise exception 'another version' using errcode = '\(state)'; end if; return new; end $$;
      create trigger check_version before update on posts for each row execute function check_version()
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 0 && run.count("published") == 4 && run.count("busy") == 1, "\(run.output)\(run.errors)")
    #expect(try await editorial.letters() == [])
    #expect(try await editorial.mistakes() == [])
  }

  @Test(arguments: ["exclusive", "access exclusive"])
  func `a table that somebody has locked is waited for only as long as a post`(mode: String) async throws {
    let editorial = try await Editorial(["JOB_TIMEOUT": "60s", "JOB_ATTEMPTS": "1"])
    try await editorial.add(1...5)
    let migration = try await OpenTransaction(in: editorial.place, "lock table posts in \(mode) mode")
    let run = try await editorial.run()
    #expect(run.exitCode == 69 && run.output.contains("lock timeout"), "\(run.output)")
    try await migration.rollBack()
    #expect(try await editorial.run().count("published") == 5)
  }
}

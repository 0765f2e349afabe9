import TestSupport
import Testing

/// What queues the users whose lists are to be made.
@Suite(.timeLimit(.minutes(10))) struct TrackingTests {
  @Test func `the table behind a view is tracked by its own columns, and until then a run and check say so`()
    async throws
  {
    let people = try await People()
    try await people.fill()
    try await people.place.execute(
      """
      create table relations (kind text, source bigint, target bigint, at timestamptz);
      insert into relations select 'follow', follower_id, followee_id, created_at from follows;
      drop table follows, follow_requests;
      create view follows as
        select source as follower_id, target as followee_id, at as created_at from relations where kind = 'follow';
      create view follow_requests as
        select source as follower_id, target as followee_id from relations where kind = 'request';
      select oneshot.suggest_track()
      """)
    let run = try await people.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let untracked = run.result["details", "without_triggers"].elements.compactMap(\.string)
    #expect(untracked == ["follow_requests", "follows"] && run.errors.contains("no trigger queues"), "\(run.output)")
    #expect(try await people.run(["--check"]).output.contains("suggest_track('TABLE', 'follows', 'COLUMN')"))
    #expect(try await people.lists() == people.model())

    try await people.place.execute(
      """
      select oneshot.suggest_track('relations', 'follows', 'source');
      select oneshot.suggest_track('relations', 'follow_requests', 'source');
      insert into relations values ('follow', 1, 1000, now());
      delete from relations where source = 1 and target = 1000
      """)
    let queued = try await people.place.rows("select user_id, urgency from oneshot.suggestion_pending order by id")
    #expect(Set(queued.map { $0.reversed().joined(separator: " ") }) == ["1 0", "1 1"], "\(queued)")
    let tracked = try await people.run()
    #expect(!tracked.result["details", "without_triggers"].isThere, "\(tracked.output)")
    // Made twice, there is one of each.
    try await people.place.execute("select oneshot.suggest_track('relations', 'follows', 'source')")
    #expect(
      try await people.place.value("select count(*) from pg_trigger where tgrelid = 'relations'::regclass") == "10")
  }

  @Test func `what cannot be tracked is refused by name`() async throws {
    let people = try await People()
    for (arguments, complaint) in [
      ("'users', 'followers'", "suggested-users reads no table 'followers'"),
      ("'blocks', 'blocks', 'user_id'", "1 columns instead of 2"),
      ("'blocks', 'follows'", "has no column follower_id"), ("'blocks', null", "suggested-users reads no table null"),
    ] {
      await #expect {
        try await people.place.execute("select oneshot.suggest_track(\(arguments))")
      } throws: { error in
        "\(error)".contains(complaint)
      }
    }
  }

  @Test func `triggers that are disabled are no triggers`() async throws {
    let people = try await People()
    try await people.fill()
    #expect(try await !people.run().result["details", "without_triggers"].isThere)
    try await people.place.execute("alter table blocks disable trigger user")
    let run = try await people.run()
    #expect(run.result["details", "without_triggers"].elements.compactMap(\.string) == ["blocks"], "\(run.output)")
    #expect(try await people.run(["--check"]).output.contains("no trigger of blocks"))
  }
}

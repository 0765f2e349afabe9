import TestSupport
import Testing

/// What a run reads of an inbox in which much waits or much was done: by Postgres' own count of rows, not by a clock.
@Suite(.timeLimit(.minutes(10))) struct InboxCostTests {
  /// Rows that were read of the inbox so far, by table and by index.
  ///
  /// A session counts when it has ended.
  private func read(_ drained: Drained) async throws -> Int {
    try await eventually {
      try await drained.place.value(
        """
        select count(*) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
        """) == "0"
    }
    let rows = try await drained.place.value(
      """
      select t.seq_tup_read + coalesce((
        select sum(i.idx_tup_read) from pg_stat_user_indexes as i where i.relid = t.relid), 0)
      from pg_stat_user_tables as t where t.relid = 'oneshot.event_inbox'::regclass
      """)
    return try #require(Int(rows))
  }

  @Test func `three thousand events that wait for the first of their key are read a few times, not each for each`()
    async throws
  {
    let drained = try await Drained()
    try drained.handler(
      "effect", "-- handles: test.*\n-- order: key\n" + "insert into effects (id) select id from events")
    // The first of the key is due in an hour, and all behind it have been due for a minute.
    try await drained.place.execute(
      """
      insert into oneshot.event_inbox (event_id, state, type, seen_at, event, attempts, source, partition, place, key, due_at)
      select 'w' || g, 'waiting', 'test.counted', timestamptz '\(Drained.now)', '{"type":"test.counted"}', 1,
        'redis:events:job', 0, g, 'c1',
        timestamptz '\(Drained.now)' + case when g = 1 then interval '1 hour' else interval '-1 minute' end
      from generate_series(1, 3000) g;
      analyze oneshot.event_inbox
      """)
    try await drained.add(0..<20)
    let before = try await read(drained)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 17 && run.count("waiting") == 3003, "\(run.output)")
    let rows = try await read(drained) - before
    // Each for each would be millions.
    #expect((1...150_000).contains(rows), "\(rows) rows were read")
  }

  @Test func `a run that has nothing to forget does not read what is remembered`() async throws {
    let drained = try await Drained()
    try await drained.place.execute(
      """
      insert into oneshot.event_inbox (event_id, state, type, seen_at)
      select 'd' || g, 'done', 'test.counted', timestamptz '\(Drained.now)' - interval '1 day' from generate_series(1, 50000) g;
      analyze oneshot.event_inbox
      """)
    let before = try await read(drained)
    #expect(try await drained.run().exitCode == 0)
    let rows = try await read(drained) - before
    #expect(rows < 5000, "\(rows) rows were read")
    // One that may be forgotten is looked at, and it alone.
    try await drained.place.execute("update oneshot.event_inbox set seen_at = '2025-10-01' where event_id = 'd7'")
    let next = try await read(drained)
    #expect(try await drained.run().exitCode == 0)
    let more = try await read(drained) - next
    #expect((1...5000).contains(more), "\(more) rows were read")
    #expect(try await drained.place.value("select count(*) from oneshot.event_inbox") == "49999")
  }
}

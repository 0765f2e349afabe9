import Redis
import TestSupport
import Testing

/// `oneshot after-restore`.
@Suite(.timeLimit(.minutes(15))) struct AfterRestoreTests {
  @Test func `fences go on above those that Redis has seen, and runs publish again`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    #expect(try await boards.run().exitCode == 0)
    // A database that was restored into another cluster: its numbers are lower, and nothing proves that no later run exists.
    let keys = try await boards.place.redis("KEYS", "oneshot:fence:*/top-stats").elements.compactMap(\.text)
    try #require(!keys.isEmpty)
    for key in keys { try await boards.place.redis("SET", key, "57 in 1/2") }
    try await boards.place.redis("SET", "oneshot:fence:{x}/staging/top-stats", "61 of shard 0/2 in 1/2")
    try await boards.place.redis("HSET", "oneshot:fence:{y}/top-stats", "not", "ours")
    let fenced = try await boards.run()
    #expect(fenced.exitCode == 75 && fenced.output.contains("oneshot after-restore"), "\(fenced.output)")

    let here = try await Operator(at: boards.place)
    let plan = try await here.run("after-restore", "--plan")
    #expect(plan.exitCode == 0 && plan.output.contains("Redis has seen 61, Postgres knows 2"), "\(plan.output)")
    let refused = try await here.run("after-restore")
    #expect(refused.exitCode == 64 && refused.errors.contains("--yes"), "\(refused.errors)")
    #expect(try await boards.place.value("select max(token) from oneshot.fences") == "2")
    let done = try await here.run("after-restore", "--yes")
    #expect(done.exitCode == 0 && done.output.hasSuffix("done\n"), "\(done.output)\(done.errors)")
    #expect(try await boards.run().exitCode == 0)
    let again = try await here.run("after-restore", "--yes")
    #expect(again.exitCode == 0 && again.output == "nothing to do\n", "\(again.output)")
  }

  @Test func `a job that the restored database never ran takes a fence above what Redis has seen`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    try await boards.place.redis("SET", "oneshot:fence:{top:users_liked:alltime}/top-stats", "9")
    #expect(try await Operator(at: boards.place).run("after-restore", "--yes").exitCode == 0)
    #expect(try await boards.run().exitCode == 0)
    #expect(try await boards.place.value("select max(token) from oneshot.fences") == "10")
  }

  @Test func `it says where it looked, and that no job has a fence there`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    #expect(try await boards.run().exitCode == 0)
    let here = try await Operator(at: boards.place)
    #expect(try await here.run("after-restore", "--plan").errors.contains("with fences of top-stats"))
    try await boards.place.redis("FLUSHDB")
    let empty = try await here.run("after-restore", "--plan")
    #expect(empty.errors.contains("with fences of no job") && empty.errors.contains("Postgres /"), "\(empty.errors)")
  }

  /// What triggers of an application make of a row that is numbered again.
  @Test(arguments: [
    ("new.written_by := old.written_by; return new", "5 rows are as they were"),
    ("return null", "5 rows are as they were"),
    ("raise exception 'the log is append-only'", "the log is append-only"),
  ])
  func `rows that a trigger keeps as they are end with 1, and the rest is done`(body: String, why: String) async throws
  {
    let place = try await Place()
    try await place.execute(
      """
      create table audit (id int, written_by xid8); insert into audit select g, '99999999999' from generate_series(1, 5) g;
      create table notes (id int, written_by xid8); insert into notes select g, '99999999999' from generate_series(1, 5) g;
      create function keep() returns trigger language plpgsql as $$ begin \(body); end $$;
      create trigger keep before update on audit for each row execute function keep()
      """)
    let run = try await Operator(at: place).run("after-restore", "--yes")
    #expect(run.exitCode == 1 && run.errors.contains("public.audit: \(why)"), "\(run.output)\(run.errors)")
    #expect(run.output.hasSuffix("done, but not for all rows\n"), "\(run.output)")
    #expect(try await place.value("select count(*) from audit where written_by = '99999999999'") == "5")
    #expect(try await place.value("select count(*) from notes where written_by = '99999999999'") == "0")
  }

  @Test func `a dump that is restored into a younger cluster is rolled up, and what comes later is counted`()
    async throws
  {
    let old = try await Rollups()
    try await old.add(500)
    // The old cluster has had many more transactions than the new one; some events were not looked at yet.
    let servers = try await PrivateServers.start()
    let new = try await Rollups(on: servers)
    let (from, into) = (
      try #require(old.place.environment["DATABASE_URL"]), try #require(new.place.environment["DATABASE_URL"])
    )
    let manyTransactions = "do $$ begin for i in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$"
    try old.place.servers.shell("psql -X -q -v ON_ERROR_STOP=1 -d '\(from)' -c '\(manyTransactions)'")
    #expect(try await old.run().exitCode == 0)
    try await old.add(300, every: "11 minutes")
    let empty = "drop schema oneshot, public cascade; create schema public"
    try servers.shell(
      "psql -X -q -d '\(into)' -c '\(empty)' && pg_dump --no-owner -d '\(from)' | psql -X -q -v ON_ERROR_STOP=1 -d '\(into)'"
    )
    await new.place.reconnect()
    let ahead = "select count(*) from metric_events where written_by >= pg_snapshot_xmax(pg_current_snapshot())"
    try #require(try await new.place.value(ahead) != "0")
    #expect(try await new.run().exitCode == 78)

    let here = try await Operator(at: new.place)
    let plan = try await here.run("after-restore", "--plan")
    #expect(plan.exitCode == 0 && plan.output.contains("public.metric_events"), "\(plan.output)\(plan.errors)")
    let done = try await here.run("after-restore", "--yes")
    #expect(done.exitCode == 0, "\(done.output)\(done.errors)")
    #expect(try await new.place.value(ahead) == "0")
    #expect(try await new.run().exitCode == 0)
    #expect(try await new.differences() == [])
    try await new.add(40, every: "3 minutes")
    let next = try await new.run()
    #expect(next.exitCode == 0, "\(next.output)")
    #expect(try await new.differences() == [])
  }
}

import TestSupport
import Testing

/// Runs that share the work among different numbers of shards are not kept apart by the lock, nor by the fence.
@Suite(.timeLimit(.minutes(10))) struct ShardingTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }
  private let second = ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "1", "REINDEX_BATCH": "20", "REINDEX_PARALLEL": "1"]

  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.fill()
    #expect(try await catalogue.run().exitCode == 0)
  }

  private func waiting() async throws -> Int {
    Int(
      try await place.value(
        """
        select count(*) from pg_stat_activity
        where application_name = 'oneshot' and wait_event_type = 'Lock' and datname = current_database()
        """)) ?? 0
  }

  @Test func `a shard writes nothing older than what a run of all has written, but ends, and the next goes on`()
    async throws
  {
    let ids = try await place.rows(
      """
      select id::text as a from assets
      where deleted_at is null and (hashtext(id::text) & 2147483647) % 2 = 1 order by id limit 2
      """
    ).map { $0[0] }
    try await place.execute("update assets set title = 'older'")
    // The shard has read all, waits to write one, and will write the second after it, in whatever order it goes.
    let holder = try await OpenTransaction(
      in: place, "select from search_documents where entity = 'asset' and entity_id <> '\(ids[1])' for update")
    let shard = try Catalogue.binary.start([], place.environment.merging(second) { $1 })
    try await eventually { try await waiting() == 1 }
    try await place.execute(
      """
      update assets set title = 'newer' where id = \(ids[1]);
      insert into search_pending (entity, entity_id) values ('asset', '\(ids[1])');
      """)
    let pending = try Catalogue.binary.start([], place.environment.merging(["REINDEX_MODE": "pending"]) { $1 })
    try await eventually { if pending.isRunning { try await waiting() == 2 } else { true } }
    try await holder.commit()
    let (one, all) = (await shard.outcome(), await pending.outcome())
    #expect(all.exitCode == 0, "\(all.output)\(all.errors)")
    #expect(one.exitCode != 0 && one.output.contains("another JOB_SHARD_COUNT"), "\(one.output)")
    #expect(try await catalogue.differences(where: "entity = 'asset' and entity_id = '\(ids[1])'") == [])
    #expect(try await place.value("select count(*) from search_pending") == "0")
    #expect(try await catalogue.run([], second).exitCode == 0)
    #expect(try await catalogue.run().exitCode == 0)
    #expect(try await catalogue.differences() == [])
  }

  @Test func `a shard that takes the table of a rebuild away ends the rebuild, which says why`() async throws {
    let rebuild = try await SteppedRun(
      Catalogue.binary,
      place.environment.merging(["REINDEX_MODE": "rebuild", "REINDEX_BATCH": "20", "REINDEX_PARALLEL": "1"]) { $1 },
      past: "transaction begun")
    // Stands between two transactions: each logs three lines.
    while try await place.value("select to_regclass('search_documents_new') is not null") == "false" {
      for _ in 1...3 { try await rebuild.step() }
    }
    let shard = try await catalogue.run([], second)
    #expect(shard.exitCode == 0, "\(shard.output)\(shard.errors)")
    rebuild.letGo()
    let outcome = await rebuild.process.outcome()
    #expect(outcome.exitCode != 0 && outcome.output.contains("another JOB_SHARD_COUNT"), "\(outcome.output)")
    #expect(try await catalogue.differences() == [])
    #expect(try await catalogue.run([], ["REINDEX_MODE": "rebuild"]).exitCode == 0)
    #expect(try await catalogue.differences() == [])
  }
}

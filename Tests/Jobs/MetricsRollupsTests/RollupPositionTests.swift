import TestSupport
import Testing

/// The position moves past what is queued or told, and past nothing else.
@Suite(.timeLimit(.minutes(10))) struct RollupPositionTests {
  private let weekly = ["ROLLUPS_MODE": "rebuild", "ROLLUPS_GRANULARITIES": "weekly"]

  @Test func `a first run that rebuilds weeks alone leaves all hours to be noticed`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(300)
    #expect(try await rollups.run([], weekly).exitCode == 0)
    #expect(try await rollups.run().count("noticed") == 300)
    #expect(try await rollups.differences() == [])
  }

  @Test func `what is committed between the two looks of a rebuild of weeks is left for the next run`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(300)
    #expect(try await rollups.run().exitCode == 0)
    // Its first look waits at the end for this hour's place in the queue.
    try await rollups.add("new", at: "2025-11-07T22:00:00Z")
    let queue = try await OpenTransaction(
      in: rollups.place,
      "insert into oneshot.rollup_queue values ('metric_events', 'hourly', '2025-11-07 22:00+00')")
    let run = try Rollups.binary.start([], rollups.environment(weekly))
    try await eventually {
      try await rollups.place.value(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()") == "1"
    }
    try await rollups.add("between", at: "2025-11-05T22:00:00Z")
    try await rollups.place.execute("delete from metric_events where id = 40")
    try await queue.rollBack()
    #expect(await run.outcome().exitCode == 0)
    let next = try await rollups.run()
    #expect(next.count("noticed") == 1 && next.count("touched_hours") == 2)
    #expect(try await rollups.differences() == [])
  }
}

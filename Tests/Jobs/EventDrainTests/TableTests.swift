import TestSupport
import Testing

/// The table `oneshot.events` as a source.
@Suite(.timeLimit(.minutes(10))) struct TableTests {
  private func add(_ ids: ClosedRange<Int>, to place: Place) async throws {
    try await place.execute(Self.insertion(ids))
  }

  private static func insertion(_ ids: ClosedRange<Int>) -> String {
    """
    insert into oneshot.events (dedup, event)
    select 'e' || g, jsonb_build_object('type', 'test.a', 'campaign_id', g % 7, 'data', jsonb_build_object('amount', g))
    from generate_series(\(ids.lowerBound), \(ids.upperBound)) g on conflict (dedup) do nothing
    """
  }

  @Test func `events of a transaction that stays open are done once it commits, whatever was read meanwhile`()
    async throws
  {
    let drained = try await Drained(["EVENTS_SOURCE": "postgres", "EVENTS_BATCH": "30"])
    try await add(1...100, to: drained.place)
    let open = try await OpenTransaction(in: drained.place, Self.insertion(101...150))
    try await add(151...200, to: drained.place)
    let first = try await drained.run()
    #expect(first.exitCode == 0 && first.count("done") == 150, "\(first.output)\(first.errors)")
    try await open.commit()
    let second = try await drained.run()
    #expect(second.exitCode == 0 && second.count("done") == 50 && second.count("read") == 50, "\(second.output)")
    #expect(try await drained.effects(are: 200))
    let third = try await drained.run()
    #expect(third.count("read") == 0 && third.count("batches") == 0 && third.count("behind") == 0, "\(third.output)")
  }

  @Test func `what is killed in the middle of a pass goes on where it was`() async throws {
    let drained = try await Drained(["EVENTS_SOURCE": "postgres", "EVENTS_BATCH": "10"])
    try await add(1...55, to: drained.place)
    var lines = 6
    while try await drained.kill([:], after: lines) { lines += 7 }
    #expect(lines > 20)
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.effects(are: 55))
    #expect(try await drained.letters() == [])
  }

  @Test func `a position of another server is given up, and events that are known have no second effect`() async throws
  {
    let drained = try await Drained(["EVENTS_SOURCE": "postgres"])
    try await add(1...20, to: drained.place)
    #expect(try await drained.run().exitCode == 0)
    try await drained.place.execute(
      """
      update oneshot.event_positions set position = '9000000000:9000000000:';
      update oneshot.events set written_by = '8000000000' where seq > 10; delete from oneshot.event_inbox where event_id = 'e20'
      """)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 1 && run.count("duplicates") == 19, "\(run.output)")
  }

  @Test(arguments: ["0s", "7d"])
  func `what a position that begins again may read is remembered, however old it is`(keep: String) async throws {
    let drained = try await Drained([
      "EVENTS_SOURCE": "postgres", "EVENTS_STREAM_KEEP": keep, "JOB_SCHEDULED_AT": "",
    ])
    try await add(1...6, to: drained.place)
    #expect(try await drained.run().count("done") == 6)
    try await drained.place.execute(
      """
      update oneshot.event_inbox set seen_at = seen_at - interval '10 days';
      update oneshot.events set written_at = written_at - interval '10 days'
      """)
    if keep == "0s" { #expect(try await drained.run().exitCode == 0) }
    let restored = try await Binary("oneshot").run(["after-restore", "--yes"], drained.place.environment)
    #expect(restored.exitCode == 0, "\(restored.errors)")
    let first = try await drained.run([], ["EVENTS_MAX": "2"])
    #expect(first.count("done") == 0 && first.count("duplicates") == 2, "\(first.output)")
    let second = try await drained.run()
    #expect(second.count("done") == 0 && second.count("duplicates") == 4, "\(second.output)")
    #expect(try await drained.effects(are: 6))
    // What has left the table need not be remembered any more.
    try await drained.place.execute("delete from oneshot.events")
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.place.value("select count(*) from oneshot.event_inbox") == "0")
  }

  @Test func `rows that are read and old leave the table`() async throws {
    let drained = try await Drained(["EVENTS_SOURCE": "postgres"])
    try await add(1...20, to: drained.place)
    try await drained.place.execute("update oneshot.events set written_at = '2025-10-01' where seq <= 15")
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("trimmed") == 15, "\(run.output)")
    #expect(try await drained.place.value("select count(*) from oneshot.events") == "5")
  }
}

import TestSupport
import Testing

/// A source whose text changes, whose file gets another name, or is removed.
@Suite(.timeLimit(.minutes(15))) struct RollupTextTests {
  private let sources: RollupSources
  private var rollups: Rollups { sources.rollups }

  init() async throws {
    sources = try await RollupSources()
    try await rollups.place.execute(
      """
      create table orders (amount numeric, paid_at timestamptz);
      insert into orders values (1, '2025-05-05 05:00+00'), (2, '2025-11-07 05:00+00');
      """)
    try sources.write(["revenue": Self.text("amount")])
    #expect(try await sources.run().exitCode == 0)
  }

  private static func text(_ value: String) -> String {
    """
    select 'revenue' as metric, 'shop' as entity_type, '1' as entity_id, \(value) as value, paid_at as occurred_at
    from orders where paid_at >= :window_start and paid_at < :window_end
    """
  }

  private let changed = "has changed since the rollups of revenue were calculated"

  @Test func `a text that changes is said until the source is rebuilt, as the message has it`() async throws {
    #expect(try await !sources.run().errors.contains(changed))
    try sources.write(["revenue": Self.text("amount * 10")])
    for _ in 1...2 {
      let run = try await sources.run()
      #expect(run.exitCode == 0 && run.errors.contains(changed), "\(run.errors)")
    }
    #expect(
      try await sources.stored("revenue") == ["2025-05-05 revenue shop 1 1 1", "2025-11-07 revenue shop 1 1 20"])
    #expect(try await sources.run([:], ["--check"]).output.contains(changed))
    // A part of it does not do.
    let part = ["ROLLUPS_MODE": "rebuild", "ROLLUPS_SOURCES": "revenue", "ROLLUPS_FROM": "2025-11-01"]
    #expect(try await sources.run(part).errors.contains(changed))
    let whole = try await sources.run(["ROLLUPS_MODE": "rebuild", "ROLLUPS_SOURCES": "revenue"])
    #expect(whole.exitCode == 0 && !whole.errors.contains(changed), "\(whole.errors)")
    #expect(
      try await sources.stored("revenue") == ["2025-05-05 revenue shop 1 1 10", "2025-11-07 revenue shop 1 1 20"])
    #expect(try await !sources.run().errors.contains(changed))
  }

  @Test func `a text that takes the place of one that is built in is said, too`() async throws {
    try sources.write([
      "metric_events":
        "select metric, entity_type, entity_id, value, occurred_at from metric_events where occurred_at >= :window_start and occurred_at < :window_end"
    ])
    #expect(try await sources.run().errors.contains("has changed since the rollups of metric_events"))
  }

  @Test func `rollups of a file that is gone or renamed are named, with the statement that removes them`() async throws
  {
    try await rollups.place.execute("select oneshot.rollups_track('revenue', 'orders', 'paid_at')")
    #expect(try await sources.run(["ROLLUPS_MODE": "verify"]).exitCode == 0)
    try sources.remove("revenue")
    try sources.write(["sales": Self.text("amount")])
    #expect(try await sources.run().exitCode == 0)
    let verified = try await sources.run(["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 65 && verified.result["errors"].elements.count == 1, "\(verified.output)")
    #expect(verified.result["errors"][0]["kind"].string == "orphaned")
    // Who looks at some sources does not know which there are.
    #expect(try await sources.run(["ROLLUPS_MODE": "verify", "ROLLUPS_SOURCES": "sales"]).exitCode == 0)

    let message = verified.result["errors"][0]["message"].string ?? ""
    try await rollups.place.execute(String(message.split(separator: "any more: ").last ?? ""))
    #expect(try await sources.stored("revenue") == [])
    #expect(try await sources.stored("sales").count == 2)
    #expect(try await sources.run(["ROLLUPS_MODE": "verify"]).exitCode == 0)
    // Nobody takes off the list what a trigger would put there.
    try await rollups.place.execute("update orders set amount = 3")
    #expect(try await rollups.place.value("select count(*) from oneshot.rollup_changes") == "0")
  }

  @Test func `the job's own source is not forgotten`() async throws {
    let forgotten = await #expect(throws: (any Error).self) {
      try await rollups.place.execute("select oneshot.rollups_forget('metric_events')")
    }
    #expect("\(String(describing: forgotten))".contains("metric_events is no source of your own"))
  }
}

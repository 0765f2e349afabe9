import TestSupport
import Testing

/// Many days of which each has a little are done together; one that has much is done alone.
@Suite(.timeLimit(.minutes(15))) struct RollupSpreadTests {
  private let rollups: Rollups

  init() async throws { rollups = try await Rollups(zone: "Europe/Berlin") }

  private func transactions(_ settings: [String: String] = [:]) async throws -> Int {
    let run = try await rollups.run([], settings.merging(["JOB_LOG_LEVEL": "debug"]) { $1 })
    #expect(run.exitCode == 0, "\(run.errors.suffix(2000))")
    return run.errors.matches(of: /"committed"/).count
  }

  @Test func `events on 400 days take at most 50 transactions, early or late, and so does their rebuild`() async throws
  {
    try await rollups.add(800, every: "12 hours")
    let first = try await transactions()
    #expect((4...50).contains(first), "\(first)")
    #expect(try await rollups.differences() == [])
    // Late ones, and some that are gone.
    try await rollups.add(200, every: "47 hours", before: "2025-11-01T00:30:00Z")
    try await rollups.place.execute("delete from metric_events where id % 5 = 0")
    let late = try await transactions()
    #expect(late <= 50, "\(late)")
    #expect(try await rollups.differences() == [])
    try await rollups.place.execute(
      "update metric_rollups set count = count + 1 where metric = 'metric 1'; delete from metric_rollups where metric = 'metric 2'"
    )
    let rebuilt = try await transactions(["ROLLUPS_MODE": "rebuild"])
    #expect(rebuilt <= 50, "\(rebuilt)")
    #expect(try await rollups.differences() == [])
  }

  @Test func `a transaction takes no more days than have a hundred thousand events`() async throws {
    try await rollups.place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'm', 'user', 'x', 1, timestamptz '2025-11-02 10:00+00' + g / 45000 * interval '1 day'
      from generate_series(0, 4 * 45000 - 1) g
      """)
    let run = try await rollups.start([:], until: "select count(*) > 0 from metric_rollups")
    try await rollups.kill(run)
    let done = "select count(*) from metric_rollups"
    #expect(try await rollups.place.value(done) == "2")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }

  @Test func `of days that are done together only the one fails that is to blame`() async throws {
    try await rollups.add(200, every: "12 hours")
    // The sum of this day is beyond a double, and that of its hours is not.
    try await rollups.add("huge", 1.7e308, at: "2025-09-09T09:00:00Z")
    try await rollups.add("huge", 1.7e308, at: "2025-09-09T19:00:00Z")
    let run = try await rollups.run()
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(
      run.result["errors"].elements.map { $0["item"].string } == ["metric_events daily 2025-09-08T22:00:00Z"],
      "\(run.output)")
    #expect(try await rollups.queued() == 1)
    try await rollups.place.execute("delete from metric_events where metric = 'huge'")
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await rollups.differences() == [])
  }
}

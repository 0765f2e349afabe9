import TestSupport
import Testing

/// What must not be processed again, however it comes back.
@Suite(.timeLimit(.minutes(10))) struct AgainTests {
  @Test(arguments: [false, true])
  func `entries that are older than the inbox remembers are not read again by a group that is made again`(isOther: Bool)
    async throws
  {
    let drained = try await Drained()
    for number in 1...50 {
      try await drained.place.redis("XADD", "events:job", "\(number)-0", "event", Drained.event(number))
    }
    #expect(try await drained.run().count("done") == 50)
    try await drained.place.execute("delete from oneshot.event_inbox")
    try await drained.place.redis("XGROUP", "DESTROY", "events:job", "oneshot")
    try await drained.add(51..<53)
    let run = try await drained.run([], isOther ? ["EVENTS_GROUP": "other"] : [:])
    #expect(run.exitCode == 0 && run.count("read") == 2 && run.count("missed") == 0, "\(run.output)")
    #expect(try await drained.effects(are: 52))
  }

  @Test func `what was passed over at the start is not read by a group that is made again`() async throws {
    let drained = try await Drained(["EVENTS_START": "last"])
    try await drained.add(0..<10)
    #expect(try await drained.run().exitCode == 0)
    try await drained.add(10..<12)
    #expect(try await drained.run().count("done") == 2)
    try await drained.place.redis("XGROUP", "DESTROY", "events:job", "oneshot")
    try await drained.add(12..<13)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 1, "\(run.output)")
    #expect(try await drained.effects(are: 3))
  }

  @Test func `events of a run for a moment long ago are remembered from when they were done`() async throws {
    let drained = try await Drained(["EVENTS_RETRY": "30s"])
    try drained.handler(
      "late",
      """
      -- handles: late
      with kept as (insert into effects (id) select id from events)
      select n, 'retry' as outcome from events where attempt = 1
      """)
    try await drained.add(0..<5)
    try await drained.add([Drained.event(5, type: "late")])
    #expect(try await drained.run().exitCode == 0)
    for _ in 0..<2 {
      #expect(try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-20T02:00:00Z"]).exitCode == 0)
    }
    try await drained.add(0..<5)
    try await drained.add([Drained.event(5, type: "late")])
    let run = try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-20T02:00:00Z"])
    #expect(run.count("duplicates") == 6 && run.count("done") == 0, "\(run.output)")
    #expect(try await drained.effects(are: 6))
  }

  @Test(arguments: ["first", "last"])
  func `rows that a dump has brought from another server are read once, and leave when they are old`(start: String)
    async throws
  {
    let drained = try await Drained(["EVENTS_SOURCE": "postgres", "EVENTS_START": start])
    try await drained.write(0..<10, to: "postgres")
    try await drained.place.execute("update oneshot.events set written_by = '8000000000', written_at = '2025-10-01'")
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == (start == "first" ? 10 : 0), "\(run.output)")
    #expect(run.count("trimmed") == 10 && run.count("behind") == 0)
    #expect(try await drained.run().count("read") == 0)
  }

  @Test func `the check names a group that another consumer has read, from whose start all would be done again`()
    async throws
  {
    let drained = try await Drained()
    try await drained.add(0..<20)
    try await drained.place.redis("XGROUP", "CREATE", "events:job", "oneshot", "0")
    try await drained.place.redis("XREADGROUP", "GROUP", "oneshot", "pod-1", "STREAMS", "events:job", ">")
    let check = try await drained.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains("has read events:job"), "\(check.output)")
    let last = try await drained.run(["--check"], ["EVENTS_START": "last"])
    #expect(last.exitCode == 0, "\(last.output)")
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.run(["--check"]).exitCode == 0)
  }
}

import Foundation
import Redis
import TestSupport
import Testing

/// What the settings of a run promise beyond its batches.
@Suite(.timeLimit(.minutes(10))) struct SettingsTests {
  @Test(arguments: ["redis", "postgres"])
  func `a run that lingers processes what comes after it has found nothing`(source: String) async throws {
    let drained = try await Drained(["EVENTS_SOURCE": source])
    try await drained.write(0..<5, to: source)
    // It ends by the number of its events; without the second five it would wait until this test is given up.
    let waiting = try Drained.binary.start(
      [], drained.environment(["EVENTS_LINGER": "1h", "EVENTS_TIME": "1h", "EVENTS_MAX": "10", "JOB_TIMEOUT": "2h"]))
    try await eventually { try await drained.effects(are: 5) }
    try await drained.write(5..<10, to: source)
    let run = await waiting.outcome()
    #expect(run.exitCode == 0 && run.count("done") == 10, "\(run.output)\(run.errors)")
    #expect(run.result["details", "ended_by"].string == "max")
    #expect(try await drained.effects(are: 10))
  }

  @Test func `lingering ends by itself`() async throws {
    let drained = try await Drained(["EVENTS_LINGER": "1ms"])
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.result["details", "ended_by"].string == "empty", "\(run.output)")
  }

  @Test(arguments: ["redis", "postgres"])
  func `reading begins behind what is there already, where that is wanted`(source: String) async throws {
    let drained = try await Drained(["EVENTS_SOURCE": source, "EVENTS_START": "last"])
    try await drained.write(0..<10, to: source)
    #expect(try await drained.run().count("read") == 0)
    try await drained.write(10..<15, to: source)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 5 && run.count("missed") == 0, "\(run.output)")
    #expect(try await drained.effects(are: 5))
  }

  @Test func `a group of another consumer is continued where it is`() async throws {
    let drained = try await Drained(["EVENTS_GROUP": "workers", "EVENTS_START": "last"])
    try await drained.add(0..<100)
    try await drained.place.redis("XGROUP", "CREATE", "events:job", "workers", "0")
    for consumer in ["pod-1", "pod-2"] {
      try await drained.place.redis(
        "XREADGROUP", "GROUP", "workers", consumer, "COUNT", "30", "STREAMS", "events:job", ">")
    }
    // Of the sixty that were given out, all but ten are done.
    let given = try await drained.place.redis("XRANGE", "events:job", "-", "+", "COUNT", "50").elements
    try await drained.place.redis(
      all: given.compactMap { $0.elements.first?.text }.map { RedisCommand("XACK", "events:job", "workers", $0) })
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 50, "\(run.output)")
    #expect(try await drained.effects(are: 50))
    #expect(try await drained.place.redis("XPENDING", "events:job", "workers").elements.first?.integer == 0)
  }

  @Test func `a statement that takes too long has its event wait, and no other`() async throws {
    let drained = try await Drained(["EVENTS_TIMEOUT": "1s"])
    for (name, fact) in [("effect", "test.counted"), ("patient", "test.patient\n-- timeout: 1h")] {
      try drained.handler(
        name,
        """
        -- handles: \(fact)
        insert into effects (id)
        select id from events where pg_sleep(case when data ->> 'amount' = '2' then 3600 else 1.2 * (type = 'test.patient')::integer end) is not null
        """)
    }
    try await drained.add((0..<8).map { Drained.event($0, amount: $0 == 5 ? "2" : "1") })
    try await drained.add([Drained.event(8, type: "test.patient")])
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 8 && run.count("waiting") == 1, "\(run.output)")
    #expect(
      try await drained.place.rows(
        "select event_id as a, attempts as b, (last_error like '%statement timeout%')::text as c from oneshot.event_inbox where state = 'waiting'"
      )
        == [["e5", "1", "true"]])
  }

  @Test func `a done event is remembered as long as it has to be, and one that waits for as long as it waits`()
    async throws
  {
    let drained = try await Drained(["EVENTS_KEEP": "2h", "EVENTS_STREAM_KEEP": "1h", "EVENTS_RETRY": "10h"])
    try drained.handler("late", "-- handles: late\nselect n, 'retry' as outcome from events")
    let now = ["JOB_SCHEDULED_AT": ISO8601DateFormatter().string(from: Date())]
    try await drained.add([Drained.event(1), Drained.event(2, type: "late")])
    #expect(try await drained.run([], now).exitCode == 0)
    try await drained.place.execute("update oneshot.event_inbox set seen_at = seen_at - interval '119 minutes'")
    try await drained.add(1..<2)
    let early = try await drained.run([], now)
    #expect(early.count("duplicates") == 1 && early.count("done") == 0, "\(early.output)")
    try await drained.place.execute("update oneshot.event_inbox set seen_at = seen_at - interval '2 minutes'")
    #expect(try await drained.run([], now).exitCode == 0)
    #expect(try await drained.place.rows("select event_id as a from oneshot.event_inbox") == [["e2"]])
    try await drained.add(1..<2)
    let late = try await drained.run([], now)
    #expect(late.count("done") == 1, "\(late.output)")
  }
}

import Foundation
import Redis
import TestSupport
import Testing

/// Runs that end anywhere, and what others do to Redis and Postgres meanwhile.
@Suite(.timeLimit(.minutes(20))) struct DrainCrashTests {
  @Test func `killed after every line of its log, and each event has its effect once`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "20"])
    var (lines, next) = (3, 0)
    while true {
      try await drained.add(next..<next + 50)
      try await drained.add([Drained.event(1_000_000 + lines, amount: #""bad""#)])
      next += 50
      guard try await drained.kill([:], after: lines) else { break }
      lines += 1
    }
    #expect(lines > 20)
    let last = try await drained.run()
    #expect([0, 65].contains(last.exitCode), "\(last.output)")
    #expect(try await drained.effects(are: next))
    #expect(try await drained.pending() == 0)
    #expect(try await drained.letters().count == lines - 2)
    #expect(try await drained.letters().allSatisfy { $0.hasPrefix("failed test.counted e1000") })
  }

  @Test func `events whose acknowledgement was lost are recognised, and counted as delivered again`() async throws {
    let drained = try await Drained()
    try await drained.add(0..<100)
    #expect(try await drained.run().exitCode == 0)
    // Given out once more, as after a failover.
    try await drained.place.redis("XGROUP", "SETID", "events:job", "oneshot", "0")
    try await drained.place.redis(
      "XREADGROUP", "GROUP", "oneshot", "oneshot", "COUNT", "60", "STREAMS", "events:job", ">")
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 0, "\(run.output)")
    #expect(run.count("redelivered") == 60 && run.count("duplicates") == 40)
    #expect(try await drained.effects(are: 100))
    #expect(try await drained.pending() == 0)
  }

  @Test(arguments: ["destroy", "flush"])
  func `a group that is destroyed and a Redis that is emptied cost a look, and no effect`(fault: String) async throws {
    let drained = try await Drained()
    try await drained.add(0..<100)
    #expect(try await drained.run().exitCode == 0)
    if fault == "destroy" {
      try await drained.place.redis("XGROUP", "DESTROY", "events:job", "oneshot")
    } else {
      try await drained.place.redis("FLUSHDB")
    }
    try await drained.add(50..<150)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 50, "\(run.output)")
    #expect(try await drained.effects(are: 150))
  }

  @Test func `what other consumers of the group have left pending is taken over`() async throws {
    let drained = try await Drained()
    try await drained.add(0..<100)
    try await drained.place.redis("XGROUP", "CREATE", "events:job", "oneshot", "0")
    try await drained.place.redis(
      "XREADGROUP", "GROUP", "oneshot", "pod-1", "COUNT", "40", "STREAMS", "events:job", ">")
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 100, "\(run.output)")
    #expect(try await drained.effects(are: 100))
    #expect(try await drained.pending() == 0)
  }

  @Test func `Postgres that was restored from before has the entries since then processed again`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "10"])
    try await drained.add(0..<50)
    #expect(try await drained.run().exitCode == 0)
    try await drained.place.execute(
      """
      create table kept_inbox as table oneshot.event_inbox; create table kept_positions as table oneshot.event_positions;
      create table kept_effects as table effects
      """)
    try await drained.add(50..<120)
    #expect(try await drained.run().exitCode == 0)
    try await drained.place.execute(
      """
      truncate oneshot.event_inbox, oneshot.event_positions, effects;
      insert into oneshot.event_inbox table kept_inbox; insert into oneshot.event_positions table kept_positions;
      insert into effects overriding system value table kept_effects
      """)
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 70 && run.count("missed") == 0, "\(run.output)")
    #expect(try await drained.effects(are: 120))
  }

  @Test func `a run that is overtaken while it stands still keeps nothing`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "20"])
    try await drained.add(0..<100)
    let paused = try await drained.start([:], past: "transaction begun")
    try await drained.place.redis("DEL", Self.lock)
    let successor = try await drained.run()
    #expect(successor.exitCode == 0, "\(successor.output)")
    paused.letGo()
    _ = await paused.process.outcome()
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.effects(are: 100))
    #expect(try await drained.pending() == 0)
  }

  private static let lock = Drained.lockKey

  @Test func `twenty starts at once have each effect once`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "20"])
    try await drained.add(0..<300)
    let runs = try (0..<20).map { _ in try Drained.binary.start([], drained.environment()) }
    for run in runs { _ = await run.outcome() }
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.effects(are: 300))
  }

  @Test func `an event that ends run after run is given up in the end, and all others are done`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "8"])
    try drained.handler(
      "effect",
      """
      -- handles: test.*
      insert into effects (id) select id from events where pg_sleep(case when (data ->> 'amount')::integer = 2 then 1000 else 0 end) is not null
      """)
    try await drained.add((0..<8).map { Drained.event($0, amount: $0 == 5 ? "2" : "1") })
    var kills = 0
    while true {
      let run = try Drained.binary.start([], drained.environment())
      try await eventually {
        let sleeping =
          "select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')"
        if !run.isRunning { return true }
        return try await drained.place.value(sleeping) == "true"
      }
      guard run.isRunning else { break }
      run.send(SIGKILL)
      _ = await run.outcome()
      try await drained.place.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'oneshot' and datname = current_database()"
      )
      try await drained.endOfKilled()
      kills += 1
      guard kills < 80 else { throw TestFailure("it is never given up") }
    }
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.letters() == ["fatal test.counted e5 pending"])
    #expect(try await drained.effects(are: 7))
  }
}

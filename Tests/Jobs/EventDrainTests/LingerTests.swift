import Redis
import TestSupport
import Testing

/// Runs that wait for events, or share them with others, and what they say at their end.
@Suite(.timeLimit(.minutes(10))) struct LingerTests {
  @Test func `a run that lingers until its time is over finds what was missed, too`() async throws {
    let drained = try await Drained(["EVENTS_LINGER": "1s", "EVENTS_TIME": "1s"])
    try await drained.add(0..<10)
    #expect(try await drained.run().exitCode == 0)
    try await drained.add(10..<20)
    try await drained.place.redis("XTRIM", "events:job", "MAXLEN", "4")
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("missed") == 6 && run.count("done") == 4, "\(run.output)")
  }

  @Test func `what another run was given is not missed, and is done once that has ended`() async throws {
    let drained = try await Drained()
    try await drained.add(0..<5)
    #expect(try await drained.run().exitCode == 0)
    let waiting = try await lingering(drained)
    // At once, so that the run that waits is not given them.
    let adding = (5..<15).map { RedisCommand("XADD", "events:job", "*", "event", Drained.event($0)) }
    let given = RedisCommand("XREADGROUP", "GROUP", "oneshot", "oneshot", "STREAMS", "events:job", ">")
    try await drained.place.redis(all: [RedisCommand("MULTI")] + adding + [given, RedisCommand("EXEC")])
    try await drained.add(15..<25)
    let run = await waiting.outcome()
    #expect(run.exitCode == 0 && run.count("done") == 10 && run.count("missed") == 0, "\(run.output)\(run.errors)")
    for done in [10, 0] {
      let next = try await drained.run()
      #expect(next.exitCode == 0 && next.count("done") == done && next.count("missed") == 0, "\(next.output)")
    }
    #expect(try await drained.effects(are: 25))
  }

  @Test func `a stream that is removed while a run waits for it begins again`() async throws {
    let drained = try await Drained()
    try await drained.add(0..<5)
    #expect(try await drained.run().exitCode == 0)
    let waiting = try await lingering(drained)
    try await drained.place.redis("DEL", "events:job")
    try await drained.add(5..<15)
    let run = await waiting.outcome()
    #expect(run.exitCode == 0 && run.count("done") == 10, "\(run.output)\(run.errors)")
    #expect(try await drained.effects(are: 15))
  }

  /// A run that waits for events, and ends by itself when it has read ten.
  private func lingering(_ drained: Drained) async throws -> Binary.Running {
    let waiting = try Drained.binary.start(
      [], drained.environment(["EVENTS_LINGER": "1h", "EVENTS_TIME": "1h", "EVENTS_MAX": "10", "JOB_TIMEOUT": "2h"]))
    try await eventually {
      // Over a Unix socket the flags of a blocked client are bU.
      try await drained.place.redis("CLIENT", "LIST").text?.split(separator: "\n").contains {
        $0.contains(" flags=b") && $0.contains(" db=\(drained.place.redisNumber) ")
      } == true
    }
    return waiting
  }

  @Test func `lanes together read as many as the run may`() async throws {
    let drained = try await Drained(["EVENTS_PARTITIONS": "4", "EVENTS_PARALLEL": "4"])
    for partition in 0..<4 {
      try await drained.add(partition * 40..<partition * 40 + 40, to: "events:job:\(partition)")
    }
    var left = 160
    while left > 0 {
      let run = try await drained.run([], ["EVENTS_MAX": "30"])
      let read = run.count("read") ?? 0
      #expect(run.exitCode == 0 && (1...30).contains(read), "\(run.output)")
      left -= max(1, read)
      #expect(run.count("behind") == left)
    }
    #expect(try await drained.effects(are: 160))
  }

  @Test func `partitions that are not read any more are named`() async throws {
    let drained = try await Drained(["EVENTS_PARTITIONS": "4"])
    for partition in 0..<4 { try await drained.add(partition..<partition + 1, to: "events:job:\(partition)") }
    #expect(try await drained.run().count("done") == 4)
    let run = try await drained.run([], ["EVENTS_PARTITIONS": "2"])
    #expect(run.exitCode == 0 && run.errors.contains("EVENTS_PARTITIONS is lower than it was"), "\(run.errors)")
    #expect(run.errors.contains("redis:events:job/3") && !run.errors.contains("redis:events:job/1\""))
  }
}

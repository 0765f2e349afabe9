import Redis
import TestSupport
import Testing

/// Runs that share the same partitions by different rules, and streams that lose what nobody has read.
@Suite(.timeLimit(.minutes(10))) struct LayoutTests {
  @Test func `two layouts of shards at once have each effect once, and leave nothing`() async throws {
    let drained = try await Drained(["EVENTS_PARTITIONS": "4", "EVENTS_BATCH": "10"])
    var events: [String] = []
    for partition in 0..<4 {
      let own = (0..<60).map { number in
        let id = partition * 100 + number
        return number % 2 == 0 ? Drained.event(id) : Drained.happening(id, "liked", on: number % 5, of: 1)
      }
      try await drained.add(own, to: "events:job:\(partition)")
      events += own
    }
    let runs = try [2, 4, 1].flatMap { count in
      try (0..<count).map { index in
        try Drained.binary.start(
          [], drained.environment(["JOB_SHARD_COUNT": "\(count)", "JOB_SHARD_INDEX": "\(index)"]))
      }
    }
    for run in runs {
      let outcome = await run.outcome()
      // Done; or another layout's run has moved a position first, and nothing of the batch is kept.
      #expect([0, 75].contains(outcome.exitCode), "\(outcome.output)")
    }
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.effects(are: 120))
    #expect(try await drained.boards() == DrainedModel(events).boards)
    for partition in 0..<4 { #expect(try await drained.pending("events:job:\(partition)") == 0) }
  }

  @Test func `what a producer trims while it is unread is counted, and so is what is deleted while it is pending`()
    async throws
  {
    let drained = try await Drained()
    try await drained.add(0..<10)
    #expect(try await drained.run().exitCode == 0)
    for id in 10..<40 {
      try await drained.place.redis("XADD", "events:job", "MAXLEN", "5", "*", "event", Drained.event(id))
    }
    let capped = try await drained.run()
    #expect(capped.exitCode == 65 && capped.count("missed") == 25 && capped.count("done") == 5, "\(capped.output)")
    try await drained.add(40..<50)
    let given = try await drained.place.redis(
      "XREADGROUP", "GROUP", "oneshot", "pod-1", "COUNT", "4", "STREAMS", "events:job", ">")
    let ids = given.elements.first?.elements.last?.elements.compactMap { $0.elements.first?.text } ?? []
    try await drained.place.redis(all: ids.map { RedisCommand("XDEL", "events:job", $0) })
    let ghosts = try await drained.run()
    #expect(ghosts.exitCode == 65 && ghosts.count("missed") == 4 && ghosts.count("done") == 6, "\(ghosts.output)")
    #expect(try await drained.pending() == 0)
    let after = try await drained.run()
    #expect(after.exitCode == 0 && after.count("missed") == 0, "\(after.output)")
  }

  @Test func `a stream that was deleted and begins again with lower ids is read from its start`() async throws {
    let drained = try await Drained()
    try await drained.add(0..<10)
    #expect(try await drained.run().exitCode == 0)
    try await drained.place.redis("DEL", "events:job")
    for id in 10..<20 {
      try await drained.place.redis("XADD", "events:job", "5-\(id)", "event", Drained.event(id))
    }
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 10, "\(run.output)")
    #expect(try await drained.effects(are: 20))
  }
}

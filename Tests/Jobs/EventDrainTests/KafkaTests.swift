import Foundation
import TestSupport
import Testing

/// A Kafka topic as a source: librdkafka's mock cluster over the wire, and the binary with the trait.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isDrainBuilt)) struct KafkaTests {
  @Test func `four partitions are read by two shards, each event once and in order, and the group gets the offsets`()
    async throws
  {
    let topic = try await TopicDrained(["EVENTS_BATCH": "50", "EVENTS_PARALLEL": "2"], partitions: 4)
    for partition in 0..<4 { try await topic.add(partition * 1000..<partition * 1000 + 200, to: partition) }
    for shard in 0..<2 {
      let run = try await topic.run([], ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "\(shard)"])
      #expect(run.exitCode == 0 && run.count("done") == 400 && run.count("partitions") == 2, "\(run.output)")
      #expect(run.count("behind") == 0 && run.result["details", "ended_by"].string == "empty")
    }
    #expect(try await topic.drained.effects(are: 800))
    #expect(try await topic.overtaken() == "0")
    #expect(try await topic.kafka.committed(partitions: 4) == [200, 200, 200, 200])
    let again = try await topic.run()
    #expect(again.exitCode == 0 && again.count("read") == 0 && again.count("rewound") == 0, "\(again.output)")
  }

  @Test func `what a producer sends twice is done once`() async throws {
    let topic = try await TopicDrained()
    try await topic.add(0..<50)
    try await topic.add(0..<50)
    let run = try await topic.run()
    #expect(run.count("done") == 50 && run.count("duplicates") == 50, "\(run.output)")
    #expect(try await topic.drained.effects(are: 50))
  }

  @Test func `a killed run that has committed and not told the group is known by the next`() async throws {
    let topic = try await TopicDrained()
    try await topic.add(0..<100)
    try await topic.kill([:], past: "acknowledging")
    #expect(try await topic.drained.effects(are: 100))
    // It may have got them in the last moment.
    try await topic.kafka.commit([0])
    let run = try await topic.run()
    #expect(run.exitCode == 0 && run.count("read") == 0, "\(run.output)")
    #expect(try await topic.drained.effects(are: 100))
    #expect(try await topic.kafka.committed(partitions: 1) == [100])
  }

  @Test func `killed after lines of its log, and each event has its effect once`() async throws {
    let topic = try await TopicDrained(["EVENTS_BATCH": "20"], partitions: 2)
    var (lines, next) = (3, 0)
    repeat {
      for partition in 0..<2 { try await topic.add(next + partition * 25..<next + partition * 25 + 25, to: partition) }
      next += 50
      lines += 3
    } while try await topic.kill([:], after: lines)
    #expect(lines > 20)
    #expect(try await topic.run().exitCode == 0)
    #expect(try await topic.drained.effects(are: next))
    #expect(try await topic.drained.letters() == [])
  }

  @Test func `brokers that are down for four seconds in the middle cost nothing`() async throws {
    let topic = try await TopicDrained(partitions: 2)
    for partition in 0..<2 { try await topic.add(partition * 1000..<partition * 1000 + 100, to: partition) }
    // It ends by the number of its events; without the rest it would wait until this test is given up.
    let running = try TopicDrained.binary.start(
      [], topic.environment(["EVENTS_LINGER": "1h", "EVENTS_TIME": "1h", "EVENTS_MAX": "400", "JOB_TIMEOUT": "2h"]))
    try await eventually { try await topic.drained.effects(are: 200) }
    try await topic.kafka.outage(of: [1, 2], seconds: 4)
    for partition in 0..<2 { try await topic.add(partition * 1000 + 100..<partition * 1000 + 200, to: partition) }
    let run = await running.outcome()
    #expect(run.exitCode == 0 && run.count("done") == 400, "\(run.output)\(run.errors)")
    #expect(try await topic.drained.effects(are: 400))
    #expect(try await topic.overtaken() == "0")
  }

  @Test func `a run that begins while a broker is down waits for it`() async throws {
    let topic = try await TopicDrained(partitions: 2)
    for partition in 0..<2 { try await topic.add(partition * 100..<partition * 100 + 50, to: partition) }
    async let outage: Void = topic.kafka.outage(of: [2], seconds: 4)
    let run = try await topic.run()
    try await outage
    #expect(run.exitCode == 0 && run.count("done") == 100 && run.count("behind") == 0, "\(run.output)")
  }

  @Test func `reading begins where the group is, or at the end, where that is wanted`() async throws {
    let topic = try await TopicDrained(["EVENTS_START": "last"], partitions: 2)
    for partition in 0..<2 { try await topic.add(partition * 100..<partition * 100 + 10, to: partition) }
    try await topic.kafka.commit([7], of: "job-workers")
    let first = try await topic.run()
    #expect(first.exitCode == 0 && first.count("done") == 3, "\(first.output)")
    for partition in 0..<2 { try await topic.add(partition * 100 + 10..<partition * 100 + 15, to: partition) }
    #expect(try await topic.run().count("done") == 10)
    // As if one of them had been added to the topic since.
    try await topic.place.execute("delete from oneshot.event_positions where partition = 1")
    let grown = try await topic.run()
    #expect(grown.count("read") == 15 && grown.count("done") == 10, "\(grown.output)")
  }

  @Test func `what is no event is a dead letter, and one without an id is known by where and when it stands`()
    async throws
  {
    let topic = try await TopicDrained(["EVENTS_MAX_BYTES": "300"])
    try await topic.kafka.produce(bytes: [0xFF, 0x00])
    try await topic.kafka.produce(bytes: [0xFF])
    try await topic.kafka.produce(bytes: nil)
    try await topic.kafka.produce([
      "{", "{\"type\":\"test.a\",\"x\":\"" + String(repeating: "x", count: 300) + "\"}",
      #"{"type":"test.a","data":{"amount":1}}"#,
    ])
    let run = try await topic.run()
    #expect(run.exitCode == 65 && run.count("failed") == 5 && run.count("done") == 1, "\(run.output)")
    #expect(try await topic.drained.letters().count { $0.hasPrefix("malformed malformed kafka:job-events/0/") } == 5)
    #expect(
      try await topic.place.value("select (id ~ '^kafka:job-events/0/5@[0-9]{13}$')::text from effects") == "true")
  }

  @Test func `a dead letter is replayed, whether or not there is a Kafka`() async throws {
    let topic = try await TopicDrained()
    try await topic.kafka.produce([Drained.event(1, amount: #""bad""#)])
    #expect(try await topic.run().exitCode == 65)
    try topic.drained.handler("effect", "-- handles: test.*\ninsert into effects (id) select id from events")
    try await topic.place.askForReplay("event-drain", "test.counted e1")
    #expect(try await topic.run().exitCode == 0)
    #expect(try await topic.drained.effects(are: 1))
  }

  @Test func `a run reads as many as it may, and says how many are left`() async throws {
    let topic = try await TopicDrained(["EVENTS_MAX": "30", "EVENTS_BATCH": "20"])
    try await topic.add(0..<100)
    let run = try await topic.run()
    #expect(run.count("read") == 30 && run.count("behind") == 70, "\(run.output)")
    let plan = try await topic.run(["--plan"])
    #expect(plan.exitCode == 0 && plan.count("behind") == 70, "\(plan.output)")
  }
}

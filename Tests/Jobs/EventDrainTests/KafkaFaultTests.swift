import Foundation
import TestSupport
import Testing

/// What a Kafka forgets, mixes up and refuses.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isDrainBuilt)) struct KafkaFaultTests {
  @Test func `messages that the broker has forgotten are counted and reported`() async throws {
    let topic = try await TopicDrained()
    try await topic.add(0..<10)
    #expect(try await topic.run().exitCode == 0)
    // The mock keeps five megabytes of a partition.
    let filling = String(repeating: "x", count: 20_000)
    let events = (10..<600).map { #"{"id":"e\#($0)","type":"test.a","data":{"amount":1,"x":"\#(filling)"}}"# }
    try await topic.kafka.produce(events)
    let run = try await topic.run()
    let (missed, done) = (run.count("missed") ?? 0, run.count("done") ?? 0)
    #expect(run.exitCode == 65 && missed > 0 && done > 0 && missed + done == 590, "\(run.output)")
    #expect(try await topic.drained.letters() == ["missed kafka:job-events/0/10 pending"])
    let after = try await topic.run()
    #expect(after.exitCode == 0 && after.count("missed") == 0 && after.count("read") == 0, "\(after.output)")
  }

  @Test(arguments: ["900 after 1", "900", "5 after 1"])
  func `a position beyond the end, or behind another message, begins again, and what is known has no second effect`(
    position: String
  ) async throws {
    let topic = try await TopicDrained()
    try await topic.add(0..<50)
    #expect(try await topic.run().exitCode == 0)
    try await topic.place.execute("update oneshot.event_positions set position = '\(position)'")
    try await topic.add(50..<60)
    let run = try await topic.run()
    #expect(run.exitCode == 0 && run.count("rewound") == 1, "\(run.output)")
    #expect(run.count("done") == 10 && run.count("duplicates") == 50, "\(run.output)")
    #expect(try await topic.run().count("read") == 0)
  }

  @Test func `another cluster is refused before anything is read`() async throws {
    let topic = try await TopicDrained()
    try await topic.add(0..<5)
    #expect(try await topic.run().exitCode == 0)
    let other = TopicDrained(try await KafkaCluster(), topic.drained)
    try await other.kafka.create(partitions: 1)
    try await other.add(5..<10)
    for arguments in [[], ["--check"], ["--plan"]] {
      let run = try await other.run(arguments)
      #expect(run.exitCode == 78, "\(run.output)")
      #expect(run.result["error", "message"].string?.contains("belong to the Kafka cluster mockCluster") == true)
    }
    #expect(try await topic.drained.effects(are: 5))
  }

  @Test func `a topic that is not there ends the run with 78, one that may not be read with 77`() async throws {
    let topic = try await TopicDrained()
    // UNKNOWN_TOPIC_OR_PARTITION: the mock would make one that it is asked about.
    try await topic.kafka.refuse("job-events", code: 3)
    let missing = try await topic.run()
    #expect(missing.exitCode == 78, "\(missing.output)")
    #expect(missing.result["error", "message"].string?.contains("Kafka has no topic job-events") == true)
    // TOPIC_AUTHORIZATION_FAILED.
    try await topic.kafka.refuse("job-events", code: 29)
    let denied = try await topic.run()
    #expect(denied.exitCode == 77, "\(denied.output)")
  }

  @Test func `brokers that cannot be reached, and ones that are silent, end the run with 69 and never as empty`()
    async throws
  {
    let topic = try await TopicDrained()
    let nobody = try await topic.run([], ["KAFKA_BROKERS": "127.0.0.1:\(Socket.freePort())"])
    #expect(nobody.exitCode == 69, "\(nobody.output)")
    #expect(nobody.result["error", "message"].string?.contains("Connection refused") == true)
    try await topic.add(0..<5)
    #expect(try await topic.run().exitCode == 0)
    for broker in 1...2 { try await topic.kafka.slow(broker, milliseconds: 600_000) }
    let silent = try await topic.run()
    #expect(silent.exitCode == 69 && silent.result["details", "ended_by"].string != "empty", "\(silent.output)")
  }

  @Test func `--check says which librdkafka runs, and that another consumer has read the topic`() async throws {
    let topic = try await TopicDrained()
    try await topic.add(0..<5)
    let good = try await topic.run(["--check"])
    #expect(good.exitCode == 0, "\(good.output)")
    #expect(good.result["details", "librdkafka_version"].string?.contains(".") == true)
    try await topic.kafka.commit([3])
    let used = try await topic.run(["--check"])
    #expect(
      used.exitCode == 78 && used.output.contains("job-workers has read job-events, partition 0, up to 3"),
      "\(used.output)")
    #expect(try await topic.run(["--check"], ["EVENTS_START": "last"]).exitCode == 0)
  }

  @Test func `librdkafka's settings come from a file, and those that the job relies on are refused`() async throws {
    let topic = try await TopicDrained()
    try await topic.add(0..<5)
    let file = topic.drained.folder.path + "/kafka.properties"
    let settings = ["KAFKA_PROPERTIES_FILE": file]
    try "# ours\n\nclient.rack = a\n".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try await topic.run([], settings).exitCode == 0)
    try """
    auto.offset.reset=earliest
    enable.auto.commit = true
    no.such.setting=1
    security.protocol=hush-hush
    whatever
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let bad = try await topic.run([], settings)
    #expect(bad.exitCode == 78, "\(bad.output)")
    let said = bad.result["error", "message"].string ?? ""
    for part in [
      ":1: auto.offset.reset is set by the job itself", ":2: enable.auto.commit is set by the job itself",
      ":3: no.such.setting is not a setting of librdkafka",
      "does not take this value of security.protocol", ":5: it is not of the form name=value",
    ] { #expect(said.contains(part), "\(said)") }
    #expect(!bad.output.contains("hush-hush") && !bad.errors.contains("hush-hush"))
  }
}

/// The binary that everybody has.
@Suite(.timeLimit(.minutes(5))) struct WithoutKafkaTests {
  @Test func `a binary without the trait says which one is needed`() async throws {
    let run = try await Drained().run([], ["EVENTS_SOURCE": "kafka", "KAFKA_BROKERS": "127.0.0.1:1"])
    #expect(run.exitCode == 78, "\(run.output)")
    #expect(
      run.result["error", "message"].string?.contains(
        "EVENTS_SOURCE is kafka, which needs a binary built with the trait Kafka (swift build --traits Kafka)") == true,
      "\(run.output)")
  }
}

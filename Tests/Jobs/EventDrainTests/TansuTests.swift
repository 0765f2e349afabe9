import Foundation
import TestSupport
import Testing

/// The same binary over another broker, Tansu, and with the newer librdkafka that this needs.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isDrainBuilt && KafkaCluster.hasTansu)) struct TansuTests {
  @Test func `each batch is read to its end, which Tansu names too early`() async throws {
    let topic = try await TopicDrained([:], .tansu, partitions: 2)
    #expect(try await topic.run().count("read") == 0)
    // A batch that begins where the last run has stopped is said to be the end before it is sent.
    for round in 0..<4 {
      for partition in 0..<2 {
        let first = partition * 1000 + round * 30
        try await topic.add(first..<first + (round % 2 == 0 ? 30 : 1), to: partition)
      }
      let run = try await topic.run()
      #expect(run.exitCode == 0 && run.count("done") == (round % 2 == 0 ? 60 : 2), "\(run.output)")
      let empty = try await topic.run()
      #expect(empty.exitCode == 0 && empty.count("read") == 0 && empty.count("rewound") == 0, "\(empty.output)")
    }
    #expect(try await topic.drained.effects(are: 124))
    #expect(try await topic.overtaken() == "0")
    #expect(try await topic.kafka.committed(partitions: 2) == [62, 62])
    let check = try await topic.run(["--check"])
    #expect(check.exitCode == 0 && check.result["details", "librdkafka_version"].string != "2.0.2", "\(check.output)")
  }

  @Test func `a topic that is not there ends the run with 78, and is not made`() async throws {
    let topic = try await TopicDrained([:], .tansu, partitions: nil)
    for _ in 0..<2 {
      let run = try await topic.run()
      #expect(run.exitCode == 78, "\(run.output)")
      #expect(run.result["error", "message"].string?.contains("Kafka has no topic job-events") == true)
    }
  }

  @Test func `a login that is refused ends the run with 77, and its password is in no output`() async throws {
    let topic = TopicDrained(try await KafkaCluster(.tansu, options: ["--authentication"]), try await Drained())
    let file = topic.drained.folder.path + "/kafka.properties"
    try """
    security.protocol=SASL_PLAINTEXT
    sasl.mechanism=SCRAM-SHA-256
    sasl.username=nobody
    sasl.password=geheim-geheim
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let run = try await topic.run([], ["KAFKA_PROPERTIES_FILE": file, "JOB_LOG_LEVEL": "debug"])
    #expect(run.exitCode == 77, "\(run.output)")
    #expect(run.result["error", "message"].string?.contains("SASL authentication error") == true)
    #expect(!(run.output + run.errors).contains("geheim"))
  }

  @Test(arguments: [30, 150])
  func `a topic that was made again in a cluster of the same name is read from its start, shorter or longer`(
    count: Int
  ) async throws {
    let topic = try await TopicDrained([:], .tansu)
    // Without ids: they are known by where they stand.
    let events = { (count: Int) in Array(repeating: #"{"type":"test.a","data":{"amount":1}}"#, count: count) }
    try await topic.kafka.produce(events(100))
    #expect(try await topic.run().count("done") == 100)
    let again = TopicDrained(try await KafkaCluster(.tansu), topic.drained)
    try await again.kafka.create(partitions: 1)
    try await again.kafka.produce(events(count))
    let run = try await again.run()
    #expect(run.exitCode == 0 && run.count("rewound") == 1 && run.count("done") == count, "\(run.output)")
    #expect(try await again.run().count("read") == 0)
  }
}

import Foundation
import TestSupport
import Testing

/// What the page for producers and the one for those who move here have their readers copy.
@Suite(.timeLimit(.minutes(10))) struct ProducerTests {
  @Test(arguments: ["1", "4"])
  func `an event that Python writes twice has its effect once, in the partition of its key`(partitions: String)
    async throws
  {
    guard let python = await Self.python() else {
      return skipped("the producer in Python", because: "/usr/bin/python3 has no redis (install-packages.sh bench)")
    }
    let drained = try await Drained(["EVENTS_PARTITIONS": partitions])
    let calls = (0..<20).flatMap { number in
      Array(
        repeating: #"emit("test.counted", {"amount": 1}, campaign_id="c\#(number % 5)", id="p\#(number)")"#, count: 2)
    }
    let script = try Page("docs/producers.md").code("python", "python") + calls.joined(separator: "\n") + "\n"
    let environment = drained.place.environment.merging(["EVENTS_PARTITIONS": partitions]) { $1 }
    let written = try await python.run(["-c", script], environment)
    #expect(written.exitCode == 0, "\(written.errors)")
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 20 && run.count("duplicates") == 20, "\(run.output)")
    #expect(try await drained.effects(are: 20))
    // All of a key are in one partition, or they would not have been seen in their order.
    let late =
      "select count(*) from (select n, lag(n) over (partition by key order by seen) b from effects) e where n < b"
    #expect(try await drained.place.value(late) == "0")
  }

  @Test(.enabled(if: TraitBuild.isDrainBuilt && KafkaCluster.hasTansu))
  func `an event that Python writes twice to Kafka has its effect once`() async throws {
    let topic = try await TopicDrained(partitions: 2)
    let calls = (0..<20).flatMap { number in
      Array(
        repeating: #"emit("test.counted", {"amount": 1}, campaign_id="c\#(number % 5)", id="p\#(number)")"#, count: 2)
    }
    let script = try Page("docs/producers.md").code("kafka", "python") + calls.joined(separator: "\n") + "\n"
    let written = try await Binary(path: KafkaCluster.python).run(["-c", script], topic.kafka.environment)
    #expect(written.exitCode == 0, "\(written.errors)")
    let run = try await topic.run()
    #expect(run.exitCode == 0 && run.count("done") == 20 && run.count("duplicates") == 20, "\(run.output)")
  }

  @Test func `an event that is inserted twice has its effect once`() async throws {
    let drained = try await Drained(["EVENTS_SOURCE": "postgres"])
    let insertion = try Page("docs/producers.md").code("sql")
    try await drained.place.execute(insertion)
    try await drained.place.execute(insertion)
    #expect(try await drained.run().count("done") == 1)
    #expect(try await drained.boards() == ["feeds_liked 17 1", "users_liked 3 1"])
  }

  @Test func `whoever goes back finds what waits`() async throws {
    let drained = try await Drained()
    try drained.handler("late", "-- handles: late\nselect n, 'retry' as outcome from events")
    try await drained.add([Drained.event(1, type: "late"), Drained.event(2)])
    #expect(try await drained.run().exitCode == 0)
    let query = try Page("docs/move-to-event-drain.md").code("back").replacing(";\n", with: "")
    #expect(try await drained.place.rows("select w.event ->> 'id' as a from (\(query)) w") == [["e1"]])
    #expect(try await drained.pending() == 0)
  }

  private static func python() async -> Binary? {
    let python = Binary(path: "/usr/bin/python3")
    return try? await python.run(["-c", "import redis"]).exitCode == 0 ? python : nil
  }
}

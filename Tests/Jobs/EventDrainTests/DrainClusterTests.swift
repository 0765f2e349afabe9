import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct DrainClusterTests {
  @Test func `four partitions in a cluster are drained wherever they are`() async throws {
    let drained = try await Drained(["EVENTS_PARTITIONS": "4"])
    let cluster = try await RedisCluster()
    for number in 0..<80 {
      let added = try await Binary(path: "/usr/bin/redis-cli").run([
        "-c", "-p", "\(cluster.ports[0])", "XADD", "events:job:\(number % 4)", "*", "event", Drained.event(number),
      ])
      #expect(added.exitCode == 0)
    }
    for parallel in ["1", "3"] {
      let run = try await drained.run([], ["REDIS_URL": cluster.url, "EVENTS_PARALLEL": parallel])
      #expect(run.exitCode == 0 && run.count("done") == (parallel == "1" ? 80 : 0), "\(run.output)\(run.errors)")
    }
    #expect(try await drained.effects(are: 80))
  }
}

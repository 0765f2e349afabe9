import TestSupport
import Testing

/// Redis Cluster: each key is built in its own slot.
@Suite(.timeLimit(.minutes(10))) struct ClusterBoardTests {
  @Test(arguments: ["top:", "{top}:"])
  func `boards of all slots are published, whichever node the URL names`(prefix: String) async throws {
    let cluster = try await RedisCluster()
    let boards = try await Leaderboards()
    try await boards.fill()
    for port in cluster.ports.prefix(2) {
      let run = try await boards.run(
        [], ["REDIS_URL": "redis://127.0.0.1:\(port)", "TOP_STATS_KEY_PREFIX": prefix, "TOP_STATS_WINDOWS": "7d"])
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      #expect(run.count("published") == 6)
      for name in Leaderboards.names {
        let read = try await cluster.cli(cluster.ports[0], "ZREVRANGE", prefix + name, "0", "-1", "WITHSCORES")
        let words = read.output.split(separator: "\n")
        let lines = stride(from: 0, to: words.count - 1, by: 2).map { "\(words[$0]) \(words[$0 + 1])" }
        #expect(try await lines == PlainBoards.lines(name, days: 7, in: boards.place))
        let told = try await cluster.cli(cluster.ports[0], "HGET", prefix + "meta:" + name, "run_id")
        #expect(told.output == "\(run.result["run_id"].string ?? "")\n")
      }
    }
  }
}

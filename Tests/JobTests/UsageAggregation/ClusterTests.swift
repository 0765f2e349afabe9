import TestSupport
import Testing

/// Redis Cluster: each primary is scanned at once, and commands go where their keys are.
@Suite(.timeLimit(.minutes(2))) struct ClusterTests {
  @Test func `counters of all primaries arrive, whichever node the URL names`() async throws {
    let cluster = try await RedisCluster()
    let place = try await Place()
    for number in 0..<60 {
      _ = try await cluster.cli(cluster.ports[0], "SET", "usage:m\(number):2025-11-07:x", "\(number)")
    }
    _ = try await cluster.cli(cluster.ports[0], "LPUSH", "usage:list:2025-11-07:x", "1")
    var held: [Int] = []
    for port in cluster.ports {
      held.append(Int(try await cluster.cli(port, "DBSIZE").output.split(separator: "\n")[0]) ?? 0)
    }
    #expect(held.reduce(0, +) == 61 && held.allSatisfy { $0 > 0 }, "\(held)")

    for (index, port) in cluster.ports.enumerated() {
      let settings = [
        "DATABASE_URL": place.databaseURL, "REDIS_URL": "redis://127.0.0.1:\(port)", "USAGE_DAYS": "2025-11-07",
        "USAGE_SET_TTL": "7d",
      ]
      let run = try await Binary("usage-aggregation").run([], settings)
      #expect(run.exitCode == 65, "\(run.errors)")
      #expect(run.count("scanned") == 61)
      #expect(run.count(index == 0 ? "inserted" : "unchanged") == 60)
      #expect(run.count("failed") == 1)
    }
    #expect(try await place.value("select count(*) || ' ' || sum(value) from merchant_usage") == "60 1770")
    #expect(try await place.value("select error_kind from oneshot.dead_letters") == "wrong_type")
    for number in [0, 31, 59] {
      let life = try await cluster.cli(cluster.ports[0], "TTL", "usage:m\(number):2025-11-07:x").output
      #expect((Int(life.split(separator: "\n")[0]) ?? 0) > 600_000)
    }
    #expect(try await cluster.cli(cluster.ports[0], "EXISTS", "oneshot:lock:usage-aggregation").output == "0\n")
  }
}

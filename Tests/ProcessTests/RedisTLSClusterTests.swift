import TestSupport
import Testing

/// A cluster that names its nodes by address, while their certificates hold a name.
@Suite(.timeLimit(.minutes(10))) struct RedisTLSClusterTests {
  @Test func `nodes are verified by the name that a setting or the cluster gives, and --check reaches them all`()
    async throws
  {
    let (certificates, usage) = (try await Certificates(), try await Usage())
    let cluster = try await RedisCluster(certificates, showing: "named")
    defer { withExtendedLifetime(cluster) {} }
    try await cluster.cli(all: (1...30).map { "SET usage:m\($0):2025-11-07:x \($0)" })
    func start(
      _ arguments: [String] = [], _ settings: [String: String] = [:]
    ) async throws -> Binary.Outcome {
      let trust = ["REDIS_URL": cluster.url, "REDIS_CA_FILE": certificates.authority]
      return try await usage.run(arguments, trust.merging(settings) { $1 })
    }

    let unnamed = try await start(["--check"])
    #expect(unnamed.exitCode == 78)
    for port in cluster.ports {
      #expect(unnamed.output.contains("the primary 127.0.0.1:\(port)/0 of the cluster"), "\(unnamed.output)")
    }
    #expect(unnamed.output.contains("IP address mismatch"))
    #expect(unnamed.result["error", "hint"].string?.contains("REDIS_TLS_NAME") == true)
    #expect(try await start().exitCode == 78)
    #expect(try await usage.stored().isEmpty)

    let misnamed = try await start(["--check"], ["REDIS_TLS_NAME": "elsewhere.example"])
    #expect(misnamed.exitCode == 78)
    #expect(misnamed.output.contains("is not accepted for the name elsewhere.example"), "\(misnamed.output)")

    let named = ["REDIS_TLS_NAME": "localhost"]
    for arguments in [["--check"], []] {
      let run = try await start(arguments, named)
      #expect(run.exitCode == 0, "\(run.output)")
    }
    #expect(try await usage.place.value("select sum(value) from merchant_usage") == "465")

    // Or the nodes say their names themselves.
    for port in cluster.ports {
      #expect(try await cluster.answer(port, "CONFIG", "SET", "cluster-announce-hostname", "localhost") == "OK")
    }
    for port in cluster.ports {
      try await eventually {
        try await cluster.answer(port, "CLUSTER", "SLOTS").split(separator: "\n").count { $0 == "localhost" } == 3
      }
    }
    for arguments in [["--check"], []] {
      let run = try await start(arguments)
      #expect(run.exitCode == 0, "\(run.output)")
    }
  }
}

import Foundation

/// A Redis Cluster of three primaries on ports of this machine, gone with this object.
package final class RedisCluster: Sendable {
  package let ports: [Int]
  private let folder: TemporaryFolder
  private let nodes: [Binary.Running]

  package var url: String { "redis://127.0.0.1:\(ports[0])" }

  package init() async throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    // The bus of a node listens 10,000 above its port, and both have to be below 65,536.
    let first = 20_000 + Int(ProcessInfo.processInfo.processIdentifier) % 10_000 * 3
    ports = (0..<3).map { first + $0 }
    // Not as daemons: Foundation notices the end of a process only once its last descendant is gone.
    nodes = try ports.map { port in
      try Binary(path: "/usr/bin/redis-server").start([
        "--port", "\(port)", "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-config-file", "\(port).conf",
        "--dir", folder.path, "--save", "",
      ])
    }
    for port in ports { while try await cli(port, "ping").output != "PONG\n" {} }
    let made = try await Binary(path: "/usr/bin/redis-cli").run(
      ["--cluster", "create"] + ports.map { "127.0.0.1:\($0)" } + ["--cluster-yes"])
    guard made.exitCode == 0 else { throw TestFailure("redis-cli --cluster create: \(made.output)\(made.errors)") }
    for port in ports { while try await !cli(port, "cluster", "info").output.contains("cluster_state:ok") {} }
  }

  deinit { for node in nodes { node.send(SIGKILL) } }

  /// Runs redis-cli on a node, following redirections.
  package func cli(_ port: Int, _ words: String...) async throws -> Binary.Outcome {
    try await Binary(path: "/usr/bin/redis-cli").run(["-c", "-p", "\(port)"] + words)
  }
}

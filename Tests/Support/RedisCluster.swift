import Foundation

/// A Redis Cluster of three primaries on ports of this machine, gone with this object.
package final class RedisCluster: Sendable {
  package let ports: [Int]
  private let folder: TemporaryFolder
  private let nodes: [Binary.Running]
  private let client: Client

  package var url: String { client.tls.isEmpty ? "redis://127.0.0.1:\(ports[0])" : "rediss://localhost:\(ports[0])" }

  /// redis-cli, as these nodes want to be spoken to.
  private struct Client {
    var tls: [String]

    func run(_ words: [String]) async throws -> Binary.Outcome {
      try await Binary(path: "/usr/bin/redis-cli").run(tls + words)
    }
  }

  /// - Parameters:
  ///   - certificates: for nodes that speak TLS only.
  ///   - certificate: which of them the nodes show.
  package init(_ certificates: Certificates? = nil, showing certificate: String = "server") async throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    let client = Client(tls: certificates.map { ["--tls", "--cacert", $0.authority] } ?? [])
    self.client = client
    let encryption =
      certificates.map {
        [
          "--port", "0", "--tls-cluster", "yes", "--tls-auth-clients", "no", "--tls-ca-cert-file", $0.authority,
          "--tls-cert-file", $0.path("\(certificate).crt"), "--tls-key-file", $0.path("\(certificate).key"),
        ]
      } ?? []
    while true {
      // The bus of a node listens 10,000 above its port; both lie below the ports that the kernel gives out.
      let first = 20_000 + Int.random(in: 0..<900) * 3
      let ports = (0..<3).map { first + $0 }
      // Not as daemons: Foundation notices the end of a process only once its last descendant is gone.
      let nodes = try ports.map { port in
        try Binary(path: "/usr/bin/redis-server").start(
          [
            encryption.isEmpty ? "--port" : "--tls-port", "\(port)", "--bind", "127.0.0.1", "--cluster-enabled", "yes",
            "--cluster-config-file", "\(port).conf", "--dir", folder.path, "--save", "",
          ] + encryption)
      }
      guard try await Self.areUp(nodes, ports, client) else { continue }
      (self.ports, self.nodes) = (ports, nodes)
      break
    }
    let made = try await client.run(["--cluster", "create"] + ports.map { "127.0.0.1:\($0)" } + ["--cluster-yes"])
    guard made.exitCode == 0 else { throw TestFailure("redis-cli --cluster create: \(made.output)\(made.errors)") }
    for port in ports {
      try await eventually { try await answer(port, "CLUSTER", "INFO").contains("cluster_state:ok") }
    }
  }

  /// - Returns: whether all have come up; otherwise a port was taken, and all are ended.
  private static func areUp(_ nodes: [Binary.Running], _ ports: [Int], _ client: Client) async throws -> Bool {
    for (node, port) in zip(nodes, ports) {
      let ping = ["-p", "\(port)", "PING"]
      try await eventually {
        if try await client.run(ping).output == "PONG\n" { return true }
        return !node.isRunning
      }
    }
    // One that lives on another's port would have answered in its place.
    if nodes.allSatisfy(\.isRunning) { return true }
    for node in nodes {
      node.send(SIGKILL)
      _ = await node.outcome()
    }
    return false
  }

  deinit { for node in nodes { node.send(SIGKILL) } }

  /// Runs redis-cli on a node, following redirections.
  package func cli(_ port: Int, _ words: String...) async throws -> Binary.Outcome {
    try await client.run(["-c", "-p", "\(port)"] + words)
  }

  /// Runs many commands, each where its key is, and returns the lines of their answers.
  @discardableResult
  package func cli(all commands: [String]) async throws -> [String] {
    let input = Pipe()
    let running = try Binary(path: "/usr/bin/redis-cli").start(client.tls + ["-c", "-p", "\(ports[0])"], input: input)
    let text = Data(commands.joined(separator: "\n").utf8)
    try await onThread {
      try input.fileHandleForWriting.write(contentsOf: text)
      try input.fileHandleForWriting.close()
    }
    let done = await running.outcome()
    guard done.exitCode == 0, !done.output.contains("ERR") else { throw TestFailure(done.output + done.errors) }
    return done.output.split(separator: "\n").map { String($0) }.filter { !$0.hasPrefix("-> Redirected") }
  }

  /// How many keys each node has.
  package func sizes() async throws -> [Int] {
    var sizes: [Int] = []
    for port in ports { sizes.append(Int(try await answer(port, "DBSIZE")) ?? 0) }
    return sizes
  }

  /// What a node answers to one command.
  package func answer(_ port: Int, _ words: String...) async throws -> String {
    let done = try await client.run(["-p", "\(port)"] + words)
    return done.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Moves a slot with its keys from one node to another, as Redis' documentation of CLUSTER SETSLOT has it.
  package func move(slot: Int, from source: Int, to target: Int) async throws {
    let (giver, taker) = (try await answer(source, "CLUSTER", "MYID"), try await answer(target, "CLUSTER", "MYID"))
    func set(_ port: Int, _ state: String, _ node: String) async throws {
      let said = try await answer(port, "CLUSTER", "SETSLOT", "\(slot)", state, node)
      guard said == "OK" else { throw TestFailure("CLUSTER SETSLOT \(slot) \(state): \(said)") }
    }
    try await set(target, "IMPORTING", giver)
    try await set(source, "MIGRATING", taker)
    let keys = try await answer(source, "CLUSTER", "GETKEYSINSLOT", "\(slot)", "1000000").split(separator: "\n")
    let moved = try await client.run(
      ["-p", "\(source)", "MIGRATE", "127.0.0.1", "\(target)", "", "0", "60000", "KEYS"] + keys.map { String($0) })
    guard moved.output == "OK\n" else { throw TestFailure("MIGRATE of \(keys.count) keys: \(moved.output)") }
    try await set(target, "NODE", taker)
    try await set(source, "NODE", taker)
  }
}

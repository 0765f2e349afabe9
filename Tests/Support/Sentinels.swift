import Foundation

/// A primary with a replica, and three Sentinels that watch them; gone with this object.
package final class Sentinels: Sendable {
  /// What the Sentinels call them.
  package static let service = "mymaster"

  /// Of the Sentinels, in the order in which `url()` names them.
  package let ports: [Int]
  package let primary: ServerProcess
  package let replica: ServerProcess
  private let folder: TemporaryFolder
  private let sentinels: [ServerProcess]

  package init() async throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    let primary = try await Self.redis([], in: folder)
    self.primary = primary
    replica = try await Self.redis(["--replicaof", "127.0.0.1", "\(primary.port)"], in: folder)
    var sentinels: [ServerProcess] = []
    for _ in 1...3 { sentinels.append(try await Self.watch(primary.port, in: folder)) }
    self.sentinels = sentinels
    ports = sentinels.map(\.port)
    // They find the replica and one another through the primary.
    for port in ports {
      try await eventually {
        let facts = try await Self.answer(port, "SENTINEL", "MASTER", Self.service)
        return facts.contains("num-slaves\n1\n") && facts.contains("num-other-sentinels\n2\n")
      }
    }
  }

  /// Starts a Redis.
  package static func redis(_ options: [String], in folder: TemporaryFolder) async throws -> ServerProcess {
    try await ServerProcess("/usr/bin/redis-server") { port in
      [
        "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", folder.path, "--dbfilename", "\(port).rdb",
        "--repl-diskless-sync-delay", "0",
      ] + options
    }
  }

  /// Starts a Sentinel; two of them decide on a failover.
  ///
  /// A server counts as down after three seconds of silence: on a busy machine one that is well may be silent for half
  /// of one.
  ///
  /// - Parameters:
  ///   - port: of the server that it takes for the primary.
  ///   - more: lines of its configuration.
  ///   - certificates: for one that speaks TLS only, and shows `named`.
  package static func watch(
    _ port: Int, in folder: TemporaryFolder, _ more: [String] = [], tls certificates: Certificates? = nil
  ) async throws -> ServerProcess {
    try await ServerProcess("/usr/bin/redis-server") { own in
      let listening =
        certificates.map {
          [
            "port 0", "tls-port \(own)", "tls-replication yes", "tls-auth-clients no",
            "tls-ca-cert-file \($0.authority)", "tls-cert-file \($0.path("named.crt"))",
            "tls-key-file \($0.path("named.key"))",
          ]
        } ?? ["port \(own)"]
      let lines =
        listening + [
          "dir \(folder.path)", "sentinel monitor \(service) 127.0.0.1 \(port) 2",
          "sentinel down-after-milliseconds \(service) 3000", "sentinel failover-timeout \(service) 3000",
        ] + more
      let file = "\(folder.path)/sentinel-\(own).conf"
      // A file that could not be written is one that the server does not start with.
      try? Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
      return [file, "--sentinel"]
    }
  }

  /// - Parameter ports: the Sentinels to name; without it all.
  package func url(_ ports: [Int]? = nil) -> String { Self.url(ports ?? self.ports) }

  /// - Parameter user: of the servers, `user:password@`.
  package static func url(_ ports: [Int], user: String = "", service: String = Sentinels.service) -> String {
    "redis+sentinel://\(user)" + ports.map { "127.0.0.1:\($0)" }.joined(separator: ",") + "/\(service)/0"
  }

  /// What the server on a port answers to one command.
  package static func answer(_ port: Int, _ words: String...) async throws -> String {
    try await Binary(path: "/usr/bin/redis-cli").run(["-p", "\(port)"] + words).output
  }

  /// Kills the primary, and waits until the replica has taken its place and every Sentinel says so.
  package func failOver() async throws {
    try await primary.kill()
    for port in ports {
      try await eventually {
        let named = try await Self.answer(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.service)
        return named == "127.0.0.1\n\(replica.port)\n"
      }
    }
    try await eventually { try await Self.answer(replica.port, "ROLE").hasPrefix("master") }
  }
}

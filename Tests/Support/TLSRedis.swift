import Foundation

/// A Redis on a port of this machine that speaks TLS only, gone with this object.
package final class TLSRedis: Sendable {
  package let port: Int
  private let folder: String
  private let server: Binary.Running

  /// - Parameters:
  ///   - certificate: which of the certificates the server shows.
  ///   - clients: whether clients have to show one too.
  package init(
    _ certificates: Certificates, showing certificate: String = "server", asking clients: Bool = false,
    _ options: [String] = []
  ) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "oneshot-tls-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let port = try Socket.freePort()
    self.port = port
    server = try Binary(path: "/usr/bin/redis-server").start(
      [
        "--port", "0", "--tls-port", "\(port)", "--bind", "127.0.0.1", "::1", "--dir", folder, "--save", "",
        "--tls-cert-file", certificates.path("\(certificate).crt"),
        "--tls-key-file", certificates.path("\(certificate).key"),
        "--tls-ca-cert-file", certificates.authority, "--tls-auth-clients", clients ? "yes" : "no",
      ] + options)
    let running = server
    try await eventually {
      guard running.isRunning else { throw TestFailure("redis-server: \(await running.outcome().output)") }
      return try await Binary(path: "/usr/bin/redis-cli").run(["--tls", "-p", "\(port)", "PING"]).errors.contains("SSL")
    }
  }

  deinit {
    server.send(SIGKILL)
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// - Parameter host: `localhost` stands in the server's certificate, as does `127.0.0.1`.
  package func url(_ host: String = "localhost", user: String = "") -> String { "rediss://\(user)\(host):\(port)" }
}

/// A Redis on a port of this machine that speaks TLS only, gone with this object.
package final class TLSRedis: Sendable {
  private let folder: TemporaryFolder
  private let server: ServerProcess

  package var port: Int { server.port }

  /// - Parameters:
  ///   - certificate: which of the certificates the server shows.
  ///   - clients: whether clients have to show one too.
  package init(
    _ certificates: Certificates, showing certificate: String = "server", asking clients: Bool = false,
    _ options: [String] = []
  ) async throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    server = try await ServerProcess("/usr/bin/redis-server") { port in
      [
        "--port", "0", "--tls-port", "\(port)", "--bind", "127.0.0.1", "::1", "--dir", folder.path, "--save", "",
        "--tls-cert-file", certificates.path("\(certificate).crt"),
        "--tls-key-file", certificates.path("\(certificate).key"),
        "--tls-ca-cert-file", certificates.authority, "--tls-auth-clients", clients ? "yes" : "no",
      ] + options
    }
  }

  /// - Parameter host: `localhost` stands in the server's certificate, as does `127.0.0.1`.
  package func url(_ host: String = "localhost", user: String = "") -> String { "rediss://\(user)\(host):\(port)" }
}

import Foundation

/// A folder of certificates made by the real `openssl`, gone with this object.
///
/// All files are PEM; a certificate called `server` is `server.crt` with `server.key`.
package final class Certificates: Sendable {
  private let folder: TemporaryFolder

  /// The authority that signed all but the strangers.
  package var authority: String { path("authority.crt") }
  /// An authority that signed nothing but `stranger`.
  package var otherAuthority: String { path("other-authority.crt") }

  package init() async throws {
    folder = try TemporaryFolder()
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    try await makeAuthority("authority")
    try await makeAuthority("other-authority")
    try await sign("server", by: "authority", names)
    try await sign("elsewhere", by: "authority", "subjectAltName=DNS:elsewhere.example,IP:192.0.2.1")
    try await sign("named", by: "authority", "subjectAltName=DNS:localhost")
    try await sign("expired", by: "authority", names, days: "-1")
    try await sign("stranger", by: "other-authority", names)
    try await sign("client", by: "authority", "extendedKeyUsage=clientAuth")
  }

  package func path(_ file: String) -> String { "\(folder.path)/\(file)" }

  private func makeAuthority(_ name: String) async throws {
    try await openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
      "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).crt"))
  }

  private func sign(_ name: String, by authority: String, _ fields: String, days: String = "2") async throws {
    try Data(fields.utf8).write(to: URL(filePath: path("\(name).ext")))
    try await openssl(
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)", "-keyout",
      path("\(name).key"), "-out", path("\(name).csr"))
    try await openssl(
      "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).crt"), "-CAkey", path("\(authority).key"),
      "-CAcreateserial", "-days", days, "-extfile", path("\(name).ext"), "-out", path("\(name).crt"))
  }

  private func openssl(_ arguments: String...) async throws {
    let made = try await Binary(path: "/usr/bin/openssl").run(arguments)
    guard made.exitCode == 0 else { throw TestFailure("openssl \(arguments.joined(separator: " ")): \(made.errors)") }
  }
}

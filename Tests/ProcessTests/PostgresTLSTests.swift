import Foundation
import Synchronization
import TestSupport
import Testing

/// TLS to Postgres, as the binary speaks it with a real server: row 29 of the faults, and what goes well.
@Suite(.timeLimit(.minutes(10))) struct PostgresTLSTests {
  private let job = Binary("usage-aggregation")

  /// Servers of which Postgres speaks TLS too, on a loopback address of its own.
  private struct Encrypted {
    let servers: PrivateServers
    let place: Place
    let certificates: Certificates
    private let address: String
    private static let count = Atomic<Int>(1)

    init() async throws {
      certificates = try await Certificates()
      servers = try await PrivateServers.start()
      place = try await Place(on: servers)
      let process = Int(ProcessInfo.processInfo.processIdentifier)
      let number = Self.count.add(1, ordering: .relaxed).oldValue
      address = "127.\(process / 250 % 250 + 1).\(process % 250 + 1).\(number)"
      let folder = servers.folder
      let more = """
        -c listen_addresses=\(address) -c ssl=on -c ssl_ca_file=\(folder)/authority.crt \
        -c ssl_cert_file=\(folder)/server.crt -c ssl_key_file=\(folder)/server.key
        """
      let options = URL(filePath: "\(folder)/postgres.options")
      let before = try String(contentsOf: options, encoding: .utf8).trimmingCharacters(in: .newlines)
      try Data("\(before) \(more)\n".utf8).write(to: options)
      try install("authority.crt", as: "authority.crt")
      try await show("server")
    }

    /// Lets the server show one of the certificates.
    func show(_ certificate: String) async throws {
      try install("\(certificate).crt", as: "server.crt")
      try install("\(certificate).key", as: "server.key")
      let servers = servers
      try await onThread { try servers.restartPostgres(.fast) }
    }

    private func install(_ file: String, as name: String) throws {
      let copy = "\(servers.folder)/\(name)"
      try Data(contentsOf: URL(filePath: certificates.path(file))).write(to: URL(filePath: copy))
      try servers.shell(#"cd "$ONESHOT_SERVERS" && chown --reference data \#(name) && chmod 600 \#(name)"#)
    }

    func environment(_ parameters: String, host: String = "localhost") -> [String: String] {
      let tcp = "host=\(host)&hostaddr=\(address)&\(parameters)&"
      let url = place.databaseURL.replacing("host=\(servers.folder)&", with: tcp)
      return place.environment.merging(["DATABASE_URL": url, "JOB_BACKOFF_MAX": "1ms"]) { $1 }
    }
  }

  private func expect(_ run: Binary.Outcome, _ exitCode: Int32, saying word: String = "") {
    #expect(run.exitCode == exitCode && (word.isEmpty || run.output.contains(word)), "\(run.output)\(run.errors)")
    #expect(exitCode == 0 || run.result["error", "hint"].isThere)
  }

  @Test func `verify-full trusts the right server, by name and by address`() async throws {
    let encrypted = try await Encrypted()
    let full = "sslmode=verify-full&sslrootcert=\(encrypted.certificates.authority)"
    for host in ["localhost", "127.0.0.1"] {
      expect(try await job.run([], encrypted.environment(full, host: host)), 0)
    }
  }

  @Test func `--check warns of a connection that leaves the machine and does not prove the server's name`() async throws
  {
    let encrypted = try await Encrypted()
    let authority = "sslrootcert=\(encrypted.certificates.authority)"
    func advice(_ parameters: String, host: String) async throws -> String {
      let check = try await job.run(["--check"], encrypted.environment(parameters, host: host))
      #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
      return check.result["details", "advice"].elements.compactMap(\.string).joined()
    }
    for mode in ["disable", "prefer", "require", "verify-ca"] {
      let said = try await advice("sslmode=\(mode)&\(authority)", host: "db.example.com")
      #expect(said.contains("DATABASE_URL has sslmode=\(mode): anybody on the network path"), "\(said)")
    }
    #expect(try await !advice("sslmode=require", host: "localhost").contains("sslmode"))
    #expect(try await !advice("sslmode=verify-full&\(authority)", host: "localhost").contains("sslmode"))
  }

  @Test func `29: a wrong authority, an expired certificate and a wrong name are refused at once`() async throws {
    let encrypted = try await Encrypted()
    let other = "sslmode=verify-full&sslrootcert=\(encrypted.certificates.otherAuthority)"
    expect(try await job.run([], encrypted.environment(other)), 78, saying: "certificate verify failed")
    expect(
      try await job.run([], encrypted.environment("sslmode=verify-full&sslrootcert=/nowhere.crt")), 78,
      saying: "root certificate file")
    for (certificate, reason) in [
      ("expired", "certificate verify failed"), ("stranger", "certificate verify failed"),
      ("elsewhere", "does not match host name"),
    ] {
      try await encrypted.show(certificate)
      let full = "sslmode=verify-full&sslrootcert=\(encrypted.certificates.authority)"
      let run = try await job.run([], encrypted.environment(full))
      expect(run, 78, saying: reason)
      #expect(!run.errors.contains("trying again"), "a certificate does not get better by waiting")
    }
  }

  @Test func `29: a server that speaks no TLS is refused where TLS is asked for`() async throws {
    let place = try await Place()
    let proxy = try Proxy(to: PrivateServers.shared.get().postgresSocket)
    defer { proxy.close() }
    let url = "postgresql://user:s3cret@localhost:\(proxy.port)/x?sslmode=require"
    let run = try await job.run([], place.environment.merging(["DATABASE_URL": url]) { $1 })
    expect(run, 78, saying: "does not support SSL")
    #expect(!proxy.conversation.contains { $0.contains("s3cret") || $0.contains("user") })
  }

  @Test func `a parameter that libpq has no such value for is 78 and not tried again`() async throws {
    let place = try await Place()
    let run = try await job.run([], place.environment.merging(["DATABASE_URL": "host=/nowhere sslmode=maybe"]) { $1 })
    expect(run, 78, saying: "invalid sslmode value")
    #expect(!run.errors.contains("trying again"))
  }

  @Test func `a certificate that the server does not accept is 77`() async throws {
    let encrypted = try await Encrypted()
    let stranger = encrypted.certificates.path("stranger")
    let run = try await job.run(
      [], encrypted.environment("sslmode=require&sslcert=\(stranger).crt&sslkey=\(stranger).key"))
    expect(run, 77)
  }
}

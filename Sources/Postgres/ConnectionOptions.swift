/// How to reach a database: what `DATABASE_URL` says, and default limits where it says nothing.
package struct ConnectionOptions: Sendable {
  /// The longest silence of the server while it owes an answer to an ordinary statement.
  package var commandTimeout = Duration.seconds(30)

  /// Ends a statement and its locks soon after the process that waits for it is gone.
  package var lostClientSetting = "-c client_connection_check_interval=2s"

  /// Takes the server's notices.
  ///
  /// Called on the connection's own thread.
  package var receiveNotice: @Sendable (Notice) -> Void = { _ in }

  /// Looks up the addresses of a host's name.
  var lookUp: @Sendable (String) throws(PostgresError) -> [String] = ConnectionPlace.addresses(of:)

  let url: String
  /// What URL, service file and environment set, by libpq's keyword.
  let given: [String: String]
  let applicationName: String

  /// Reads a libpq URI or keyword string, without contacting anything.
  ///
  /// Errors: `PostgresError.invalidStatement` when libpq cannot read it. What may be a secret is not repeated in it.
  package init(url: String, applicationName: String) throws(PostgresError) {
    let written: [String: String]
    do {
      written = try ConnectionParameters.written(in: url)
    } catch {
      throw .invalidStatement(ConnectionComplaint(error.text, about: url).text)
    }
    // libpq cuts a password that is not escaped at its first @ or /, and would name the rest in an error.
    let isTorn =
      ["host", "dbname"].contains { written[$0]?.contains("@") == true }
      || written["port"].map { !$0.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ",") } } == true
    guard !(url.contains("://") && isTorn) else {
      throw .invalidStatement("has an @ or / inside of its user or password; write them as %40 and %2F")
    }
    self.url = url
    given = written.merging(ConnectionParameters.inEffect(url)) { $1 }
    self.applicationName = applicationName
  }

  /// The parts that must appear in no output.
  package var secrets: [String] {
    ["password", "sslpassword"].compactMap { given[$0] }.filter { !$0.isEmpty }
  }

  /// Where the connection goes, without secrets.
  package var target: String {
    let host = given["host"] ?? given["hostaddr"] ?? "the default socket"
    return "\(host)/\(given["dbname"] ?? "the default database")"
  }

  /// The `sslmode` of a connection that leaves this machine without proof of the server's identity; `nil` for
  /// `verify-full`, and where nothing leaves the machine.
  package var unprovenMode: String? {
    let mode = given["sslmode"] ?? "prefer"
    let hosts = (given["host"] ?? given["hostaddr"] ?? "").split(separator: ",").map(String.init)
    let isRemote = hosts.contains { host in
      !["/", "@", "127."].contains(where: host.hasPrefix) && !["localhost", "::1"].contains(host)
    }
    return isRemote && mode != "verify-full" ? mode : nil
  }
}

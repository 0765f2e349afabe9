import BlockingIO
import CLibPQ

/// How to reach a database: what `DATABASE_URL` says, and our limits where it says nothing.
package struct ConnectionOptions: Sendable {
  /// The longest silence of the server while it owes an answer to an ordinary statement.
  package var commandTimeout = Duration.seconds(30)

  /// Ends a statement, and with it its locks, soon after the process is gone that waits for it.
  package var lostClientSetting = "-c client_connection_check_interval=2s"

  private let url: String
  /// What URL, service file and environment set, by libpq's keyword.
  private let given: [String: String]
  private let applicationName: String

  /// Reads a libpq URI or keyword string, without contacting anything.
  ///
  /// Errors: `PostgresError.invalidStatement` when libpq cannot read it. The text is never repeated in
  /// it, because it may hold a password.
  package init(url: String, applicationName: String) throws(PostgresError) {
    let written: [String: String]
    do {
      written = try ConnectionParameters.written(in: url)
    } catch {
      throw .invalidStatement(
        "is neither a libpq URI (postgresql://user@host/database) nor a keyword string (host=… dbname=…)")
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

  /// What may be shown: where the connection goes.
  package var target: String {
    let host = given["host"] ?? given["hostaddr"] ?? "the default socket"
    return "\(host)/\(given["dbname"] ?? "the default database")"
  }

  private var connectTimeout: Duration {
    // libpq's manual: zero or negative waits for ever, and less than two seconds is rounded up.
    guard let seconds = given["connect_timeout"].flatMap(Int.init) else { return .seconds(5) }
    return seconds <= 0 ? .seconds(3600) : .seconds(max(2, seconds))
  }

  /// Our own wishes. They stand before the URL, so the URL wins.
  private var defaults: [(String, String)] {
    [
      ("fallback_application_name", applicationName),
      ("keepalives_idle", "10"),
      ("keepalives_interval", "5"),
      ("keepalives_count", "3"),
      // A half-open connection hangs for minutes otherwise; in milliseconds.
      ("tcp_user_timeout", "15000"),
    ]
  }

  /// Connects, trying each host of the URL in turn.
  ///
  /// libpq's own waiting has a limit per host but hides the SQLSTATE of a refusal; waiting ourselves
  /// shows it, so each host is tried by a call of its own.
  func connect(_ interrupt: Interrupt) throws(PostgresError) -> ConnectionHandle {
    let hosts = given["host"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let addresses = given["hostaddr"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let ports = given["port"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    var failure = PostgresError.connection("no host to connect to")
    let count = max(hosts?.count ?? 1, addresses?.count ?? 1)
    guard ports.count <= 1 || ports.count == count else {
      throw .invalidStatement("DATABASE_URL names \(ports.count) ports for \(count) hosts")
    }
    for index in 0..<count {
      var place: [(String, String)] = []
      if let hosts, index < hosts.count { place.append(("host", hosts[index])) }
      if let addresses, index < addresses.count { place.append(("hostaddr", addresses[index])) }
      if !ports.isEmpty { place.append(("port", ports.count == 1 ? ports[0] : ports[index])) }
      do {
        return try connect(place, interrupt)
      } catch {
        failure = error
        // A server that refuses who we are would be hidden by a dead one after it; libpq stops there too.
        if error.state?.isDenied == true { break }
        if case .cancelled = error { break }
      }
    }
    throw failure
  }

  private func connect(
    _ place: [(String, String)], _ interrupt: Interrupt
  ) throws(PostgresError) -> ConnectionHandle {
    do {
      do {
        return try connect(place, optional: lostClientSetting, interrupt)
      } catch {
        // Refused by servers whose system cannot tell that a client is gone (manual, chapter 20.3.1: Windows, for one).
        guard error.state == .invalidParameterValue else { throw error }
        return try connect(place, optional: "", interrupt)
      }
    } catch {
      throw Refusal.explained(error)
    }
  }

  private func connect(
    _ place: [(String, String)], optional: String, _ interrupt: Interrupt
  ) throws(PostgresError) -> ConnectionHandle {
    let settings = SessionSettings.options(own: given["options"], optional: optional)
    let parameters =
      defaults + [("dbname", url)] + place + [("client_encoding", "UTF8"), ("options", settings)]
    guard let started = ConnectionParameters.start(parameters) else { throw .connection("out of memory") }
    let connection = ConnectionHandle(adopting: started)
    // With this the text of a refusal carries its SQLSTATE, which libpq gives no other way here.
    PQsetErrorVerbosity(connection.pointer, PQERRORS_VERBOSE)
    try waitUntilConnected(connection, interrupt)
    PQsetErrorVerbosity(connection.pointer, PQERRORS_DEFAULT)
    PQsetnonblocking(connection.pointer, 1)
    try SessionSettings.settle(
      Wire(pointer: connection.pointer, interrupt: interrupt, limit: commandTimeout), target)
    return connection
  }

  /// Another connection to the server that a connection leads to, also where the URL names several.
  func connect(
    toServerOf other: OpaquePointer, _ interrupt: Interrupt
  ) throws(PostgresError) -> ConnectionHandle {
    let place = [("host", PQhost(other)), ("hostaddr", PQhostaddr(other)), ("port", PQport(other))]
      .compactMap { name, value in value.map { (name, String(cString: $0)) } }
      .filter { !$0.1.isEmpty }
    return try connect(place, interrupt)
  }

  private func waitUntilConnected(
    _ connection: borrowing ConnectionHandle, _ interrupt: Interrupt
  ) throws(PostgresError) {
    let deadline = ContinuousClock.now + connectTimeout
    // "At first call, behave as if PQconnectPoll had last returned PGRES_POLLING_WRITING" (manual).
    var step = PGRES_POLLING_WRITING
    while PQstatus(connection.pointer) != CONNECTION_BAD {
      let direction: Interrupt.Direction
      switch step {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_READING: direction = .read
      case PGRES_POLLING_WRITING: direction = .write
      default: throw Refusal.read(connection.message)
      }
      switch interrupt.wait(for: direction, on: PQsocket(connection.pointer), until: deadline) {
      case .interrupted: throw .cancelled
      case .timedOut: throw .timedOut("connecting to \(target) took longer than \(connectTimeout)")
      case .ready: step = PQconnectPoll(connection.pointer)
      }
    }
    throw Refusal.read(connection.message)
  }
}

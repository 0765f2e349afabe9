import BlockingIO
import CLibPQ

/// How a connection is made.
extension ConnectionOptions {
  /// Connects to the first server that accepts the connection, of all hosts of the URL and of all addresses of each.
  ///
  /// When libpq itself waits, it hides the SQLSTATE of a refusal. When the caller waits, libpq stays with a silent
  /// address. So each address is tried by a separate call.
  func connect(_ interrupt: Interrupt) throws(PostgresError) -> ConnectionHandle {
    var failures: [PostgresError] = []
    for host in try ConnectionPlace.all(in: given) {
      let end = ContinuousClock.now + connectTimeout
      let places: [ConnectionPlace]
      do { places = try host.byAddress(lookUp) } catch {
        failures.append(error)
        continue
      }
      for (index, place) in places.enumerated() {
        // Each address has its share of the time that is left; what it does not need is left to those after it.
        let share = ContinuousClock.now.duration(to: end) / (places.count - index)
        do {
          return try connect(place, within: max(share, Self.leastShare), interrupt)
        } catch {
          // A dead server after it would hide a server's refusal of this user; libpq stops there too.
          if error.state?.isDenied == true { throw error }
          if case .cancelled = error { throw error }
          failures.append(error)
        }
      }
    }
    throw Self.combined(failures)
  }

  /// The time that a server needs that is far away or busy.
  private static let leastShare = Duration.seconds(1)

  private var connectTimeout: Duration {
    // libpq's manual: zero or negative waits for ever, and less than two seconds is rounded up.
    guard let seconds = given["connect_timeout"].flatMap(Int.init) else { return .seconds(5) }
    return seconds <= 0 ? .seconds(3600) : .seconds(max(2, seconds))
  }

  /// Makes another connection to the server that a connection leads to, also where there are several.
  func connect(
    toServerOf other: OpaquePointer, _ interrupt: Interrupt
  ) throws(PostgresError) -> ConnectionHandle {
    func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String? {
      pointer.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    let place = ConnectionPlace(
      host: text(PQhost(other)), address: text(PQhostaddr(other)), port: text(PQport(other)))
    return try connect(place, within: connectTimeout, interrupt)
  }

  /// Why no place could be connected to.
  ///
  /// All reasons are named: any of the places may be the right one.
  private static func combined(_ failures: [PostgresError]) -> PostgresError {
    guard failures.count > 1, failures.contains(where: \.isTransient) else {
      return failures.last ?? .connection("no host to connect to")
    }
    return .connection(failures.map(\.cause).joined(separator: "; "))
  }

  // MARK: One address

  private func connect(
    _ place: ConnectionPlace, within limit: Duration, _ interrupt: Interrupt
  ) throws(PostgresError) -> ConnectionHandle {
    do throws(PostgresError) {
      do throws(PostgresError) {
        return try connect(place, within: limit, optional: lostClientSetting, interrupt)
      } catch {
        // Refused by servers whose system cannot detect that a client is gone (manual, chapter 20.3.1: Windows, for one).
        guard error.state == .invalidParameterValue else { throw error }
        return try connect(place, within: limit, optional: "", interrupt)
      }
    } catch {
      throw Refusal.explained(error)
    }
  }

  private func connect(
    _ place: ConnectionPlace, within limit: Duration, optional: String, _ interrupt: Interrupt
  ) throws(PostgresError) -> ConnectionHandle {
    let ours: [(keyword: String, value: String)] = [
      ("client_encoding", "UTF8"), ("options", SessionSettings.options(own: given["options"], optional: optional)),
    ]
    let parameters = defaults + [("dbname", url)] + place.parameters + ours
    guard let started = ConnectionParameters.start(parameters) else { throw .connection("out of memory") }
    let connection = ConnectionHandle(adopting: started, notices: NoticeReceiver(receiveNotice))
    // With this the text of a refusal carries its SQLSTATE, which libpq gives no other way here.
    PQsetErrorVerbosity(connection.pointer, PQERRORS_VERBOSE)
    try waitUntilConnected(connection, to: place, within: limit, interrupt)
    PQsetErrorVerbosity(connection.pointer, PQERRORS_DEFAULT)
    PQsetnonblocking(connection.pointer, 1)
    try SessionSettings.settle(
      Wire(
        pointer: connection.pointer, interrupt: interrupt, limit: commandTimeout, notices: connection.notices), target)
    return connection
  }

  /// The project's own defaults.
  ///
  /// They stand before the URL, so the URL wins.
  private var defaults: [(keyword: String, value: String)] {
    [
      ("fallback_application_name", applicationName),
      ("keepalives_idle", "10"),
      ("keepalives_interval", "5"),
      ("keepalives_count", "3"),
      // A half-open connection hangs for minutes otherwise; in milliseconds.
      ("tcp_user_timeout", "15000"),
    ]
  }

  private func waitUntilConnected(
    _ connection: borrowing ConnectionHandle, to place: ConnectionPlace, within limit: Duration, _ interrupt: Interrupt
  ) throws(PostgresError) {
    let deadline = ContinuousClock.now + limit
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
      case .timedOut:
        let address = place.address.map { " at \($0)" } ?? ""
        throw .timedOut("connecting to \(target)\(address) took longer than \(limit)")
      case .ready: step = PQconnectPoll(connection.pointer)
      }
    }
    throw Refusal.read(connection.message)
  }
}

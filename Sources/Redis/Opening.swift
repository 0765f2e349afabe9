import BlockingIO

/// Opens the connections of one client: finds the server, connects to it, and authenticates.
struct Opening: Sendable {
  /// The name that `CLIENT LIST` shows.
  var clientName: String
  /// The longest wait for a connection, however many addresses the server has.
  var connectTimeout: Duration
  /// The longest wait for the answer to one command.
  var commandTimeout: Duration

  /// A session with the server at an address.
  func session(at address: RedisAddress, _ interrupt: Interrupt) throws(RedisError) -> RedisSession {
    let deadline = ContinuousClock.now + connectTimeout
    if case .service(let name, _) = address.place {
      return try primary(of: name, at: address, until: deadline, interrupt)
    }
    return try session(at: address, until: deadline, interrupt)
  }

  /// Tries each address of the server.
  ///
  /// Each one has its share of the time that is left: a silent address must not use up what another needs. One that
  /// refuses costs nothing.
  func session(
    at address: RedisAddress, until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) -> RedisSession {
    let endpoints = try address.endpoints()
    var failure = RedisError.connection("\(address.location) has no address")
    for (index, endpoint) in endpoints.enumerated() {
      let others = endpoints.count - 1 - index
      let share = deadline.share(among: others + 1)
      do throws(RedisError) {
        var session = try patient(until: share, others: others).open(endpoint, of: address, until: share, interrupt)
        session.limit = commandTimeout
        return session
      } catch {
        guard error.isOfTheWay else { throw error }
        failure = error
      }
    }
    throw failure
  }

  /// The same, but where there are other servers to try it does not wait for answers beyond the deadline either: a
  /// server may be slow, but it may as well be dead.
  func patient(until deadline: ContinuousClock.Instant, others: Int) -> Opening {
    guard others > 0 else { return self }
    var opening = self
    opening.commandTimeout = min(commandTimeout, max(.zero, ContinuousClock.now.duration(to: deadline)))
    return opening
  }

  private func open(
    _ endpoint: Endpoint, of address: RedisAddress, until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) -> RedisSession {
    let transport = try Transport.connect(
      to: endpoint, tls: try address.requiredTLS(), host: address.tlsHost, until: deadline, interrupt)
    var session = try RedisSession(adopting: transport, limit: commandTimeout)
    do throws(RedisError) {
      try introduce(&session, as: address)
    } catch {
      if case .connection = error { try checkRefusal(endpoint, of: address, until: deadline, interrupt) }
      throw explained(error, at: address, by: &session)
    }
    return session
  }

  /// Authenticates and names the client, all in one round trip.
  private func introduce(_ session: inout RedisSession, as address: RedisAddress) throws(RedisError) {
    var commands: [RedisCommand] = []
    switch (address.user, address.password) {
    // Without a password the server accepts any command; with one it refuses.
    case (let user?, let password): commands.append(RedisCommand("AUTH", user, password ?? ""))
    case (nil, let password?): commands.append(RedisCommand("AUTH", password))
    case (nil, nil): break
    }
    if address.database != 0 { commands.append(RedisCommand("SELECT", String(address.database))) }
    let required = commands.count
    // The name is optional: an old server or a narrow ACL may refuse it.
    commands.append(RedisCommand("CLIENT", "SETNAME", clientName))
    for command in commands { try session.send(command) }
    var refusal: RedisError?
    for index in commands.indices {
      guard case .error(let code, let message) = try session.receiveValue() else { continue }
      let error = RedisError.server(code: code, message: message)
      // After this answer there are no others.
      if error.refusal?.connection == .isClosed { throw error }
      if index < required { refusal = refusal ?? error }
    }
    if let refusal { throw refusal }
  }

  /// Connects once more, sending nothing, to find out why the server closed an encrypted connection.
  ///
  /// In TLS 1.3 a server checks the client's certificate after the client's side of the handshake is over. What the
  /// client has sent by then makes the kernel discard the server's reason (a reset).
  private func checkRefusal(
    _ endpoint: Endpoint, of address: RedisAddress, until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) {
    guard let tls = address.tls else { return }
    let transport = try Transport.connect(
      to: endpoint, tls: tls, host: address.tlsHost, until: deadline, interrupt)
    let byte = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
    defer { byte.deallocate() }
    do throws(RedisError) {
      _ = try transport.read(into: byte, until: .now + .seconds(1))
    } catch {
      if case .refused = error { throw error }
    }
  }

  /// Explains the error that a Sentinel gives to the commands of a Redis: REDIS_URL has its port instead of the
  /// server's.
  func explained(_ error: RedisError, at address: RedisAddress, by session: inout RedisSession) -> RedisError {
    guard case .server("ERR", _) = error, session.isIdle,
      let role = try? session.command(RedisCommand("ROLE")), role.elements.first?.text == "sentinel"
    else { return error }
    return .isSentinel(address)
  }
}

extension RedisError {
  /// Whether the error is only about the way to the server.
  var isOfTheWay: Bool {
    switch self {
    case .connection, .timedOut: true
    case .server, .untrusted, .refused, .misconfigured, .cancelled, .unexpectedReply, .tooLarge: false
    }
  }

  package static func isSentinel(_ address: RedisAddress) -> RedisError {
    .misconfigured(
      "\(address.location) is a Sentinel, which holds no keys",
      hint: "REDIS_URL reads redis+sentinel://user:password@host:26379/SERVICE/0 where Sentinels name the server.")
  }
}

extension ContinuousClock.Instant {
  /// The end of the first of `count` equal parts of the time until then.
  func share(among count: Int) -> ContinuousClock.Instant {
    let now = ContinuousClock.now
    return now + now.duration(to: self) / count
  }
}

extension RedisAddress {
  /// - Throws: if TLS is wanted but was never set up: nothing may be sent then.
  fileprivate func requiredTLS() throws(RedisError) -> TLSContext? {
    guard isEncrypted == (tls != nil) else { throw .untrusted("TLS is requested but not set up") }
    return tls
  }

  fileprivate var tlsHost: TLSConnection.Host {
    guard case .tcp(let host, _) = place else { return TLSConnection.Host(location: target, certificateName: target) }
    return TLSConnection.Host(location: host, certificateName: certificateName ?? host)
  }

  fileprivate func endpoints() throws(RedisError) -> [Endpoint] {
    switch place {
    case .tcp(let host, let port): try Endpoint.all(of: host, port: port)
    case .unix(let path): [Endpoint(unixSocket: path)]
    // A service's Sentinels are asked first; what they name is one of the two above.
    case .service: []
    }
  }
}

import BlockingIO

/// One connection to Redis on a thread of its own; made when it is first needed, made anew after it
/// was lost.
package actor RedisConnection {
  /// Where the next connection goes: the URL's place, or where a cluster has redirected us.
  private var address: RedisAddress
  /// The server that the URL names; see `RedisAddress.identity`.
  package nonisolated let identity: String
  private let clientName: String
  private let connectTimeout: Duration
  private let commandTimeout: Duration
  private let executor = ThreadExecutor(label: "redis")
  private var session: RedisSession?

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Parameters:
  ///   - clientName: what `CLIENT LIST` shows.
  ///   - connectTimeout: the longest wait for a connection.
  ///   - commandTimeout: the longest wait for the answer to one command.
  package init(
    _ address: RedisAddress, clientName: String,
    connectTimeout: Duration = .seconds(5), commandTimeout: Duration = .seconds(10)
  ) {
    self.address = address
    identity = address.identity
    self.clientName = clientName
    self.connectTimeout = connectTimeout
    self.commandTimeout = commandTimeout
  }

  /// Lends the connection. It is kept only if every answer was taken.
  ///
  /// - Parameter followingMoves: whether the body is run again, and every later one too, at the node of a
  ///   cluster that a `MOVED` names. Only for bodies that use keys of one slot (for the lock there is just one
  ///   key): the other keys of this node would never be seen again.
  @discardableResult
  package func withSession<Value: Sendable>(
    followingMoves: Bool = true, _ body: @Sendable (inout RedisSession) throws -> Value
  ) async throws -> Value {
    do {
      return try await lend(body)
    } catch let error as RedisError {
      guard followingMoves, let other = address.redirected(by: error) else { throw error }
      close()
      address = other
      return try await lend(body)
    }
  }

  /// Asks which servers hold the keys.
  package func topology() async throws -> Topology {
    let seed = address
    return try await withSession { session in try Topology.read(&session, seed: seed) }
  }

  private func lend<Value: Sendable>(
    _ body: @Sendable (inout RedisSession) throws -> Value
  ) async throws -> Value {
    try await interruptible { interrupt in
      var session = try takeSession(interrupt)
      session.transport.interrupt = interrupt
      do {
        let value = try body(&session)
        if session.isIdle { self.session = consume session }
        return value
      } catch {
        let isGood = (error as? RedisError)?.leavesConnectionUsable ?? true
        if isGood, session.isIdle { self.session = consume session }
        throw error
      }
    }
  }

  /// Closes the connection now; the next call makes a new one.
  package func close() { session = nil }

  private func takeSession(_ interrupt: Interrupt) throws(RedisError) -> RedisSession {
    if let session = session.take() { return session }
    var session = try RedisSession(adopting: try openTransport(interrupt), limit: commandTimeout)
    do throws(RedisError) {
      try introduce(&session)
    } catch {
      if case .connection = error { try checkRefusal(interrupt) }
      throw error
    }
    return session
  }

  private func openTransport(_ interrupt: Interrupt) throws(RedisError) -> Transport {
    guard address.isEncrypted == (address.tls != nil) else { throw .untrusted("TLS is wanted but not set up") }
    var transport = try Transport.connect(to: address.place, tls: address.tls, within: connectTimeout, interrupt)
    transport.interrupt = interrupt
    return transport
  }

  /// Asks once more, sending nothing, why an encrypted connection was closed on us.
  ///
  /// In TLS 1.3 a server looks at our certificate after our side of the handshake is over, and what we have
  /// sent by then makes the kernel throw the server's reason away (a reset).
  private func checkRefusal(_ interrupt: Interrupt) throws(RedisError) {
    guard address.isEncrypted else { return }
    let transport = try openTransport(interrupt)
    let byte = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
    defer { byte.deallocate() }
    do throws(RedisError) {
      _ = try transport.read(into: byte, until: .now + .seconds(1))
    } catch {
      if case .refused = error { throw error }
    }
  }

  /// Says who we are; all in one round trip.
  private func introduce(_ session: inout RedisSession) throws(RedisError) {
    var commands: [RedisCommand] = []
    if let password = address.password {
      commands.append(address.user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password))
    }
    if address.database != 0 { commands.append(RedisCommand("SELECT", String(address.database))) }
    let required = commands.count
    // A name is a courtesy: an old server or a narrow ACL may refuse it.
    commands.append(RedisCommand("CLIENT", "SETNAME", clientName))
    for answer in try session.pipeline(commands).prefix(required) {
      if case .error(let code, let message) = answer { throw .server(code: code, message: message) }
    }
  }
}

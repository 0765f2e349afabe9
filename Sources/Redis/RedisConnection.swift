import BlockingIO

/// One connection to Redis on its own thread; made when it is first needed, made again after it
/// was lost.
package actor RedisConnection {
  /// What the URL says.
  private let origin: RedisAddress
  /// Where the next connection goes: the URL's place, or where a cluster has redirected to.
  private var address: RedisAddress
  /// The server that the URL names; see `RedisAddress.identity`.
  package nonisolated let identity: String
  private let opening: Opening
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
    self.init(
      address, opening: Opening(clientName: clientName, connectTimeout: connectTimeout, commandTimeout: commandTimeout))
  }

  private init(_ address: RedisAddress, opening: Opening) {
    (self.address, origin, identity, self.opening) = (address, address, address.identity, opening)
  }

  /// Lends the connection.
  ///
  /// It is kept only if every answer was taken.
  ///
  /// - Parameter followingMoves: whether the body is run again, and every later one too, at the node of a cluster that
  ///   a `MOVED` names. Only for bodies that use keys of one slot (the lock has just one key): the other keys of this
  ///   node would never be seen again.
  @discardableResult
  package func withSession<Value: Sendable>(
    followingMoves: Bool = true, _ body: @Sendable (inout RedisSession) throws -> Value
  ) async throws -> Value {
    do {
      return try await lend(body)
    } catch let error as RedisError {
      guard followingMoves, let other = try await redirection(by: error) else { throw error }
      close()
      address = other
      return try await lend(body)
    }
  }

  /// One more connection of the same kind, to where the URL leads.
  package nonisolated func another() -> RedisConnection { RedisConnection(origin, opening: opening) }

  /// Asks which servers hold the keys.
  package func topology() async throws -> Topology {
    let origin = origin
    return try await withSession { session in try Topology.read(&session, seed: origin) }
  }

  /// Where a `MOVED` leads; `nil` for any other error.
  private func redirection(by error: RedisError) async throws -> RedisAddress? {
    guard let other = origin.redirected(by: error) else { return nil }
    // A redirection names an address alone, and the certificate there may hold only a name, which the topology has.
    guard other.isEncrypted, other.certificateName == nil else { return other }
    let origin = origin
    let topology = try? await lend { session in try Topology.read(&session, seed: origin) }
    return topology?.primaries.first { $0.place == other.place } ?? other
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
      } catch let error as RedisError {
        let reason = opening.explained(error, at: address, by: &session)
        if reason.leavesConnectionUsable, session.isIdle { self.session = consume session }
        throw reason
      } catch {
        if session.isIdle { self.session = consume session }
        throw error
      }
    }
  }

  /// Closes the connection now; the next call makes a new one.
  package func close() { session = nil }

  private func takeSession(_ interrupt: Interrupt) throws(RedisError) -> RedisSession {
    if let session = session.take() { return session }
    return try opening.session(at: address, interrupt)
  }
}

import BlockingIO
import CLibPQ

/// One connection to Postgres on a thread of its own; made when it is first needed, made anew after
/// it was lost.
package actor Database {
  private let options: ConnectionOptions
  private let executor = ThreadExecutor(label: "postgres")
  private var session: Session?

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  package init(_ options: ConnectionOptions) { self.options = options }

  /// Lends the connection, outside of any transaction.
  ///
  /// Temporary tables live until the connection is lost or closed. A transaction that the closure
  /// leaves open is rolled back.
  @discardableResult
  package func withSession<Value: Sendable>(
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    try await lend { (session: inout Session) in try body(session) }
  }

  /// Runs the closure in one transaction: committed when it returns, rolled back when it throws.
  ///
  /// - Parameters:
  ///   - readOnly: let the server refuse every write to what lasts.
  ///   - guardian: a statement that is sent together with BEGIN, in the same round trip.
  ///   - check: looks at the guardian's rows before anything else runs; what it throws rolls back.
  @discardableResult
  package func transaction<Value: Sendable>(
    readOnly: Bool = false,
    guardedBy guardian: Statement? = nil,
    check: @Sendable (Rows) throws -> Void = { _ in },
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    try await lend { (session: inout Session) in
      let opened = try session.pipeline([readOnly ? "begin read only" : "begin"] + (guardian.map { [$0] } ?? []))
      if guardian != nil { try check(opened[1]) }
      let value = try body(session)
      try session.commit()
      return value
    }
  }

  /// Closes the connection now; the next call makes a new one.
  package func close() { session = nil }

  private func lend<Value>(_ body: (inout Session) throws -> Value) async throws -> Value {
    try await interruptible { interrupt in
      var session = try takeSession(interrupt)
      session.interrupt = interrupt
      do {
        let value = try body(&session)
        giveBack(session)
        return value
      } catch {
        giveBack(session)
        throw error
      }
    }
  }

  private func takeSession(_ interrupt: Interrupt) throws(PostgresError) -> Session {
    if let session = session.take() { return session }
    return Session(adopting: try options.connect(interrupt), limit: options.commandTimeout)
  }

  /// Keeps the connection only if nothing is left open on it; otherwise it is dropped.
  private func giveBack(_ session: consuming Session) {
    var session = session
    if session.isInTransaction { session.rollBack() }
    if session.isIdle { self.session = consume session }
  }
}

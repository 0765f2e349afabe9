import BlockingIO
import CLibPQ

/// One connection to Postgres on its own thread; made when it is first needed, made again after
/// it was lost.
package actor Database {
  private let options: ConnectionOptions
  private let executor = ThreadExecutor(label: "postgres")
  private var connection: Connection?

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
    try await lend(body)
  }

  /// Runs one statement in a read-only transaction: one round trip.
  package func read(_ statement: Statement) async throws -> Rows {
    try statement.checkLeavesTransactions()
    return try await blamingWrites {
      try await lend { session in try session.pipeline(["begin read only", statement, "rollback"])[1] }
    }
  }

  /// Runs the closure in a transaction that sees one moment of the data and is always rolled back.
  package func snapshot<Value: Sendable>(
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    try await rollingBack("begin isolation level repeatable read", body)
  }

  /// Rolls back in any case: in Postgres 15, `reset transaction_read_only` turns a read-only transaction into one that
  /// writes.
  private func rollingBack<Value: Sendable>(
    _ opening: Statement, _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    try await lend { session in
      try session.query(opening)
      let value = try body(session.inTransaction())
      try session.checkIsOpen()
      try session.query("rollback")
      return value
    }
  }

  /// Runs the closure in one transaction: committed when it returns, rolled back when it throws.
  ///
  /// When the answer to a guarded transaction's COMMIT is lost, a new connection asks the server for its outcome, so
  /// that an error always means that nothing was kept. When even that cannot be found out, the error is
  /// `commitUnknown`.
  ///
  /// - Parameters:
  ///   - readOnly: the server refuses every write to permanent tables, and the transaction is rolled back.
  ///   - guardian: a statement that is sent together with BEGIN, in the same round trip.
  ///   - check: looks at the guardian's rows before anything else runs; what it throws rolls back.
  ///   - proof: given the transaction's number, yields a row if what that transaction left behind is still
  ///     there. A server that crashed may give the number of a transaction that it lost to another one.
  @discardableResult
  package func transaction<Value: Sendable>(
    readOnly: Bool = false,
    guardedBy guardian: Statement? = nil,
    check: @Sendable (Rows) throws -> Void = { _ in },
    provenBy proof: (@Sendable (String) -> Statement)? = nil,
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    if readOnly { return try await blamingWrites { try await rollingBack("begin read only", body) } }
    var lost: (transaction: String, error: PostgresError)?
    let value = try await lend { session in
      let opened = try session.pipeline(["begin"] + (guardian.map { [$0, Self.transactionID] } ?? []))
      if guardian != nil { try check(opened[1]) }
      let value = try body(session.inTransaction())
      do throws(PostgresError) {
        try session.commit()
      } catch {
        guard guardian != nil, error.leavesCommitUnknown else { throw error }
        lost = (try opened[2].only().value("id"), error)
      }
      return value
    }
    if let lost, try await !wasCommitted(lost.transaction, proof) { throw lost.error }
    return value
  }

  /// In a transaction that was begun read-only, a refused write is the job's mistake, not the server's.
  private func blamingWrites<Value>(_ work: () async throws -> Value) async throws -> Value {
    do {
      return try await work()
    } catch PostgresError.server(let error) where error.state == .readOnlyTransaction {
      throw PostgresError.writesReadOnly(error.statement ?? error.message)
    }
  }

  private static let transactionID: Statement = "select pg_current_xact_id()::text as id"

  /// Finds out whether a transaction whose COMMIT was not answered was committed.
  private func wasCommitted(_ transaction: String, _ proof: (@Sendable (String) -> Statement)?) async throws -> Bool {
    // A standby may not have received it yet, so its answer does not count.
    let status: Statement = """
      select case when not pg_is_in_recovery() then pg_xact_status(\(transaction)::xid8) end as status
      """
    let evidence = proof?(transaction) ?? "select"
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline, !Task.isCancelled {
      do {
        let (said, isProven) = try await lend { session in
          let answers = try session.pipeline([status, evidence])
          return (try answers[0].only().optional("status", as: String.self), !answers[1].isEmpty)
        }
        switch said {
        case "committed":
          guard isProven else { throw PostgresError.commitUnknown }
          return true
        case "aborted": return false
        default: break  // Still in progress.
        }
      } catch let error as PostgresError where error.state == .invalidParameterValue {
        // "transaction ID … is in the future": the server crashed before anything of it was kept.
        return false
      } catch PostgresError.commitUnknown {
        throw PostgresError.commitUnknown
      } catch {}  // The server is not back yet.
      try? await Task.sleep(for: .milliseconds(100))
    }
    throw PostgresError.commitUnknown
  }

  /// One more connection of the same kind.
  package nonisolated func another() -> Database { Database(options) }

  /// Closes the connection now; the next call makes a new one.
  package func close() { connection = nil }

  private func lend<Value>(_ body: (borrowing Session) throws -> Value) async throws -> Value {
    try await interruptible { interrupt in
      let connection = try takeConnection(interrupt)
      do {
        let value = try body(connection.session(interrupt))
        giveBack(connection)
        return value
      } catch {
        // Another server may take the writes by now: the next attempt looks for it.
        if (error as? PostgresError)?.isOfStandby != true { giveBack(connection) }
        throw error
      }
    }
  }

  private func takeConnection(_ interrupt: Interrupt) throws(PostgresError) -> Connection {
    if let connection = connection.take() { return connection }
    return Connection(
      adopting: try options.connect(interrupt), limit: options.commandTimeout, liveness: Liveness(options: options))
  }

  /// Keeps the connection only if nothing is left open on it, and drops it otherwise.
  private func giveBack(_ connection: consuming Connection) {
    if connection.isInTransaction { connection.rollBack() }
    if connection.isIdle { self.connection = consume connection }
  }
}

import BlockingIO
import CLibPQ

/// A connection, lent to one piece of synchronous work.
///
/// It cannot be copied, stored or awaited over, so nothing can run between two statements. It owns nothing: the
/// `Connection` that lends it outlives the work. Its public functions only read; work that writes gets a type that says
/// so (`JobRuntime.Transaction`).
public struct Session: ~Copyable {
  let wire: Wire
  /// Whether it is lent inside of a transaction, which the lender begins and ends.
  private let isInTransaction: Bool
  private var limit: Duration { wire.limit }

  init(on wire: Wire, isInTransaction: Bool = false) { (self.wire, self.isInTransaction) = (wire, isInTransaction) }

  /// The same session, for a type that is lent in its place and ends with it.
  package func lentOn() -> Session { Session(on: wire, isInTransaction: isInTransaction) }

  /// The same session, for somebody who may not end the transaction that is open.
  func inTransaction() -> Session { Session(on: wire, isInTransaction: true) }

  /// Refuses to send a statement that would end the lender's transaction, and every statement after its end.
  ///
  /// The server takes one statement at a time here, and only the statements that `controlsTransactions` lists can end a
  /// transaction; no function or procedure can.
  private func check(_ statements: [Statement]) throws(PostgresError) {
    guard isInTransaction else { return }
    for statement in statements { try statement.checkLeavesTransactions() }
    try checkIsOpen()
  }

  func checkIsOpen() throws(PostgresError) {
    guard PQtransactionStatus(wire.pointer) != PQTRANS_IDLE else {
      throw .endsTransaction("a statement ended the transaction; nothing is sent after it")
    }
  }

  /// The server's version as a number, for example 150018.
  public var serverVersion: Int { Int(PQserverVersion(wire.pointer)) }

  /// Runs one statement and returns its rows.
  @discardableResult
  public func query(_ statement: Statement) throws(PostgresError) -> Rows {
    try check([statement])
    return try wire.exchange { () throws(PostgresError) in
      try wire.checkInterrupt()
      let deadline = ContinuousClock.now + (statement.timeLimit ?? limit)
      try wire.send(statement)
      try wire.flush(until: deadline, doing: statement.summary)
      return try Self.lastResult(of: wire, statement: statement.summary, until: deadline)
    }
  }

  /// Runs one statement and returns how many rows it inserted, updated or deleted.
  @discardableResult
  package func execute(_ statement: Statement) throws(PostgresError) -> Int {
    try query(statement).affected
  }

  /// Runs a text of several statements, without values, as one implicit transaction.
  package func execute(script: String, limit: Duration) throws(PostgresError) {
    try wire.exchange { () throws(PostgresError) in
      try wire.checkInterrupt()
      let deadline = ContinuousClock.now + limit
      guard PQsendQuery(wire.pointer, script) == 1 else { throw .connection(wire.message) }
      try wire.flush(until: deadline, doing: "running a script")
      _ = try Self.lastResult(of: wire, statement: nil, until: deadline)
    }
  }

  /// Sends all statements at once and returns the rows of each: one round trip instead of many.
  ///
  /// The first that fails ends the rest; its error is thrown. Outside of a transaction the whole
  /// pipeline is one implicit transaction.
  @discardableResult
  public func pipeline(_ statements: [Statement]) throws(PostgresError) -> [Rows] {
    try check(statements)
    return try wire.exchange { () throws(PostgresError) in
      try wire.checkInterrupt()
      guard PQenterPipelineMode(wire.pointer) == 1 else { throw .connection(wire.message) }
      let allowed = statements.reduce(limit) { max($0, $1.timeLimit ?? limit) }
      let deadline = ContinuousClock.now + allowed
      do throws(PostgresError) {
        for statement in statements { try wire.send(statement) }
      } catch {
        // With nothing queued yet the connection is usable again; else it stays busy and is dropped.
        PQexitPipelineMode(wire.pointer)
        throw error
      }
      guard PQpipelineSync(wire.pointer) == 1 else { throw .connection(wire.message) }
      var what: String { statements.first?.summary ?? "an empty pipeline" }
      try wire.flush(until: deadline, doing: what)

      var answers: [Rows] = []
      var failure: PostgresError?
      for statement in statements {
        do throws(PostgresError) {
          let result = try Self.lastResult(of: wire, statement: statement.summary, until: deadline)
          if failure == nil { answers.append(result) }
        } catch {
          guard case .server = error else { throw error }
          failure = failure ?? error
        }
      }
      _ = try wire.nextResult(until: deadline, doing: what)  // The sync point.
      guard PQexitPipelineMode(wire.pointer) == 1 else { throw .connection(wire.message) }
      if let failure { throw failure }
      return answers
    }
  }

  /// Reads a large answer a page at a time, so that memory does not grow with it.
  ///
  /// Only inside a transaction, and with only one such reading at a time.
  public func forEachPage(
    of statement: Statement, rows: Int, _ body: (Rows) throws -> Void
  ) throws {
    try query(
      Statement(sql: "declare pages no scroll cursor for \(statement.sql)", parameters: statement.parameters)
        .limited(to: statement.timeLimit))
    while true {
      let page = try query(Statement(sql: "fetch \(rows) from pages").limited(to: statement.timeLimit))
      if !page.isEmpty { try body(page) }
      if page.count < rows { break }
    }
    try query("close pages")
  }

  /// Copies rows into a table by binary COPY, written by the closure through a lent writer.
  ///
  /// When the closure throws, the COPY fails on the server and stores nothing.
  ///
  /// - Returns: how many rows the server stored.
  @discardableResult
  package func copy(
    into table: String, columns: [String], _ body: (inout CopyWriter) throws -> Void
  ) throws -> Int {
    try copy(into: table, columns, "format binary") { wire in
      try wire.sendCopyData(CopyWriter.header)
      var writer = CopyWriter(wire: wire)
      try body(&writer)
      try wire.sendCopyData(CopyWriter.trailer)
    }
  }

  /// The same from bytes that somebody else has written, in one of COPY's two forms that are text.
  @discardableResult
  package func copy(
    _ format: CopyFormat, into table: String, columns: [String], _ body: (inout CopyTextWriter) throws -> Void
  ) throws -> Int {
    try copy(into: table, columns, "format \(format.rawValue)") { wire in
      var writer = CopyTextWriter(wire: wire)
      try body(&writer)
    }
  }

  private func copy(
    into table: String, _ columns: [String], _ options: String, _ body: (Wire) throws -> Void
  ) throws -> Int {
    let list = columns.map(quotedIdentifier).joined(separator: ", ")
    let statement = Statement(sql: "copy \(quotedIdentifier(table)) (\(list)) from stdin (\(options))")
    try check([statement])
    try wire.exchange { () throws(PostgresError) in
      try wire.checkInterrupt()
      let deadline = ContinuousClock.now + limit
      try wire.send(statement)
      try wire.flush(until: deadline, doing: statement.summary)
      let started = try wire.nextResult(until: deadline, doing: statement.summary)
      if let started, started.status != PGRES_COPY_IN {
        wire.drain()
        if PQstatus(wire.pointer) != CONNECTION_OK { throw .connection(wire.message) }
        throw .server(.init(started, over: wire.pointer, statement: statement.summary))
      }
    }
    do {
      try body(wire)
    } catch {
      // A server that refused the rows has already said why; that matters more than the error on this side.
      _ = PQputCopyEnd(wire.pointer, "the job gave up this COPY")
      if case .server(let reason)? = Self.failure(after: wire), reason.state != .queryCanceled {
        throw PostgresError.server(reason)
      }
      throw error
    }
    return try wire.exchange { () throws(PostgresError) in
      guard PQputCopyEnd(wire.pointer, nil) == 1 else { throw .connection(wire.message) }
      let deadline = ContinuousClock.now + limit
      try wire.flush(until: deadline, doing: statement.summary)
      return try Self.lastResult(of: wire, statement: statement.summary, until: deadline).affected
    }
  }

  /// The server's error after a COPY that was given up; takes the answer off the connection.
  private static func failure(after wire: Wire) -> PostgresError? {
    let patient = wire.patient
    let deadline = ContinuousClock.now + patient.limit
    do {
      try patient.flush(until: deadline, doing: "ending a COPY")
      _ = try lastResult(of: patient, statement: nil, until: deadline)
      return nil
    } catch {
      return error
    }
  }

  /// Takes all results of one statement and returns the last, or throws what the server said.
  static func lastResult(
    of wire: Wire, statement: @autoclosure () -> String?, until deadline: ContinuousClock.Instant
  ) throws(PostgresError) -> Rows {
    var last: ResultHandle?
    var failure: PostgresError?
    while let result = try wire.nextResult(until: deadline, doing: statement() ?? "running a script") {
      switch result.status {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: last = result
      case PGRES_PIPELINE_ABORTED:
        failure = failure ?? .server(.init(result, over: wire.pointer, statement: statement()))
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        throw .invalidStatement("COPY runs through copy(into:), not as a statement")
      default: failure = .server(.init(result, over: wire.pointer, statement: statement()))
      }
    }
    if PQstatus(wire.pointer) != CONNECTION_OK {
      throw .connection(wire.message.isEmpty ? "the connection was lost" : wire.message)
    }
    if let failure { throw failure }
    guard let last else { throw .connection("the server sent no answer") }
    return Rows(result: last)
  }

  /// Commits the transaction.
  ///
  /// Cancelling the task stops a COMMIT that takes long (a deferred trigger). The server's answer to the COMMIT says
  /// whether it had already committed when it was to stop.
  func commit() throws(PostgresError) {
    try checkIsOpen()
    // A transaction with a failed statement answers COMMIT with a rollback, and no error.
    guard PQtransactionStatus(wire.pointer) != PQTRANS_INERROR else {
      try query("rollback")
      throw .invalidStatement("a statement of this transaction had failed, so it was rolled back")
    }
    do throws(PostgresError) {
      let deadline = ContinuousClock.now + limit
      try wire.send("commit")
      try wire.flush(until: deadline, doing: "commit")
      _ = try Self.lastResult(of: wire, statement: "commit", until: deadline)
    } catch {
      switch error {
      case .cancelled: try Self.cancelCommit(wire)
      case .timedOut:
        wire.stopAndDrain()
        throw error
      default: throw error
      }
    }
  }

  private static func cancelCommit(_ wire: Wire) throws(PostgresError) {
    // An ordinary COMMIT is over in a moment, and its work is kept.
    do throws(PostgresError) {
      _ = try lastResult(of: wire.patient, statement: "commit", until: .now + StopLimits.commit)
      return
    } catch {
      guard case .timedOut = error else { throw error }
    }
    guard wire.stop() else { throw .timedOut("commit") }
    let patient = wire.patient
    do throws(PostgresError) {
      _ = try lastResult(of: patient, statement: "commit", until: .now + patient.limit)
    } catch {
      throw error.state == .queryCanceled ? .cancelled : error
    }
  }
}

public import Postgres

/// A fenced transaction, lent to one piece of synchronous work: its writes, rejections and resolutions are committed
/// together or not at all.
///
/// It cannot be copied, stored or awaited over. Nothing else in a job can write durable data.
public struct Transaction: ~Copyable {
  /// The same transaction, for work that only reads.
  public let session: Session
  private let run: JobRun
  private let rejected: RejectedItems

  init(on session: borrowing Session, of run: JobRun, rejected: RejectedItems) {
    self.session = session.lentOn()
    (self.run, self.rejected) = (run, rejected)
  }

  // MARK: Statements

  /// Runs one statement and returns its rows.
  @discardableResult
  public func query(_ statement: Statement) throws(PostgresError) -> Rows { try session.query(statement) }

  /// Runs one statement and returns how many rows it inserted, updated or deleted.
  @discardableResult
  public func execute(_ statement: Statement) throws(PostgresError) -> Int { try session.execute(statement) }

  /// Sends all statements at once and returns the rows of each; see `Session.pipeline`.
  @discardableResult
  public func pipeline(_ statements: [Statement]) throws(PostgresError) -> [Rows] { try session.pipeline(statements) }

  /// Reads a large answer a page at a time; see `Session.forEachPage`.
  public func forEachPage(of statement: Statement, rows: Int, _ body: (Rows) throws -> Void) throws {
    try session.forEachPage(of: statement, rows: rows, body)
  }

  /// Copies rows into a table; see `Session.copy`.
  ///
  /// - Returns: how many rows the server stored.
  @discardableResult
  public func copy(
    into table: String, columns: [String], _ body: (inout CopyWriter) throws -> Void
  ) throws -> Int {
    try session.copy(into: table, columns: columns, body)
  }

  /// Runs a file's statement so that its failure undoes nothing but itself; see `Session.attempt`.
  @discardableResult
  public func attempt(
    _ file: SQLFile, binding values: [String: any PostgresEncodable] = [:], limit: Duration? = nil
  ) throws -> Rows {
    try session.attempt(file, binding: values, limit: limit)
  }

  /// Checks the constraints that a file's statement has deferred to the COMMIT; see `Session.checkConstraints`.
  public func checkConstraints(after file: SQLFile, limit: Duration? = nil) throws {
    try session.checkConstraints(after: file, limit: limit)
  }

  // MARK: Dead letters

  /// Records items that failed: dead letters, and errors of the result.
  public func reject(_ failures: [ItemFailure]) throws {
    guard !failures.isEmpty else { return }
    // Some messages contain a server's text, which may repeat a password.
    let log = run.log
    let failures = failures.map { log.redacted($0).bounded }
    for failure in failures where !run.letterKinds.contains(failure.kind) {
      throw JobFailure(
        .internal, "items are rejected as «\(failure.kind.name)», which is not a kind in the job's facts")
    }
    if isWriting {
      try session.pipeline(DeadLetters.recording(failures, of: run.identity, runID: run.id, at: run.startedAt))
    }
    let already = run.record.rejectedByReplay
    rejected.add(already.isEmpty ? failures : failures.filter { !already.contains(ExactName($0.item.storableName)) })
  }

  /// Resolves the pending dead letters that meet a condition.
  ///
  /// - Parameters:
  ///   - condition: SQL over `letter`, a row of `oneshot.dead_letters`, and whatever else the transaction sees.
  ///   - limit: how long it may take; `nil` means the session's usual limit.
  public func resolve(where condition: SQLFragment, limit: Duration? = nil) throws {
    guard isWriting else { return }
    try session.execute(DeadLetters.resolve(where: condition, of: run.identity).limited(to: limit))
  }

  /// Resolves the dead letters of items that went well this time.
  public func resolve(_ items: [String]) throws {
    guard isWriting, !items.isEmpty else { return }
    try session.execute(DeadLetters.resolve(items, of: run.identity))
  }

  /// A run without leadership (a plan, a mode that only looks) counts its failures and writes nothing.
  private var isWriting: Bool { run.leadership != nil }
}

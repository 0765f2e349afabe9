import BlockingIO
public import Postgres

extension JobRun {
  /// Lends the connection in a transaction that sees one moment of the data and is always rolled back.
  ///
  /// It may make temporary tables; `set transaction read only` ends that.
  @discardableResult
  public func snapshot<Value: Sendable>(
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    try await retrier.run("reading from Postgres") { try await database.snapshot(body) }
  }

  /// Does a piece of work for all items at once, each on its own connection and in its own transaction as above.
  ///
  /// All of them see the same moment. When one fails, all are done again or none.
  ///
  /// - Returns: what was returned for the items, in their order.
  public func snapshot<Item: Sendable, Value: Sendable>(
    for items: [Item], _ body: @escaping @Sendable (Item, borrowing Session) throws -> Value
  ) async throws -> [Value] {
    guard items.count > 1 else {
      guard let item = items.first else { return [] }
      return [try await snapshot { session in try body(item, session) }]
    }
    return try await retrier.run("reading from Postgres") {
      let moment = SharedMoment(lanes: items.count)
      return try await inLanes(items.count) { lane, run in
        do {
          return try await run.database.snapshot { session in
            if lane == 0 { try moment.export(session) } else { try moment.adopt(session) }
            return try body(items[lane], session)
          }
        } catch {
          moment.giveUp(error)
          throw error
        }
      }
    }
  }
}

/// The moment that several transactions see: the first one's, which must not end before all others have adopted it
/// (manual, `SET TRANSACTION SNAPSHOT`).
private final class SharedMoment: Sendable {
  private let others: Int
  private let name: Handoff<String>
  private let adopted: Handoff<Void>

  init(lanes: Int) {
    others = lanes - 1
    (name, adopted) = (Handoff(capacity: others), Handoff(capacity: others))
  }

  /// Blocks until all others see what this transaction sees.
  func export(_ session: borrowing Session) throws {
    let exported: String = try session.query("select pg_export_snapshot() as name").only().value("name")
    for _ in 0..<others { try name.send(exported) }
    for _ in 0..<others { _ = try adopted.next() }
  }

  /// Blocks until there is a moment to adopt; before anything else of the transaction.
  func adopt(_ session: borrowing Session) throws {
    guard let name = try name.next() else { throw CancellationError() }
    // It takes no bound value.
    try session.query(Statement(sql: "set transaction snapshot \(quotedLiteral(name))"))
    try adopted.send(())
  }

  /// Nobody waits for a transaction that has failed; all fail with its error.
  func giveUp(_ error: any Error) {
    name.finish(throwing: error)
    adopted.finish(throwing: error)
  }
}

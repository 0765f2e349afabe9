public import Postgres

extension JobRun {
  /// Lends the connection in a transaction in which all that is read is of one moment, and of which nothing is
  /// kept: it is always rolled back. It may make temporary tables; `set transaction read only` ends that.
  @discardableResult
  public func snapshot<Value: Sendable>(
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    try await session { session in
      try session.query("begin isolation level repeatable read")
      let value = try body(session)
      try session.query("rollback")
      return value
    }
  }
}

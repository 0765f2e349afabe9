import CLibPQ

/// A column that a statement would yield.
public struct ColumnDescription: Sendable, Equatable {
  /// The column's name as the result has it.
  public var name: String
  /// The OID of its type (src/include/catalog/pg_type.dat); of a domain the domain's own.
  public var type: UInt32
}

extension Session {
  /// Asks the server which columns a statement would yield.
  ///
  /// It is parsed, and neither planned nor carried out.
  public func describe(_ statement: Statement) throws(PostgresError) -> [ColumnDescription] {
    try wire.exchange { () throws(PostgresError) in
      try wire.checkInterrupt()
      let deadline = ContinuousClock.now + (statement.timeLimit ?? wire.limit)
      // The statement without a name, which the next one replaces.
      let types = statement.parameters.map(\.type)
      guard PQsendPrepare(wire.pointer, "", statement.sql, CInt(types.count), types) == 1 else {
        throw .connection(wire.message)
      }
      try wire.flush(until: deadline, doing: statement.summary)
      _ = try Self.lastResult(of: wire, statement: statement.summary, until: deadline)
      guard PQsendDescribePrepared(wire.pointer, "") == 1 else { throw .connection(wire.message) }
      try wire.flush(until: deadline, doing: statement.summary)
      let result = try Self.lastResult(of: wire, statement: statement.summary, until: deadline).result
      return (0..<PQnfields(result.pointer)).map { index in
        ColumnDescription(
          name: String(cString: PQfname(result.pointer, index)), type: PQftype(result.pointer, index))
      }
    }
  }
}

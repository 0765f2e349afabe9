import CLibPQ

/// A type that can be read from the text form of a column.
public protocol PostgresDecodable {
  /// `nil` when the text is not of this type.
  init?(postgresText text: String)
}

/// The rows of a result.
///
/// They outlive the session that made them: the server's answer is kept whole and read in place.
public struct Rows: RandomAccessCollection, Sendable {
  let result: ResultHandle

  /// 0, also for no rows.
  public var startIndex: Int { 0 }
  /// The number of rows.
  public var endIndex: Int { Int(PQntuples(result.pointer)) }
  /// - Parameter position: a row's number, from 0.
  public subscript(position: Int) -> Row { Row(result: result, index: CInt(position)) }

  /// The names of the columns, in their order.
  public var columns: [String] {
    (0..<PQnfields(result.pointer)).map { String(cString: PQfname(result.pointer, $0)) }
  }

  /// How many rows the statement inserted, updated, deleted or copied.
  public var affected: Int { Int(String(cString: PQcmdTuples(result.pointer))) ?? 0 }

  /// The row of an answer that must have exactly one.
  public func only() throws(PostgresError) -> Row {
    guard count == 1 else { throw .decoding("expected one row, the server sent \(count)") }
    return self[0]
  }
}

/// One row of a result, read by column name.
public struct Row: Sendable {
  let result: ResultHandle
  let index: CInt

  /// Reads a column that may be null.
  public func optional<Value: PostgresDecodable>(
    _ column: String, as type: Value.Type = Value.self
  ) throws(PostgresError) -> Value? {
    let number = PQfnumber(result.pointer, Self.exact(column))
    guard number >= 0 else { throw .decoding("the answer has no column \(column)") }
    guard PQgetisnull(result.pointer, index, number) == 0 else { return nil }
    let bytes = UnsafeRawBufferPointer(
      start: PQgetvalue(result.pointer, index, number), count: Int(PQgetlength(result.pointer, index, number)))
    let text = String(decoding: bytes, as: UTF8.self)
    guard let value = Value(postgresText: text) else {
      throw .decoding("column \(column) holds «\(text.prefix(60))», which is not a valid \(Value.self)")
    }
    return value
  }

  /// A column's name as libpq looks it up: in lower case where it stands without quotes.
  ///
  /// Most names need none.
  private static func exact(_ column: String) -> String {
    let isPlain = column.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    return isPlain ? column : quotedIdentifier(column)
  }

  /// Reads a column that is never null.
  public func value<Value: PostgresDecodable>(
    _ column: String, as type: Value.Type = Value.self
  ) throws(PostgresError) -> Value {
    guard let value = try optional(column, as: type) else { throw .decoding("column \(column) is null") }
    return value
  }
}

extension Int: PostgresDecodable {
  /// Reads `smallint`, `integer` and `bigint`; `nil` for anything else.
  public init?(postgresText text: String) { self.init(text) }
}

extension Int64: PostgresDecodable {
  /// Reads `smallint`, `integer` and `bigint`; `nil` for anything else.
  public init?(postgresText text: String) { self.init(text) }
}

extension Double: PostgresDecodable {
  /// Reads `real`, `double precision` and, rounded, `numeric`; also `Infinity` and `NaN`.
  public init?(postgresText text: String) { self.init(text) }
}

extension String: PostgresDecodable {
  /// Takes the server's text of any type; never `nil`.
  public init?(postgresText text: String) { self = text }
}

extension Bool: PostgresDecodable {
  /// Reads `t` and `f`; `nil` for anything else.
  public init?(postgresText text: String) {
    switch text {
    case "t": self = true
    case "f": self = false
    default: return nil
    }
  }
}

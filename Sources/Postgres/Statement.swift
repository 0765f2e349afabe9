/// A value on its way to the server: text form, and the type's OID (0 lets the server infer it).
public struct Parameter: Sendable, Equatable {
  package var type: UInt32
  package var text: String?
  /// Whether characters that the database lacks may be replaced; see `DescriptiveText`.
  var isDescription = false

  /// - Parameters:
  ///   - type: the OID of its type; with 0 the server infers it.
  ///   - text: the value in the type's text format; `nil` is NULL.
  public init(type: UInt32, text: String?) {
    self.type = type
    self.text = text
  }

  /// NULL, of the type that the server infers.
  public static let null = Parameter(type: 0, text: nil)
}

/// A type whose values can be bound to a statement.
public protocol PostgresEncodable {
  var postgresParameter: Parameter { get }
}

/// SQL text with its bound values: `"… where id = \(id)"` binds, it never splices.
///
/// A statement is a plain value. A test can look at it without a server.
public struct Statement: Sendable, Equatable {
  /// The text as the server gets it, with `$1`, `$2`, … where values are bound.
  public private(set) var sql: String
  /// The values in the order of `$1`, `$2`, ….
  public private(set) var parameters: [Parameter]
  /// The names of the parameters, where the statement was assembled from fragments; else empty.
  package private(set) var names: [String] = []
  /// How long the server may take; `nil` means the session's usual limit.
  public private(set) var timeLimit: Duration?

  /// - Parameters:
  ///   - sql: the text, with `$1`, `$2`, … where values are bound. A constant, never assembled from values.
  ///   - parameters: as many values as the text has places.
  public init(sql: String, parameters: [Parameter] = []) {
    self.sql = sql
    self.parameters = parameters
  }

  init(sql: String, parameters: [Parameter], names: [String]) {
    self.init(sql: sql, parameters: parameters)
    self.names = names
  }

  /// The same statement, allowed to take this long.
  public func limited(to limit: Duration?) -> Statement {
    var copy = self
    copy.timeLimit = limit
    return copy
  }

  /// The text on one line and shortened, for an error message.
  ///
  /// Bound values are not in it.
  var summary: String {
    let line = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count <= 120 ? line : line.prefix(117) + "…"
  }
}

extension Statement: ExpressibleByStringInterpolation {
  /// A statement without parameters.
  public init(stringLiteral value: String) { self.init(sql: value) }

  /// A statement in which each interpolated value is bound.
  public init(stringInterpolation: StringInterpolation) {
    self.init(sql: stringInterpolation.sql, parameters: stringInterpolation.parameters)
  }

  /// Collects text and values while a literal is read: `"… WHERE id = \(id)"`.
  public struct StringInterpolation: StringInterpolationProtocol {
    var sql = ""
    var parameters: [Parameter] = []

    /// Reserves room for the text and for `$1` and so on.
    public init(literalCapacity: Int, interpolationCount: Int) {
      sql.reserveCapacity(literalCapacity + interpolationCount * 3)
    }

    /// Adds text of the literal.
    public mutating func appendLiteral(_ literal: String) { sql += literal }

    /// Binds a value; `nil` is NULL.
    public mutating func appendInterpolation(_ value: (some PostgresEncodable)?) {
      parameters.append(value?.postgresParameter ?? .null)
      sql += "$\(parameters.count)"
    }

    /// Puts a constant text of the program into the statement as it is.
    ///
    /// A `StaticString` can never be a value from outside.
    package mutating func appendInterpolation(text: StaticString) { sql += "\(text)" }

    /// Puts a table's or column's name into the text, quoted.
    public mutating func appendInterpolation(identifier name: String) {
      sql += quotedIdentifier(name)
    }
  }
}

/// A name as SQL takes it, whatever characters it holds (manual 4.1.1: a quote inside is doubled).
package func quotedIdentifier(_ name: String) -> String {
  // By scalars: a quote with a combining mark after it is one `Character`, and no quote to a comparison.
  name.unicodeScalars.reduce(into: "\"") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
}

/// A text as SQL takes it where no value can be bound (manual 4.1.2.2: in this form a backslash and a quote inside are
/// escaped, whatever the session is set to).
package func quotedLiteral(_ text: String) -> String {
  text.unicodeScalars.reduce(into: "E'") { $0 += $1 == "'" || $1 == "\\" ? "\\\($1)" : String($1) } + "'"
}

// The OIDs of built-in types never change (src/include/catalog/pg_type.dat).

/// A value that is encoded once and bound by several statements.
extension Parameter: PostgresEncodable {
  /// The parameter itself.
  public var postgresParameter: Parameter { self }
}

extension Int: PostgresEncodable {
  /// A `bigint`.
  public var postgresParameter: Parameter { Parameter(type: 20, text: String(self)) }
}

extension Int64: PostgresEncodable {
  /// A `bigint`.
  public var postgresParameter: Parameter { Parameter(type: 20, text: String(self)) }
}

extension Bool: PostgresEncodable {
  /// A `boolean`.
  public var postgresParameter: Parameter { Parameter(type: 16, text: self ? "t" : "f") }
}

extension Double: PostgresEncodable {
  /// A `double precision`, with as many digits as it takes to read the same value.
  public var postgresParameter: Parameter { Parameter(type: 701, text: String(self)) }
}

extension String: PostgresEncodable {
  // The server infers the type, so that a text may also be bound where a uuid or jsonb stands.
  /// A text of the type that the server infers, so that it may also be bound where a uuid or jsonb stands.
  public var postgresParameter: Parameter { Parameter(type: 0, text: self) }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  /// The value, or NULL.
  public var postgresParameter: Parameter { self?.postgresParameter ?? .null }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
  /// An array literal (manual 8.15.2); each element is quoted, so nothing in it is syntax.
  public var postgresParameter: Parameter {
    let elements = map(\.postgresParameter)
    let texts = elements.map { $0.text.map { "\"" + Self.escaped($0) + "\"" } ?? "NULL" }
    var parameter = Parameter(type: 0, text: "{" + texts.joined(separator: ",") + "}")
    parameter.isDescription = elements.contains(where: \.isDescription)
    return parameter
  }

  /// By bytes: a quote with a combining mark after it is one `Character`, and no quote to a comparison.
  private static func escaped(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

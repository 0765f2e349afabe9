/// The five characters by which Postgres names an error.
///
/// Source: PostgreSQL manual, appendix A, "PostgreSQL Error Codes".
public struct SQLState: RawRepresentable, Hashable, Sendable {
  /// The five characters, digits and capitals: `42P01`.
  public let rawValue: String

  /// - Parameter rawValue: five characters; they are not checked.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The first two characters, which name the class of the error.
  public var errorClass: String { String(rawValue.prefix(2)) }

  /// A feature that this server, or the one that answers for it, does not have.
  public static let featureNotSupported = SQLState(rawValue: "0A000")
  /// A message of the protocol that was not expected; poolers refuse session settings with it.
  public static let protocolViolation = SQLState(rawValue: "08P01")
  /// A row with this key exists already.
  public static let uniqueViolation = SQLState(rawValue: "23505")
  /// A row violates a CHECK constraint.
  public static let checkViolation = SQLState(rawValue: "23514")
  /// A write in a read-only transaction, also on a standby.
  public static let readOnlyTransaction = SQLState(rawValue: "25006")
  /// A setting or an argument has a value that the server does not take.
  public static let invalidParameterValue = SQLState(rawValue: "22023")
  /// The role lacks a privilege.
  public static let insufficientPrivilege = SQLState(rawValue: "42501")
  /// There is no such table or view in the search path.
  public static let undefinedTable = SQLState(rawValue: "42P01")
  /// There is no such column.
  public static let undefinedColumn = SQLState(rawValue: "42703")
  /// There is no such function, or none with these argument types.
  public static let undefinedFunction = SQLState(rawValue: "42883")
  /// There is no such schema.
  public static let invalidSchemaName = SQLState(rawValue: "3F000")
  /// There is no such database.
  public static let invalidDatabaseName = SQLState(rawValue: "3D000")
  /// The object, or the server, is not in a state that allows it.
  public static let objectNotInPrerequisiteState = SQLState(rawValue: "55000")
  /// A lock was not free within `lock_timeout`, or at once with NOWAIT.
  public static let lockNotAvailable = SQLState(rawValue: "55P03")
  /// The statement was cancelled, or ran into `statement_timeout`.
  public static let queryCanceled = SQLState(rawValue: "57014")

  private static let transientClasses: Set<String> = ["08", "53"]
  private static let transientStates: Set<String> = [
    "57P01", "57P02", "57P03", "57P04", "57P05",  // the server or an administrator ended the session
    "40001", "40P01",  // serialization failure, deadlock
    "55P03",  // lock not available
    "25P03",  // idle in a transaction for too long: the process was frozen
  ]

  /// Whether the same work may succeed when it is done again.
  public var isTransient: Bool {
    // A pooler refuses the session settings with this, and will again.
    guard self != .protocolViolation else { return false }
    return Self.transientClasses.contains(errorClass) || Self.transientStates.contains(rawValue)
  }

  /// Classes of what is wrong with a statement, a session or the server, whatever rows the statement is given.
  private static let classesOfNoRow: Set<String> = [
    "00", "01", "02", "03", "08", "0A", "0B", "0L", "0P", "0Z", "24", "25", "26", "28", "2B", "2D", "34", "3B", "3D",
    "3F", "40", "42", "53", "55", "57", "58", "72", "F0", "HV", "XX",
  ]

  /// Whether the error may be about one of the rows that a statement is given.
  ///
  /// The cause may be the row's data, a constraint, a limit that it exceeds, or what a trigger raises, which may be a
  /// state that only its author knows.
  ///
  /// Then the row is found by halving.
  public var mayBeOfOneRow: Bool { !Self.classesOfNoRow.contains(errorClass) }

  /// Whether the server refused the user (class 28) or a privilege.
  public var isDenied: Bool { errorClass == "28" || self == .insufficientPrivilege }
}

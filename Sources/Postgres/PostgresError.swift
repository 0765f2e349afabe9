import CLibPQ
import Glibc

/// Why something could not be done in Postgres.
///
/// The one error type of this module.
public enum PostgresError: Error, Sendable {
  /// The server cannot be reached, or the connection to it was lost.
  case connection(String)
  /// No connection can be made as configured: TLS that cannot be trusted, an option with an unknown value, a pooler in
  /// between.
  case misconfigured(String, hint: String)
  /// The server does not accept this client's credentials: no password, or a certificate that it does not trust.
  case refused(String, hint: String)
  /// The server answered with an error.
  case server(ServerError)
  /// The server did not answer in time; the connection has been given up.
  case timedOut(String)
  /// The answer to this statement takes more memory than an answer may; the connection has been given up.
  case tooLarge(String)
  /// The answer to a COMMIT was lost, and its outcome could not be found out. Doing the work again may do it twice.
  case commitUnknown
  /// The task was cancelled; the statement was cancelled on the server too.
  case cancelled
  /// The statement or a value cannot be sent as it is (a NUL in a text, a name that is not bound).
  case invalidStatement(String)
  /// A statement would end the transaction that it is sent in, or has ended it; the text says which.
  case endsTransaction(String)
  /// This statement writes in a transaction that was begun read-only.
  case writesReadOnly(String)
  /// A column does not hold what was expected.
  case decoding(String)

  /// What the server reported of its error.
  public struct ServerError: Sendable {
    /// The SQLSTATE, which identifies the error; texts depend on the server's language.
    public var state: SQLState
    /// The server's one-line text.
    public var message: String
    /// The server's DETAIL.
    ///
    /// It may repeat values of a row, so it does not stand in every message.
    public var detail: String?
    /// The server's HINT.
    public var hint: String?
    /// The name of the violated constraint, where there is one.
    public var constraint: String?
    /// The statement's text, shortened, where the error is of a statement.
    public var statement: String?
    /// The functions that it happened in (a trigger, for example), innermost first; `nil` outside of functions.
    public var context: String?
    /// Where in the statement's text the server saw the mistake, in characters, counted from 1.
    public var position: Int?
    /// Whether a write was refused by a standby.
    ///
    /// Right after a failover one may still lead to what was the primary.
    public var isOfStandby = false
  }

  /// Whether the same work may succeed when it is done again, on a new connection if need be.
  public var isTransient: Bool {
    switch self {
    case .connection, .timedOut: true
    case .server(let error): error.state.isTransient || error.isOfStandby
    case .misconfigured, .refused, .tooLarge, .commitUnknown, .cancelled, .invalidStatement, .endsTransaction,
      .writesReadOnly, .decoding:
      false
    }
  }

  /// Whether a COMMIT that ended with this error may have been carried out.
  var leavesCommitUnknown: Bool {
    switch self {
    case .connection, .timedOut: true
    case .server(let error): error.state.rawValue.hasPrefix("57P0")
    case .misconfigured, .refused, .tooLarge, .commitUnknown, .cancelled, .invalidStatement, .endsTransaction,
      .writesReadOnly, .decoding:
      false
    }
  }

  var isOfStandby: Bool { if case .server(let error) = self { error.isOfStandby } else { false } }

  /// The hint where a pooler is in the way.
  package static let poolerHint =
    "Point DATABASE_URL to Postgres itself, not to a pooler: a job keeps settings and temporary tables in its session."

  /// The hint where row level security applies to the role.
  package static let rowSecurityHint =
    "A job has to see every row: `alter role … bypassrls`, or let it read a view whose owner has that right."

  /// The server's SQLSTATE, where the error is the server's.
  public var state: SQLState? {
    if case .server(let error) = self { error.state } else { nil }
  }
}

extension PostgresError: CustomStringConvertible {
  /// Why a connection was not made.
  var cause: String {
    switch self {
    case .connection(let message), .misconfigured(let message, _), .refused(let message, _), .timedOut(let message):
      // libpq indents its own lines with tabs.
      message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    case .server(let error): "\(error.message) (SQLSTATE \(error.state.rawValue))"
    case .tooLarge, .commitUnknown, .cancelled, .invalidStatement, .endsTransaction, .writesReadOnly, .decoding:
      description
    }
  }

  /// What went wrong, with the server's detail and the statement's text, and no bound values.
  public var description: String {
    switch self {
    case .connection, .misconfigured, .refused: "Postgres: \(cause)"
    case .timedOut(let what): "Postgres did not answer in time: \(what)"
    case .tooLarge(let statement):
      "Postgres: the answer takes more than \(ReceivedBytes.largest / 1024 / 1024) MiB, and was abandoned, to: \(statement)"
    case .commitUnknown:
      "Postgres: the connection was lost during COMMIT, and whether it was committed could not be determined"
    case .cancelled: "cancelled"
    case .invalidStatement(let message), .endsTransaction(let message), .decoding(let message): message
    case .writesReadOnly(let statement): "the statement writes in a read-only transaction: \(statement)"
    case .server(let error):
      "Postgres: \(cause)"
        + (error.detail.map { ". \($0)" } ?? "") + (error.statement.map { ", in: \($0)" } ?? "")
    }
  }
}

extension PostgresError.ServerError {
  /// Reads the parts of an error result (libpq manual, `PQresultErrorField`).
  ///
  /// - Parameter connection: the connection that the result came over.
  init(_ result: ResultHandle, over connection: OpaquePointer, statement: String?) {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result.pointer, CInt(code.asciiValue ?? 0)).map { boundedText($0) }
    }
    // The message is in the server's language, the function's name is not.
    let isRowSecurity = field("R") == "check_enable_rls"
    self.init(
      state: SQLState(rawValue: field("C") ?? "XX000"),
      message: field("M") ?? boundedText(PQresultErrorMessage(result.pointer)),
      detail: field("D"),
      hint: isRowSecurity ? PostgresError.rowSecurityHint : field("H"),
      constraint: field("n"),
      statement: statement,
      context: field("W"),
      position: field("P").flatMap { Int($0) })
    let isStandby = PQparameterStatus(connection, "in_hot_standby").map { String(cString: $0) } == "on"
    isOfStandby = isStandby && state == .readOnlyTransaction
  }
}

/// A server's text, without newlines at its end, and shortened: a function may raise an error of any length.
func boundedText(_ text: UnsafePointer<CChar>) -> String {
  let longest = 8 * 1024
  let said = UnsafeRawBufferPointer(start: text, count: strnlen(text, longest))
  return String(decoding: said, as: UTF8.self).trimmingNewlines() + (said.count == longest ? "…" : "")
}

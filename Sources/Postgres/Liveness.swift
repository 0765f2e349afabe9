import BlockingIO
import CLibPQ

/// Distinguishes a server that still works on a long statement from one that will never answer: a half-open connection,
/// a frozen server.
///
/// The kernel's keepalive does not notice a server whose process is stopped, or a middlebox that answers for it, so a
/// second connection asks the server.
struct Liveness: Sendable {
  let options: ConnectionOptions

  /// How long the answer may take to arrive once the server says that it is done.
  static let grace = Duration.seconds(5)

  /// Whether the server still works on the connection's statement.
  ///
  /// - Throws: `PostgresError` when the server cannot be asked.
  func isAtWork(_ connection: OpaquePointer, _ interrupt: Interrupt) throws(PostgresError) -> Bool {
    do {
      let second = Connection(
        adopting: try options.connect(toServerOf: connection, interrupt), limit: Self.grace, liveness: nil)
      let row = try second.session(interrupt).query(Self.isAtWork(processID: PQbackendPID(connection))).only()
      return try row.value("is_at_work")
    } catch {
      // The server has no room for a second connection, but it answers.
      if error.state?.errorClass == "53" { return true }
      throw error
    }
  }

  private static func isAtWork(processID: CInt) -> Statement {
    """
    select exists (
      select from pg_stat_activity
      where pid = \(Int(processID)) and state in ('active', 'fastpath function call', 'disabled')
    ) as is_at_work
    """
  }
}

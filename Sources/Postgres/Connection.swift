import BlockingIO
import CLibPQ

/// Owns a connection to the server, and lends sessions on it.
struct Connection: ~Copyable {
  private let handle: ConnectionHandle
  private let limit: Duration
  private let liveness: Liveness?

  /// - Parameter limit: the longest silence of the server while it owes an answer.
  init(adopting handle: consuming ConnectionHandle, limit: Duration, liveness: Liveness?) {
    self.handle = handle
    self.limit = limit
    self.liveness = liveness
  }

  /// A session that must not outlive the connection: it is only ever lent to a closure.
  ///
  /// - Parameter interrupt: what ends its waits.
  func session(_ interrupt: Interrupt) -> Session {
    Session(
      on: Wire(
        pointer: handle.pointer, interrupt: interrupt, limit: limit, notices: handle.notices, liveness: liveness))
  }

  /// Whether the connection may be used again: alive, and outside of any statement or transaction.
  var isIdle: Bool {
    PQstatus(handle.pointer) == CONNECTION_OK && PQtransactionStatus(handle.pointer) == PQTRANS_IDLE
  }

  /// Whether a transaction is open that can still be rolled back.
  var isInTransaction: Bool {
    [PQTRANS_INTRANS, PQTRANS_INERROR].contains(PQtransactionStatus(handle.pointer))
  }

  /// Ends the transaction without keeping anything, even though the task may be cancelled.
  func rollBack() { _ = try? session(Interrupt()).query("rollback") }
}

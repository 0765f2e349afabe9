import Synchronization
import TestSupport

/// Finds the COMMIT of a transaction that writes, in what a proxy forwards.
///
/// What only reads ends with a COMMIT, too. Call it for every piece.
final class WritingCommit: Sendable {
  /// As libpq sends it; « on commit » in another statement is none.
  private static let text = "\0commit\0"
  /// In what every fenced transaction begins with.
  private static let opening = "pg_current_xact_id()"

  private struct State {
    /// Connections in a transaction that writes.
    var writing: Set<Int> = []
    /// Connections whose COMMIT has no answer yet.
    var waiting: Set<Int> = []
    var wasSent = false
  }

  private let state = Mutex(State())

  /// Whether one was sent so far.
  var wasSent: Bool { state.withLock { $0.wasSent } }

  func isSent(in piece: Proxy.Piece) -> Bool {
    guard piece.direction == .toServer else { return false }
    return state.withLock { state in
      if piece.contains(Self.opening) { state.writing.insert(piece.connection) }
      guard piece.contains(Self.text), state.writing.remove(piece.connection) != nil else { return false }
      state.waiting.insert(piece.connection)
      state.wasSent = true
      return true
    }
  }

  func isAnswered(by piece: Proxy.Piece) -> Bool {
    guard !isSent(in: piece), piece.direction == .toClient else { return false }
    return state.withLock { $0.waiting.remove(piece.connection) != nil }
  }
}

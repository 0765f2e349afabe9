import Synchronization

/// A connection between Postgres' mysql_fdw and a MariaDB, which ends in the middle of a table when a test wants it to.
package final class FadingMariaDB: Sendable {
  /// Where mysql_fdw connects to.
  package var port: Int { proxy.port }
  private let proxy: Proxy
  private let fetches = Fetches()

  /// Requests for rows (COM_STMT_FETCH of MySQL's protocol), and at which of them the connection ends.
  private final class Fetches: Sendable {
    private let state = Mutex((seen: 0, last: Int?.none, first: (@Sendable () -> Void)?.none))

    /// - Returns: whether this is the one.
    func next() -> Bool {
      let (isLast, first) = state.withLock { state in
        state.seen += 1
        guard let last = state.last, state.seen >= last else { return (false, (@Sendable () -> Void)?.none) }
        state.last = nil
        return (true, state.first)
      }
      first?()
      return isLast
    }

    func end(at number: Int, after first: (@Sendable () -> Void)?) { state.withLock { $0 = (0, number, first) } }

    /// Whether it has ended one.
    var hasEnded: Bool { state.withLock { $0.last == nil } }
  }

  package init(_ server: MariaDB) throws {
    let fetches = fetches
    proxy = try Proxy(to: .tcp(port: server.port)) { piece in
      let isFetch = piece.direction == .toServer && piece.bytes.count > 4 && piece.bytes[4] == 0x1C
      return isFetch && fetches.next() ? .cut() : .pass
    }
  }

  /// Ends a connection, once, instead of its nth answer with rows from now on.
  ///
  /// - Parameter first: what is done just before.
  package func end(at number: Int, after first: (@Sendable () -> Void)? = nil) { fetches.end(at: number, after: first) }

  package var hasEnded: Bool { fetches.hasEnded }

  /// Makes a server `mariadb` in a place, whose rows come a few at a time, for a user `jobs` of MariaDB.
  ///
  /// - Parameter options: more of the server's.
  package func define(in place: Place, _ options: String = "") async throws {
    try await place.execute(
      """
      create extension mysql_fdw;
      create server mariadb foreign data wrapper mysql_fdw options (host '127.0.0.1', port '\(port)', fetch_size '20'\(options));
      create user mapping for public server mariadb options (username 'jobs', password 'secret');
      """)
  }

  deinit { proxy.close() }
}

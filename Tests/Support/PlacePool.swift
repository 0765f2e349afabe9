import Foundation
import Postgres
import Synchronization

/// What places are made of, and given back to: databases of one Postgres, numbers of the Redis beside it.
///
/// A database is never used twice. What a test may do to one has no limits, so it is dropped after a while, and the next
/// is a new copy of the template. A Redis number is lent again, empty, but the one longest unused first:
/// a killed process may still write for a moment.
package final class PlacePool: Sendable {
  /// A database and a Redis number; given back with this object.
  final class Loan: Sendable {
    let database: String
    let redisNumber: Int
    /// No other loan has it.
    let number: Int
    private let pool: PlacePool

    fileprivate init(_ database: String, redisNumber: Int, number: Int, of pool: PlacePool) {
      (self.database, self.redisNumber, self.number, self.pool) = (database, redisNumber, number, pool)
    }

    deinit { pool.takeBack(self) }
  }

  private struct State {
    var freeNumbers: [Int]
    /// Databases that nobody needs any more.
    var abandoned: [String] = []
    /// Connections that nobody uses now.
    var admins: [Database] = []
  }

  private static let lent = Atomic<Int>(0)

  /// How many of the newest databases stay: a place ends with its last use, and what a test took of it (its URL) may be
  /// used on.
  private let stillThere: Int

  private let databaseURL: String
  private let keepsConnections: Bool
  private let state: Mutex<State>

  /// - Parameters:
  ///   - databaseURL: of a database that stays.
  ///   - redisNumbers: how many to lend, from 1 on.
  ///   - keepsConnections: whether the server runs all the time.
  ///   - stillThere: how many databases that were given back stay for a while.
  package init(databaseURL: String, redisNumbers: Int = 255, keepsConnections: Bool, stillThere: Int = 48) {
    self.databaseURL = databaseURL
    self.stillThere = stillThere
    self.keepsConnections = keepsConnections
    state = Mutex(State(freeNumbers: Array(1...redisNumbers)))
  }

  func lend(migrated: Bool) async throws -> Loan {
    let number = Self.lent.add(1, ordering: .relaxed).newValue
    let name = "place_\(ProcessInfo.processInfo.processIdentifier)_\(number)"
    let (redisNumber, abandoned, idle) = try state.withLock { state in
      guard !state.freeNumbers.isEmpty else { throw TestFailure("more places at once than there are Redis numbers") }
      let abandoned = Array(state.abandoned.dropLast(stillThere))
      state.abandoned.removeFirst(abandoned.count)
      return (state.freeNumbers.removeFirst(), abandoned, state.admins.popLast())
    }
    let admin = try idle ?? Database(options())
    do {
      try await admin.withSession { session in
        // Whoever is still connected belongs to a test that has ended.
        for name in abandoned { try session.query(Statement(sql: "drop database if exists \(name) with (force)")) }
        let template = migrated ? PrivateServers.template : "template1"
        try session.query(Statement(sql: "create database \(name) template \(template) strategy file_copy"))
      }
    } catch {
      state.withLock { state in
        state.freeNumbers.append(redisNumber)
        state.abandoned += abandoned
      }
      throw error
    }
    if keepsConnections { state.withLock { $0.admins.append(admin) } } else { await admin.close() }
    return Loan(name, redisNumber: redisNumber, number: number, of: self)
  }

  private func options() throws -> ConnectionOptions {
    var options = try ConnectionOptions(url: databaseURL, applicationName: "tests")
    // A database that is dropped waits for a checkpoint, on a busy machine for long.
    options.commandTimeout = .seconds(180)
    return options
  }

  private func takeBack(_ loan: Loan) {
    state.withLock { state in
      state.abandoned.append(loan.database)
      state.freeNumbers.append(loan.redisNumber)
    }
  }
}

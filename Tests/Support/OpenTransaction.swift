import Dispatch
import Postgres
import Synchronization

/// A transaction of another session that has done something and stays open until the test ends it.
///
/// Its actor has a thread of its own, so it may stand still inside of a transaction.
package struct OpenTransaction: Sendable {
  private struct RolledBack: Error {}

  private final class Ending: Sendable {
    let canEnd = DispatchSemaphore(value: 0)
    let keeps = Mutex(true)
  }

  private let ending = Ending()
  private let running: Task<Void, any Error>

  /// Returns once the statements are done.
  ///
  /// - Parameter last: what it does right before it commits.
  package init(in place: Place, _ statements: String..., last: String = "select") async throws {
    let database = try Database(ConnectionOptions(url: place.databaseURL, applicationName: "another"))
    let (done, isDone) = AsyncThrowingStream<Void, any Error>.makeStream()
    let ending = ending
    running = Task {
      do {
        try await database.transaction { session in
          do {
            try session.query(Statement(sql: "set local idle_in_transaction_session_timeout = 0"))
            // The run is the one that notices a deadlock, and gives way.
            try session.query(Statement(sql: "set local deadlock_timeout = '1h'"))
            for statement in statements { try session.query(Statement(sql: statement)) }
          } catch {
            isDone.finish(throwing: error)
            throw error
          }
          isDone.finish()
          ending.canEnd.wait()
          guard ending.keeps.withLock({ $0 }) else { throw RolledBack() }
          try session.query(Statement(sql: last))
        }
      } catch is RolledBack {}
      await database.close()
    }
    for try await _ in done {}
  }

  package func commit() async throws {
    ending.canEnd.signal()
    try await running.value
  }

  package func rollBack() async throws {
    ending.keeps.withLock { $0 = false }
    ending.canEnd.signal()
    try await running.value
  }
}

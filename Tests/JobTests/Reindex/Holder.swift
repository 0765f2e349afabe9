import Dispatch
import Postgres
import TestSupport

/// A session that has done something and does not commit before it is told to.
struct Holder {
  private let end = DispatchSemaphore(value: 0)
  private let holding: Task<Void, any Error>

  init(_ place: Place, _ statement: String) async throws {
    let database = try Database(ConnectionOptions(url: place.databaseURL, applicationName: "holder"))
    let (done, isDone) = AsyncStream<Void>.makeStream()
    holding = Task { [end] in
      try await database.transaction { session in
        try session.query(Statement(sql: statement))
        isDone.yield()
        // Its actor has a thread of its own, so it may stand still.
        end.wait()
      }
      await database.close()
    }
    for await _ in done { break }
  }

  func letGo() async throws {
    end.signal()
    try await holding.value
  }
}

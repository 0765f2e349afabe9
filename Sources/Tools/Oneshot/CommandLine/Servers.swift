import JobRuntime
import Postgres

/// Lends a connection to the database of `DATABASE_URL`, and closes it.
func withDatabase<Value: Sendable>(
  _ options: ConnectionOptions?, _ body: (Database) async throws -> Value
) async throws -> Value {
  // The reader has complained already where it is not set.
  guard let options else { throw JobFailure(.misconfigured, "DATABASE_URL is required") }
  let database = Database(options)
  do {
    let value = try await body(database)
    await database.close()
    return value
  } catch {
    await database.close()
    throw error
  }
}

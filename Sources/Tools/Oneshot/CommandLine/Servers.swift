import JobRuntime
import Postgres
import Redis

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

/// Lends a connection to the Redis of `REDIS_URL`, and closes it.
func withRedis<Value: Sendable>(
  _ address: RedisAddress?, _ body: (RedisConnection) async throws -> Value
) async throws -> Value {
  guard let address else { throw JobFailure(.misconfigured, "REDIS_URL is required") }
  let redis = RedisConnection(address, clientName: "oneshot")
  do {
    let value = try await body(redis)
    await redis.close()
    return value
  } catch {
    await redis.close()
    throw error
  }
}

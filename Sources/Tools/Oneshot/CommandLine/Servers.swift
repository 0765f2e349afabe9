import JobRuntime
import Postgres
import Redis

/// The servers that a command works on, from their settings.
///
/// Required settings are present once the command runs.
protocol CommandServers: Sendable {
  /// - Returns: `nil` where something required is missing or wrong, which the reader has recorded.
  init?(from env: inout Environment)
}

/// For commands that contact nothing.
struct NoServer: CommandServers {
  init(from env: inout Environment) {}
}

/// For commands that use only the database.
struct DatabaseServer: CommandServers {
  let database: ConnectionOptions

  init?(from env: inout Environment) {
    guard let database = databaseOptions(from: &env) else { return nil }
    self.database = database
  }
}

/// For commands that show more where Redis is configured, too.
struct DatabaseAndPerhapsRedis: CommandServers {
  let database: ConnectionOptions
  let redis: RedisAddress?

  init?(from env: inout Environment) {
    let database = databaseOptions(from: &env)
    redis = redisAddress(from: &env, isRequired: false)
    guard let database else { return nil }
    self.database = database
  }
}

/// For commands that need the servers of a run.
extension Servers: CommandServers {}

/// Lends a connection to a database, and closes it.
///
/// The server's notices are written to the console, which goes by the server's clock from then on.
func withDatabase<Value: Sendable>(
  _ options: ConnectionOptions, _ console: Console, _ body: (Database) async throws -> Value
) async throws -> Value {
  let notices = Notices { notice in console.note(notice) }
  let database = Database(notices.received(from: options))
  let ended: Result<Value, any Error>
  do {
    console.follow(
      try await database.withSession { session in
        try session.query("select clock_timestamp() as moment").only().value("moment")
      })
    ended = .success(try await body(database))
  } catch { ended = .failure(error) }
  await database.close()
  if notices.leftOut > 0 { console.note("Postgres said \(notices.leftOut) things more") }
  return try ended.get()
}

/// Lends a connection to the database whose ledger a command reads.
///
/// - Throws: what went wrong; where the migrations of the database end before what this version needs, a failure that
///   says so.
func withLedger<Value: Sendable>(
  _ options: ConnectionOptions, _ console: Console, _ body: (Database) async throws -> Value
) async throws -> Value {
  try await withDatabase(options, console) { database in
    do {
      return try await body(database)
    } catch let error as PostgresError {
      guard var failure = await JobFailure(oldMigrationsOf: database) else { throw error }
      failure.hint = JobFailure.migrateHint
      throw failure
    }
  }
}

extension Session {
  /// Reads any number of rows, a few at a time, because a single answer has a size limit.
  func all<Value>(of statement: Statement, _ read: (Row) throws -> Value) throws -> [Value] {
    var values: [Value] = []
    try forEachPage(of: statement, rows: 50) { page in values += try page.map(read) }
    return values
  }
}

/// Lends a connection to a Redis, and closes it.
func withRedis<Value: Sendable>(
  _ address: RedisAddress, _ body: (RedisConnection) async throws -> Value
) async throws -> Value {
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

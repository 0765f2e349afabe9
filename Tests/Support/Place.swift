import Foundation
package import Postgres
package import Redis

/// A database and a Redis number of a test's own: nothing another test does can be seen in it.
///
/// Both are given back when nobody has this value any more.
package struct Place: Sendable {
  package let databaseURL: String
  package let redisURL: String
  package let database: Database
  package let redis: RedisConnection
  package let servers: PrivateServers
  private let loan: PlacePool.Loan

  /// Makes a new one.
  ///
  /// - Parameters:
  ///   - migrated: with the schema that `oneshot migrate` makes, or empty.
  ///   - servers: a test's own; without them the ones that all share.
  package init(migrated: Bool = true, on servers: PrivateServers? = nil) async throws {
    let servers = try servers ?? PrivateServers.shared.get()
    try await self.init(migrated: migrated, on: servers, from: servers.places)
  }

  /// - Parameter pool: another than the servers' own.
  package init(migrated: Bool = true, on servers: PrivateServers, from pool: PlacePool) async throws {
    self.servers = servers
    loan = try await pool.lend(migrated: migrated)
    databaseURL = servers.databaseURL.replacing("postgresql:///postgres?", with: "postgresql:///\(loan.database)?")
    redisURL = "\(servers.redisURL)?db=\(loan.redisNumber)"
    database = try Database(ConnectionOptions(url: databaseURL, applicationName: "tests"))
    redis = try Self.redisConnection(redisURL)
    try await redis("FLUSHDB")
  }

  /// Which of Redis' databases it is.
  package var redisNumber: Int { loan.redisNumber }

  /// A name for what a server has only once, like a role: `jobs_7`.
  ///
  /// No other place has it.
  package func own(_ name: String) -> String { "\(name)_\(loan.number)" }

  /// Another connection than the one that `redis` is.
  package func newRedisConnection() throws -> RedisConnection { try Self.redisConnection(redisURL) }

  private static func redisConnection(_ url: String) throws -> RedisConnection {
    var problem = ""
    guard let address = RedisAddress(url: url, problem: &problem) else { throw TestFailure(problem) }
    return RedisConnection(address, clientName: "tests", connectTimeout: .seconds(30), commandTimeout: .seconds(60))
  }

  /// The settings that lead a binary here.
  package var environment: [String: String] { environment() }

  /// The same, through proxies in front of one or both servers.
  package func environment(postgres: Proxy? = nil, redis: Proxy? = nil) -> [String: String] {
    // unix:///…/redis.sock?db=7 and postgresql:///place_1_7?host=…&user=…
    [
      "DATABASE_URL": postgres.map { proxy in
        databaseURL.replacing("postgresql:///", with: "postgresql://127.0.0.1:\(proxy.port)/")
          .replacing("host=\(servers.folder)&", with: "")
      } ?? databaseURL,
      "REDIS_URL": redis.map { "redis://127.0.0.1:\($0.port)/\(loan.redisNumber)" } ?? redisURL,
    ]
  }

  /// Drops this side's own connections, which a server that was restarted has forgotten.
  package func reconnect() async {
    await database.close()
    await redis.close()
  }

  package func databaseName() async throws -> String { try await value("select current_database()") }

  /// Makes the server ask this role for its password.
  package func requirePassword(of role: String) async throws {
    try await execute(
      """
      do $$ begin create role with_password; exception when duplicate_object or unique_violation then null; end $$;
      grant with_password to \(role);
      """)
  }

  // MARK: Short cuts

  /// What a busy machine may take for one statement.
  private static let limit = Duration.seconds(300)

  /// The rows of a query, each column as text; null is "NULL".
  package func rows(_ sql: String) async throws -> [[String]] {
    try await database.withSession { session in
      let statement = Statement(sql: "select row_to_json(q)::text as line, q.* from (\(sql)) q").limited(to: Self.limit)
      return try session.query(statement).map { row in
        let line = try JSONSerialization.jsonObject(with: Data(row.value("line", as: String.self).utf8))
        guard let columns = line as? [String: Any] else { return [] }
        return try columns.keys.sorted().map { try row.optional($0, as: String.self) ?? "NULL" }
      }
    }
  }

  /// The only value of a query.
  package func value(_ sql: String) async throws -> String {
    try await database.withSession { session in
      try session.query(Statement(sql: "select (\(sql))::text as value")).only().optional("value", as: String.self)
        ?? "NULL"
    }
  }

  package func execute(_ sql: String) async throws {
    try await database.withSession { session in try session.execute(script: sql, limit: Self.limit) }
  }

  @discardableResult
  package func redis(_ words: String...) async throws -> RedisValue {
    let command = RedisCommand(String(words[0]), bytes: words.dropFirst().map { Array($0.utf8) })
    return try await redis.withSession { session in try session.command(command) }
  }

  /// Runs many commands in one go.
  package func redis(all commands: [RedisCommand]) async throws {
    try await redis.withSession { session in
      for case .error(let code, let message) in try session.pipeline(commands) {
        throw RedisError.server(code: code, message: message)
      }
    }
  }
}

import Foundation
import JobRuntime
package import Postgres
package import Redis
import Synchronization

/// A database and a Redis number of a test's own: nothing another test does can be seen in it.
package struct Place: Sendable {
  package let databaseURL: String
  package let redisURL: String
  package let database: Database
  package let redis: RedisConnection
  package let servers: PrivateServers

  private static let numbers = Atomic<Int>(1)

  /// Makes a new one.
  ///
  /// - Parameters:
  ///   - migrated: with the schema that `oneshot migrate` makes, or empty.
  ///   - servers: a test's own; without them the ones that all share.
  package init(migrated: Bool = true, on servers: PrivateServers? = nil) async throws {
    let servers = try servers ?? PrivateServers.shared.get()
    self.servers = servers
    let number = Self.numbers.add(1, ordering: .relaxed).newValue
    let name = "place_\(ProcessInfo.processInfo.processIdentifier)_\(number)"
    let admin = try Database(ConnectionOptions(url: servers.databaseURL, applicationName: "tests"))
    if migrated { try await Self.template.ready(on: servers) }
    try await admin.withSession { session in
      let template = migrated ? " template \(Template.name)" : ""
      try session.query(Statement(sql: "create database \(name)\(template)"))
    }
    await admin.close()
    databaseURL = Self.url(of: name, on: servers)
    redisURL = "\(servers.redisURL)?db=\(number)"
    database = try Database(ConnectionOptions(url: databaseURL, applicationName: "tests"))
    redis = try Self.redisConnection(redisURL)
  }

  /// Another connection than the one that `redis` is.
  package func newRedisConnection() throws -> RedisConnection { try Self.redisConnection(redisURL) }

  private static func redisConnection(_ url: String) throws -> RedisConnection {
    var problem = ""
    guard let address = RedisAddress(url: url, problem: &problem) else { throw TestFailure(problem) }
    return RedisConnection(address, clientName: "tests")
  }

  /// The settings that lead a binary here.
  package var environment: [String: String] { environment() }

  /// The same, through proxies in front of one or both servers.
  package func environment(postgres: Proxy? = nil, redis: Proxy? = nil) -> [String: String] {
    // unix:///…/redis.sock?db=7 and postgresql:///place_1_7?host=…&user=…
    let number = redisURL.split(separator: "=").last ?? "0"
    return [
      "DATABASE_URL": postgres.map { proxy in
        databaseURL.replacing("postgresql:///", with: "postgresql://127.0.0.1:\(proxy.port)/")
          .replacing("host=\(servers.folder)&", with: "")
      } ?? databaseURL,
      "REDIS_URL": redis.map { "redis://127.0.0.1:\($0.port)/\(number)" } ?? redisURL,
    ]
  }

  /// Drops this side's own connections, which a server that was restarted has forgotten.
  package func reconnect() async {
    await database.close()
    await redis.close()
  }

  static func url(of database: String, on servers: PrivateServers) -> String {
    servers.databaseURL.replacing("postgresql:///postgres?", with: "postgresql:///\(database)?")
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

  /// The rows of a query, each column as text; null is "NULL".
  package func rows(_ sql: String) async throws -> [[String]] {
    try await database.withSession { session in
      let statement = Statement(sql: "select row_to_json(q)::text as line, q.* from (\(sql)) q")
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
    try await database.withSession { session in try session.execute(script: sql, limit: .seconds(60)) }
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

/// A migrated database that others are copied from: made once, by the real `oneshot migrate`.
private actor Template {
  static let name = "oneshot_template"
  /// By the servers' folder.
  private var making: [String: Task<Void, any Error>] = [:]

  func ready(on servers: PrivateServers) async throws {
    let task =
      making[servers.folder]
      ?? Task {
        let admin = try Database(ConnectionOptions(url: servers.databaseURL, applicationName: "tests"))
        try await admin.withSession { session in
          try session.query(Statement(sql: "create database \(Self.name)"))
        }
        await admin.close()
        let url = Place.url(of: Self.name, on: servers)
        let migrated = try await Binary("oneshot").run(["migrate"], ["DATABASE_URL": url])
        guard migrated.exitCode == 0 else { throw TestFailure("oneshot migrate: \(migrated.errors)") }
      }
    making[servers.folder] = task
    try await task.value
  }
}

extension Place {
  private static let template = Template()
}

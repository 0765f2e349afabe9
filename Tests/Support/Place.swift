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

  private static let numbers = Atomic<Int>(1)

  /// Makes a new one.
  ///
  /// - Parameter migrated: with the schema that `oneshot migrate` makes, or empty.
  package init(migrated: Bool = true) async throws {
    let servers = try PrivateServers.shared.get()
    let number = Self.numbers.add(1, ordering: .relaxed).newValue
    let name = "place_\(ProcessInfo.processInfo.processIdentifier)_\(number)"
    let admin = try Database(ConnectionOptions(url: servers.databaseURL, applicationName: "tests"))
    if migrated { try await Self.template.ready() }
    try await admin.withSession { session in
      let template = migrated ? " template \(Template.name)" : ""
      try session.query(Statement(sql: "create database \(name)\(template)"))
    }
    await admin.close()
    databaseURL = Self.url(of: name, on: servers)
    redisURL = "\(servers.redisURL)?db=\(number)"
    database = try Database(ConnectionOptions(url: databaseURL, applicationName: "tests"))
    var problem = ""
    guard let address = RedisAddress(url: redisURL, problem: &problem) else { throw TestFailure(problem) }
    redis = RedisConnection(address, clientName: "tests")
  }

  /// The settings that lead a binary here.
  package var environment: [String: String] { ["DATABASE_URL": databaseURL, "REDIS_URL": redisURL] }

  static func url(of database: String, on servers: PrivateServers) -> String {
    servers.databaseURL.replacing("postgresql:///postgres?", with: "postgresql:///\(database)?")
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
  private var making: Task<Void, any Error>?

  func ready() async throws {
    let task =
      making
      ?? Task {
        let servers = try PrivateServers.shared.get()
        let admin = try Database(ConnectionOptions(url: servers.databaseURL, applicationName: "tests"))
        try await admin.withSession { session in
          try session.query(Statement(sql: "create database \(Self.name)"))
        }
        await admin.close()
        let url = Place.url(of: Self.name, on: servers)
        let migrated = try await Binary("oneshot").run(["migrate"], ["DATABASE_URL": url])
        guard migrated.exitCode == 0 else { throw TestFailure("oneshot migrate: \(migrated.errors)") }
      }
    making = task
    try await task.value
  }
}

extension Place {
  private static let template = Template()
}

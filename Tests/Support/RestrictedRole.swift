import Foundation
import Redis

extension Place {
  /// Makes a role and a user as a job's page says, and returns the settings that lead a run here as them.
  package func restricted(_ job: String) async throws -> [String: String] {
    try await restricted(as: "jobs", in: "docs/jobs/\(job).md")
  }

  /// - Parameter name: what the page calls both.
  package func restricted(as name: String, in page: String) async throws -> [String: String] {
    let page = try Page(page)
    let database = try await value("current_database()")
    let role = own(name)
    let sql = try page.code("grants").replacing("to \(name)", with: "to \(role)")
      .replacing("database app", with: "database \(database)")
    try await execute("create role \(role) login; \(sql)")
    let words = try page.code("acl", "").replacing("ACL SETUSER \(name)", with: "SETUSER \(role)")
      .split(whereSeparator: \.isWhitespace).map { Array($0.utf8) }
    try await redis(all: [RedisCommand("ACL", bytes: words)])
    return [
      "DATABASE_URL": databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)"),
      "REDIS_URL": redisURL.replacing("unix://", with: "unix://\(role):secret@"),
    ]
  }
}

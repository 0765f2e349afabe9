import Postgres
import TestSupport
import Testing

/// Statements that take longer than the command timeout: those that work, and those whose answer never comes.
@Suite(.timeLimit(.minutes(10))) struct LivenessTests {
  private func database(_ place: Place, through proxy: Proxy) throws -> Database {
    var options = try ConnectionOptions(
      url: place.environment(postgres: proxy)["DATABASE_URL"] ?? "", applicationName: "patient")
    options.commandTimeout = .seconds(1)
    return Database(options)
  }

  /// As long as a whole run may last; no test waits for it.
  private func patient(_ sql: String) -> Statement { Statement(sql: sql).limited(to: .seconds(3000)) }

  @Test func `a server that is at work is waited for, and is asked on a second connection`() async throws {
    let place = try await Place(migrated: false)
    let proxy = try Proxy(to: place.servers.postgresSocket)
    defer { proxy.close() }
    let statement = patient("select pg_sleep(2.5), 41 as n")
    let answer = try await database(place, through: proxy).withSession { session in
      try session.query(statement).only().value("n", as: Int.self)
    }
    #expect(answer == 41)
    #expect(proxy.connections > 1)
  }

  @Test func `an answer that was lost on its way is noticed`() async throws {
    let place = try await Place(migrated: false)
    let proxy = try Proxy(to: place.servers.postgresSocket) { piece in
      piece.connection == 1 && piece.answers("41 as n") ? .hold() : .pass
    }
    defer { proxy.close() }
    let statement = patient("select 41 as n")
    let error = try await postgresError {
      try await database(place, through: proxy).withSession { session in try session.query(statement) }
    }
    #expect(error.isTimedOut && error.isTransient)
    #expect("\(error)".contains("done with it"))
  }

  @Test func `a server that stands still as a whole is noticed`() async throws {
    let servers = try await PrivateServers.start()
    let place = try await Place(migrated: false, on: servers)
    let proxy = try Proxy(to: servers.postgresSocket) { piece in
      piece.connection == 1 && piece.contains("41 as n") ? .passThen { try? servers.pausePostgres() } : .pass
    }
    defer { proxy.close() }
    let statement = patient("select pg_sleep(1), 41 as n")
    let error = try await postgresError {
      try await database(place, through: proxy).withSession { session in try session.query(statement) }
    }
    try servers.resumePostgres()
    #expect(error.isTimedOut)
    #expect("\(error)".contains("second connection"))
  }
}

import TestSupport
import Testing

@testable import Postgres

/// libpq keeps an answer whole, so one that does not end is given up.
@Suite(.timeLimit(.minutes(5))) struct LargeAnswerTests {
  /// A row that is large, and rows without an end.
  @Test(arguments: [
    "select repeat('x', 300000000) as text", "select repeat('x', 1000) as text from generate_series(1, 3000000)",
  ])
  func `an answer that takes more than any may is given up, and the next statement has a new connection`(
    query: String
  ) async throws {
    let place = try await Place(migrated: false)
    let proxy = try Proxy(to: .unix(path: place.servers.folder + "/.s.PGSQL.5432"))
    defer { proxy.close() }
    let url = try #require(place.environment(postgres: proxy)["DATABASE_URL"])
    let database = try Database(ConnectionOptions(url: url, applicationName: "tests"))
    let error = try await postgresError {
      try await database.withSession { session in try session.query(Statement(sql: query)) }
    }
    guard case .tooLarge(let statement) = error else { throw TestFailure("\(error)") }
    #expect(statement == query && "\(error)".contains("16 MiB") && !error.isTransient)
    // What was on its way when it was given up is all that came.
    #expect(proxy.bytes(.toClient) < 64 << 20)
    let rows = try await database.withSession { session in try session.query("select 1 as one") }
    #expect(try rows.only().value("one", as: Int.self) == 1)
  }
}

import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite struct NoticeTests {
  private final class Heard: Sendable {
    let notices = Mutex<[Notice]>([])
  }

  @Test
  func `what a server says beside its answers is received, with its severity, and results outlive the connection`()
    async throws
  {
    let place = try await Place(migrated: false)
    var options = try ConnectionOptions(
      url: place.databaseURL + "&options=-cclient_min_messages%3Ddebug1", applicationName: "tests")
    let heard = Heard()
    options.receiveNotice = { notice in heard.notices.withLock { $0.append(notice) } }
    let database = Database(options)
    let rows = try await database.withSession { session in
      for level in ["warning", "notice", "info", "debug"] {
        try session.query(Statement(sql: "do $$ begin raise \(level) 'this is \(level)' using hint = 'look'; end $$"))
      }
      try session.query(Statement(sql: "do $$ begin raise warning '%', repeat('x', 1000000); end $$"))
      return try session.query("select 1 as one")
    }
    await database.close()
    #expect(try rows.only().value("one", as: Int.self) == 1)
    let notices = heard.notices.withLock { $0 }.filter { $0.hint == "look" || $0.message.hasPrefix("xxx") }
    #expect(notices.map(\.severity) == [.warning, .info, .info, .debug, .warning])
    #expect(notices.prefix(2).map(\.message) == ["this is warning", "this is notice"])
    #expect((notices.last?.message.utf8.count ?? 0) < 10_000)
  }

  @Test func `notices of any size are no part of an answer`() async throws {
    let place = try await Place(migrated: false)
    let proxy = try Proxy(to: .unix(path: place.servers.folder + "/.s.PGSQL.5432"))
    defer { proxy.close() }
    let url = try #require(place.environment(postgres: proxy)["DATABASE_URL"])
    let database = try Database(ConnectionOptions(url: url, applicationName: "tests"))
    let rows = try await database.withSession { session in
      try session.query("do $$ begin for n in 1..40 loop raise warning '%', repeat('x', 1000000); end loop; end $$")
      return try session.query("select 1 as one")
    }
    #expect(try rows.only().value("one", as: Int.self) == 1)
    #expect(proxy.bytes(.toClient) > 40_000_000)
  }

  @Test func `of an error that has no end the beginning is kept`() async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.query("do $$ begin raise exception '%', repeat('x', 30000000); end $$")
      }
    }
    #expect("\(error)".hasPrefix("Postgres: xxx") && "\(error)".utf8.count < 10_000)
  }
}

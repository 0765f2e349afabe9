import Postgres
import TestSupport
import Testing

@Suite struct DescribeTests {
  @Test func `the columns of a statement are told without carrying it out`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create sequence counter")
    let columns = try await place.database.withSession { session in
      try session.describe("select nextval('counter') as a, \("x")::text as b, 1.5 as c")
    }
    #expect(columns.map(\.name) == ["a", "b", "c"] && columns.map(\.type) == [20, 25, 1700])
    #expect(try await place.value("select is_called from counter") == "false")
  }

  @Test func `what the server refuses is its error, and the connection goes on`() async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await place.database.withSession { session in try session.describe("select nothing from nowhere") }
    }
    #expect(error.state == .undefinedTable)
    #expect(try await place.value("select 7") == "7")
  }
}

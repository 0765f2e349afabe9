import Postgres
import TestSupport
import Testing

@Suite struct TransactionTests {
  private struct Stop: Error {}

  private func place() async throws -> Place {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer primary key deferrable initially deferred)")
    return place
  }

  @Test func `a transaction is kept when its closure returns`() async throws {
    let place = try await place()
    let count = try await place.database.transaction { session in
      try session.execute("insert into t values (1)") + session.execute("insert into t values (2)")
    }
    #expect(count == 2)
    #expect(try await place.value("select count(*) from t") == "2")
  }

  @Test func `a transaction whose closure throws leaves nothing and the connection goes on`() async throws {
    let place = try await place()
    let before = try await place.value("select pg_backend_pid()")
    await #expect(throws: Stop.self) {
      try await place.database.transaction { session in
        try session.execute("insert into t values (1)")
        throw Stop()
      }
    }
    #expect(try await place.value("select count(*) from t") == "0")
    #expect(try await place.value("select pg_backend_pid()") == before)
  }

  @Test func `a statement that fails rolls back and the connection goes on`() async throws {
    let place = try await place()
    let before = try await place.value("select pg_backend_pid()")
    let error = try await postgresError {
      try await place.database.transaction { session in
        try session.execute("insert into t values (1)")
        try session.query("select 1 / 0")
      }
    }
    #expect(error.state?.rawValue == "22012")
    #expect(try await place.value("select count(*) from t") == "0")
    #expect(try await place.value("select pg_backend_pid()") == before)
  }

  @Test func `an error that the closure hides is not taken for a success`() async throws {
    let place = try await place()
    let error = try await postgresError {
      try await place.database.transaction { session in
        try session.execute("insert into t values (1)")
        _ = try? session.query("select 1 / 0")
      }
    }
    #expect(error.isInvalidStatement)
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `an error that comes only with the commit is thrown`() async throws {
    let place = try await place()
    let error = try await postgresError {
      try await place.database.transaction { session in try session.execute("insert into t values (1), (1)") }
    }
    #expect(error.state == .uniqueViolation)
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `a guardian's rows are looked at before anything runs`() async throws {
    let place = try await place()
    try await place.database.transaction(
      guardedBy: "select 7 as token",
      check: { rows in try #require(rows.map { try $0.value("token", as: Int.self) } == [7]) },
      { session in try session.execute("insert into t values (1)") })
    await #expect(throws: Stop.self) {
      try await place.database.transaction(
        guardedBy: "insert into t values (2)", check: { _ in throw Stop() },
        { session in try session.execute("insert into t values (3)") })
    }
    #expect(try await place.rows("select n from t") == [["1"]])
  }

  @Test func `a guardian that fails lets nothing run`() async throws {
    let place = try await place()
    let error = try await postgresError {
      try await place.database.transaction(guardedBy: "select 1 / 0") { session in
        try session.execute("insert into t values (1)")
      }
    }
    #expect(error.state?.rawValue == "22012")
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `a transaction that only reads refuses to write`() async throws {
    let place = try await place()
    let error = try await postgresError {
      try await place.database.transaction(readOnly: true) { session in
        try session.query("select 1 as n")
        try session.execute("insert into t values (1)")
      }
    }
    #expect(error.isWritesReadOnly)
    try await place.database.transaction { session in try session.execute("insert into t values (5)") }
    #expect(try await place.rows("select n from t") == [["5"]])
  }

  @Test func `a transaction that a session leaves open is rolled back`() async throws {
    let place = try await place()
    try await place.database.withSession { session in
      try session.query("begin")
      try session.execute("insert into t values (1)")
    }
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `a script is one transaction`() async throws {
    let place = try await place()
    let error = try await postgresError { try await place.execute("insert into t values (1); select 1 / 0") }
    #expect(error.state?.rawValue == "22012")
    #expect(try await place.value("select count(*) from t") == "0")
    try await place.execute("insert into t values (1); insert into t values (2);")
    #expect(try await place.value("select count(*) from t") == "2")
  }
}

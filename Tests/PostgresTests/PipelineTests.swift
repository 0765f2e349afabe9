import Postgres
import TestSupport
import Testing

@Suite struct PipelineTests {
  @Test func `each statement of a pipeline has its own answer`() async throws {
    let place = try await Place(migrated: false)
    let values = try await place.database.withSession { session in
      try session.pipeline((1...200).map { "select \($0) as n" }).map { try $0.only().value("n", as: Int.self) }
    }
    #expect(values == Array(1...200))
  }

  @Test func `the first error of a pipeline is thrown and nothing of it stays`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer)")
    let before = try await place.value("select pg_backend_pid()")
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.pipeline(["insert into t values (1)", "select 1 / 0", "select * from nowhere", "select 1"])
      }
    }
    #expect(error.state?.rawValue == "22012")
    #expect("\(error)".contains("select 1 / 0"))
    #expect(try await place.value("select count(*) from t") == "0")
    #expect(try await place.value("select pg_backend_pid()") == before)
  }

  @Test func `a pipeline inside a transaction fails the transaction and not the connection`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer)")
    let error = try await postgresError {
      try await place.database.transaction { session in
        try session.pipeline(["insert into t values (1)", "insert into t values (2)"])
        try session.pipeline(["select 1", "insert into nowhere values (1)"])
      }
    }
    #expect(error.state == .undefinedTable)
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `an empty pipeline has no answers`() async throws {
    let place = try await Place(migrated: false)
    let count = try await place.database.withSession { session in
      let nothing = try session.pipeline([])
      try session.query("select 1")
      return nothing.count
    }
    #expect(count == 0)
  }

  @Test func `a pipeline with large statements and answers does not stall`() async throws {
    let place = try await Place(migrated: false)
    let large = String(repeating: "x", count: 200_000)
    let sizes = try await place.database.withSession { session in
      try session.pipeline((1...100).map { _ in "select \(large)::text as x" }).map {
        try $0.only().value("x", as: String.self).utf8.count
      }
    }
    #expect(sizes == [Int](repeating: 200_000, count: 100))
  }

  @Test func `a value that cannot be sent ends the pipeline and the next call works`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (a text)")
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.pipeline(["insert into t values ('x')", "insert into t values (\("a\0b"))"])
      }
    }
    #expect(error.isInvalidStatement)
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `a large answer is read page by page`() async throws {
    let place = try await Place(migrated: false)
    for (total, sizes) in [(0, []), (7, [7]), (10, [10]), (25, [10, 10, 5])] {
      let pages = try await place.database.transaction { session in
        var pages: [[Int]] = []
        try session.forEachPage(of: "select n from generate_series(1, \(total)) as n", rows: 10) { page in
          pages.append(try page.map { try $0.value("n") })
        }
        return pages
      }
      #expect(pages.map(\.count) == sizes)
      #expect(pages.flatMap(\.self) == Array((0...total).dropFirst()))
    }
  }

  @Test func `two readings by pages may follow each other in one transaction`() async throws {
    let place = try await Place(migrated: false)
    let sum = try await place.database.transaction { session in
      var sum = 0
      for _ in 1...2 {
        try session.forEachPage(of: "select n from generate_series(1, 5) as n", rows: 2) { page in sum += page.count }
      }
      return sum
    }
    #expect(sum == 10)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a value that cannot be sent, first or later, leaves a connection that works`() async throws {
    let place = try await Place(migrated: false)
    let bad: Statement = "select \("a\0b")"
    for statements in [[bad], [bad, "select 1"], ["select 1", bad]] {
      let error = try await postgresError { try await place.database.withSession { try $0.pipeline(statements) } }
      #expect(error.isInvalidStatement)
      #expect(try await place.value("select 7") == "7")
    }
  }
}

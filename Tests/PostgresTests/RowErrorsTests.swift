import Postgres
import TestSupport
import Testing

@Suite struct RowErrorsTests {
  @Test func `a null where a value must be is told with its column`() async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.query("select null::text as nothing").only().value("nothing", as: String.self)
      }
    }
    #expect(error.isDecoding)
    #expect("\(error)" == "column nothing is null")
  }

  @Test func `a value of another kind is told with its column and text`() async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.query("select 'twelve' as number").only().value("number", as: Int.self)
      }
    }
    #expect(error.isDecoding)
    #expect("\(error)" == "column number holds «twelve», which is not a valid Int")
  }

  @Test func `a column that is not there is told by name`() async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.query("select 1 as a").only().optional("b", as: Int.self)
      }
    }
    #expect("\(error)" == "the answer has no column b")
  }

  @Test func `a column is found by its exact name`() async throws {
    let place = try await Place(migrated: false)
    try await place.database.withSession { session in
      let row = try session.query(#"select 1 as "Upper", 2 as upper, 3 as "with""quote""#).only()
      #expect(try row.value("Upper", as: Int.self) == 1)
      #expect(try row.value("upper", as: Int.self) == 2)
      #expect(try row.value("with\"quote", as: Int.self) == 3)
    }
  }

  @Test(arguments: [0, 2]) func `an answer that must have one row has no other number`(rows: Int) async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await place.database.withSession { session in
        _ = try session.query("select from generate_series(1, \(rows))").only()
      }
    }
    #expect("\(error)" == "expected one row, the server sent \(rows)")
  }

  @Test func `rows outlive the session and the connection`() async throws {
    let place = try await Place(migrated: false)
    let rows = try await place.database.withSession { session in
      try session.query("select n from generate_series(1, 1000) as n")
    }
    await place.database.close()
    #expect(try rows.map { try $0.value("n", as: Int.self) } == Array(1...1000))
  }

  @Test func `a statement tells how many rows it touched`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer)")
    let touched = try await place.database.withSession { session in
      [
        try session.execute("insert into t select generate_series(1, 12)"),
        try session.execute("update t set n = n where n <= 5"), try session.execute("delete from t where n > 100"),
      ]
    }
    #expect(touched == [12, 5, 0])
  }

  @Test func `a NUL in a text is refused before it is sent`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (a text)")
    for statement in ["insert into t values (\("a\0b"))", Statement(sql: "insert into t values ('a\0')")] {
      let error = try await postgresError {
        try await place.database.withSession { session in try session.execute(statement) }
      }
      #expect(error.isInvalidStatement)
    }
    let inArray = try await postgresError {
      try await place.database.withSession { session in
        try session.execute("insert into t select unnest(\(["a", "b\0c"])::text[])")
      }
    }
    #expect(inArray.isInvalidStatement)
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `arrays of any content come back element by element`() async throws {
    let place = try await Place(migrated: false)
    let wild: [String?] = [
      "a", "", "NULL", nil, "null", "{}", "{a,b}", #"q"q"#, #"\"#, #"\\""#, "a,b", " padded ", "\n", "'", "\"\u{301}",
      "\\\u{301}", "😀",
    ]
    let back = try await place.database.withSession { session in
      try session.query("select e from unnest(\(wild)::text[]) with ordinality as u (e, n) order by n")
        .map { row in try row.optional("e", as: String.self) }
    }
    #expect(back.map { $0.map { Array($0.utf8) } } == wild.map { $0.map { Array($0.utf8) } })
    let numbers = try await place.database.withSession { session in
      try session.query("select sum(n)::bigint as sum from unnest(\([1, 2, 3])::bigint[]) as n").only()
        .value("sum", as: Int.self)
    }
    #expect(numbers == 6)
  }

  @Test func `a quoted identifier reaches the column it names`() async throws {
    let place = try await Place(migrated: false)
    let name = "odd \"name\"; drop \"\u{301}"
    try await place.database.withSession { session in
      try session.execute("create temporary table t (\(identifier: name) integer)")
      try session.execute("insert into t (\(identifier: name)) values (\(5))")
      #expect(try session.query("select \(identifier: name) as n from t").only().value("n", as: Int.self) == 5)
    }
  }

  @Test func `a server's error says what it was in which statement`() async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await place.database.withSession { session in try session.query("select  nothing\nfrom nowhere") }
    }
    guard case .server(let said) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(said.state == .undefinedTable)
    #expect(said.statement == "select nothing from nowhere")
    #expect(said.position == 22)
    #expect("\(error)".contains("42P01"))
  }
}

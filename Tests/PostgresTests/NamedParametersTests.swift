import Testing

@testable import Postgres

@Suite struct NamedParametersTests {
  private func bind(_ text: String, _ values: [String: any PostgresEncodable] = ["a": 1, "b": "two"]) throws
    -> Statement
  {
    try Statement(file: "some.sql", Array(text.utf8), binding: values)
  }

  @Test func `a name is replaced by its number and bound`() throws {
    let statement = try bind("select :a, :b;")
    #expect(statement.sql == "select $1, $2;")
    #expect(statement.parameters.map(\.text) == ["1", "two"])
  }

  @Test func `a name that comes again is bound once`() throws {
    let statement = try bind("select :b, :a, :b, :b::text || :a")
    #expect(statement.sql == "select $1, $2, $1, $1::text || $2")
    #expect(statement.parameters.count == 2)
  }

  @Test func `a value that is not used is not bound`() throws {
    #expect(try bind("select 1").parameters.isEmpty)
  }

  @Test(arguments: [
    "select ':a'", "select 'it''s :a'", "select '\\', 1", #"select E'\':a'"#, #"select e'\\\':a', 1"#,
    #"select ":a" from x"#, #"select "a"":a""#, "select $$ :a $$", "select $tag$ :a $$ :b $tag$",
    "-- :a\nselect 1", "select 1 -- :a", "/* :a */ select 1", "/* 1 /* :a */ :b */ select 1",
    "select x::text", "select x::a", "select x :: a", "select a[1: 2]", "x := 1", "select '/*', 1",
    "select ': a' ", "select $$unfinished :a", "select 'unfinished :a", "/* unfinished :a", "select \"unfinished :a",
    #"select E'unfinished \"#, ":", "", "select 1 where a$b = ':a'",
  ])
  func `what only looks like a name stays as it is`(text: String) throws {
    let statement = try bind(text)
    #expect(statement.sql == text)
    #expect(statement.parameters.isEmpty)
  }

  @Test(arguments: [
    ("select 'x' || :a", "select 'x' || $1"), (#"select E'\\' || :a"#, #"select E'\\' || $1"#),
    (#"select 'back\' || :a"#, #"select 'back\' || $1"#), ("select $$x$$ || :a", "select $$x$$ || $1"),
    ("-- it's\nselect :a", "-- it's\nselect $1"), ("/* it's /* \" */ */ :a", "/* it's /* \" */ */ $1"),
    ("select :a::text", "select $1::text"), ("(:a)", "($1)"), (":a", "$1"), ("x=:a", "x=$1"),
    ("select type'\\', :a", "select type'\\', $1"), ("select $1$, :a", "select $1$, $1"),
    ("select a$b$c, :a", "select a$b$c, $1"), ("select 1--:b\n+:a", "select 1--:b\n+$1"),
    ("select 5/:a", "select 5/$1"),
  ])
  func `a name is bound right after what is quoted or commented`(text: String, sql: String) throws {
    let statement = try bind(text)
    #expect(statement.sql == sql)
    #expect(statement.parameters.map(\.text) == ["1"])
  }

  @Test func `names take letters digits and underscores`() throws {
    let statement = try bind("select :_Day2x-1", ["_Day2x": 5])
    #expect(statement.sql == "select $1-1")
  }

  @Test func `an unknown name is told with its line and with those that are known`() async throws {
    let error = try await postgresError { try bind("select 1\n  , 'x\ny',\n  :wrong") }
    #expect(error.isInvalidStatement)
    #expect("\(error)" == "some.sql, line 4: :wrong is not known here; known are :a, :b")
    let none = try await postgresError { try bind(":x", [:]) }
    #expect("\(none)" == "some.sql, line 1: :x is not known here; known are none")
  }

  @Test func `letters beyond ASCII pass through untouched`() throws {
    let statement = try bind("select 'ü€😀:a', \"naïve\" /* ° */, :a")
    #expect(statement.sql == "select 'ü€😀:a', \"naïve\" /* ° */, $1")
  }
}

import Testing

@testable import Postgres

@Suite struct SQLFragmentTests {
  private func fragment(_ text: String, _ inputs: [String: any PostgresEncodable] = [:]) -> SQLFragment {
    SQLFragment("some.sql", Array(text.utf8), inputs)
  }

  private func complaint(_ fragment: SQLFragment) async throws -> String {
    let error = try await postgresError { try fragment.statement() }
    #expect(error.isInvalidStatement)
    return "\(error)"
  }

  @Test func `fragments fill holes, each with its own inputs, and one name is bound once`() throws {
    let inner = fragment("a = :a and b = :b", ["a": 1, "b": "two"])
    let statement = try fragment("select :b where {condition} or {other}", ["b": "two"])
      .filling(["condition": inner, "other": fragment("{deep}").filling(["deep": inner])]).statement()
    #expect(statement.sql == "select $1 where a = $2 and b = $1 or a = $2 and b = $1")
    #expect(statement.names == ["b", "a"] && statement.parameters.map(\.text) == ["two", "1"])
  }

  @Test func `inputs that are bound later reach what fills the holes, and do not replace any`() throws {
    let statement = try fragment("select {inner}, :b").filling(["inner": fragment(":a, :b", ["a": 1])])
      .binding(["a": 2, "b": 3]).statement()
    #expect(statement.sql == "select $1, $2, $2" && statement.parameters.map(\.text) == ["1", "3"])
  }

  @Test func `fragments are joined, and a hole may stay empty`() throws {
    let parts = ["x", ":a", "{nothing}"].map {
      fragment($0, ["a": 1]).filling($0 == "{nothing}" ? ["nothing": .empty] : [:])
    }
    #expect(try SQLFragment.joined(parts, by: ", ").statement().sql == "x, $1, ")
    #expect(try SQLFragment.joined([], by: ", ").statement().sql == "")
    #expect(try SQLFragment.identifier("a\"b").statement().sql == "\"a\"\"b\"")
  }

  @Test func `a comment at the end of a filling does not swallow what follows`() throws {
    let filled = fragment("select ({inner})").filling(["inner": fragment("1 -- one")])
    #expect(try filled.statement().sql == "select (1 -- one\n)")
    #expect(try fragment("({inner})").filling(["inner": fragment("-- one\n1")]).statement().sql == "(-- one\n1)")
  }

  @Test(arguments: [
    "select '{a}'", "-- {a}\nselect 1", "select \"{a}\"", "/* {a} */", "$$ {a} $$", "'{1,2}'::int[]", "{ a }", "{a b}",
    "{}",
    "{", "{a", "{1}",
  ])
  func `what only looks like a hole stays as it is`(text: String) throws {
    #expect(try fragment(text).statement().sql == text)
  }

  @Test func `an input without a value and a hole without a filling are named with file and line`() async throws {
    let inner = SQLFragment("inner.sql", Array("1\n= :b".utf8), ["c": 1, "a": 1])
    let outer = fragment("select :a\n{hole}", ["a": 1, "b": 2])
    #expect(
      try await complaint(outer.filling(["hole": inner]))
        == "inner.sql, line 2: :b is not known here; known are :a, :c")
    #expect(try await complaint(outer) == "some.sql, line 2: nothing fills {hole}")
    #expect(try await complaint(outer.filling(["hole": .empty, "hall": .empty])) == "some.sql has no {hall} to fill")
    #expect(
      try await complaint(SQLFragment(sql: "select :x", file: "Module/File.swift", line: 7))
        == "Module/File.swift:7, line 1: :x is not known here; known are none")
  }

  @Test func `an input has one value in a statement`() async throws {
    let outer = fragment("select :a, {hole}", ["a": 1])
    let inner = SQLFragment("inner.sql", Array(":a".utf8), ["a": 2])
    #expect(
      try await complaint(outer.filling(["hole": inner]))
        == "inner.sql, line 1: :a has another value than in some.sql")
  }
}

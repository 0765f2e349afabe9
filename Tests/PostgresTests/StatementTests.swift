import Testing

@testable import Postgres

@Suite struct StatementTests {
  @Test func `an interpolated value is bound and leaves no trace in the text`() {
    let evil = "'; drop table x; --"
    let statement: Statement = "select \(evil), \(7) where \(true)"
    #expect(statement.sql == "select $1, $2 where $3")
    #expect(statement.parameters.map(\.text) == [evil, "7", "t"])
  }

  @Test func `a missing value is bound as null`() {
    let nothing: String? = nil
    let statement: Statement = "select \(nothing), \(Int?.none)"
    #expect(statement.parameters == [.null, .null])
  }

  @Test func `numbers and truth carry their type and a text leaves it to the server`() {
    let statement: Statement = "select \(1), \(Int64(2)), \(true), \(0.5), \("x"), \(["a"])"
    #expect(statement.parameters.map(\.type) == [20, 20, 16, 701, 0, 0])
  }

  @Test(arguments: [
    ("plain", #""plain""#), (#"has"quote"#, #""has""quote""#), ("Upper case", #""Upper case""#),
    (#"""#, #""""""#), ("a;b--", #""a;b--""#), ("\"\u{301}", "\"\"\"\u{301}\""),
  ])
  func `an identifier is quoted and a quote in it doubled`(name: String, quoted: String) {
    let statement: Statement = "select * from \(identifier: name)"
    #expect(Array(statement.sql.utf8) == Array("select * from \(quoted)".utf8))
    #expect(statement.parameters.isEmpty)
  }

  @Test func `an array quotes each element and escapes quotes and backslashes`() {
    let parameter = ["a", "b,c", #"q"u"#, #"b\s"#, "{}", "", "NULL"].postgresParameter
    #expect(parameter.text == #"{"a","b,c","q\"u","b\\s","{}","","NULL"}"#)
    #expect(([nil, "x"] as [String?]).postgresParameter.text == #"{NULL,"x"}"#)
    #expect([String]().postgresParameter.text == "{}")
  }

  @Test func `an array escapes a quote even when an accent follows it`() {
    let parameter = ["\"\u{301}", "\\\u{301}"].postgresParameter
    #expect(Array((parameter.text ?? "").utf8) == Array("{\"\\\"\u{301}\",\"\\\\\u{301}\"}".utf8))
  }

  @Test func `a time limit belongs to a copy and not to the statement itself`() {
    let statement: Statement = "select 1"
    #expect(statement.limited(to: .seconds(3)).timeLimit == .seconds(3))
    #expect(statement.timeLimit == nil)
  }

  @Test func `a summary is one short line without the values`() {
    let long = String(repeating: "column_name, ", count: 40)
    let statement = Statement(
      sql: "select \(long)\n  1\nwhere x = $1", parameters: [Parameter(type: 0, text: "secret")])
    #expect(statement.summary.count <= 120)
    #expect(!statement.summary.contains("\n"))
    #expect(!statement.summary.contains("secret"))
    #expect(Statement(sql: "select\n   1").summary == "select 1")
  }
}

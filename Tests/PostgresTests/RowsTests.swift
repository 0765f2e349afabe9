import Postgres
import TestSupport
import Testing

@Suite struct RowsTests {
  @Test func `values of all kinds come back as they went`() async throws {
    let place = try await Place(migrated: false)
    try await place.database.withSession { session in
      let row = try session.query(
        """
        select \(Int.min) as least, \(Int64.max) as most, \(true) as yes, \(false) as no,
          \(0.1) as tenth, \(-Double.infinity) as infinite, \("ü €") as text, \(Int?.none)::bigint as nothing
        """
      ).only()
      #expect(try row.value("least", as: Int.self) == Int.min)
      #expect(try row.value("most", as: Int64.self) == Int64.max)
      #expect(try row.value("yes", as: Bool.self))
      #expect(try !row.value("no", as: Bool.self))
      #expect(try row.value("tenth", as: Double.self) == 0.1)
      #expect(try row.value("infinite", as: Double.self) == -Double.infinity)
      #expect(try row.value("text", as: String.self) == "ü €")
      #expect(try row.optional("nothing", as: Int.self) == nil)
    }
  }

  private static let texts = [
    "plain", "", "it's", "a;b--/*", #"back\slash"#, #""quoted""#, "{curly,NULL}", "NULL", "$1", ":name", "\u{1}\u{7f}",
    "\t\r\n", "😀 é e\u{301}", "\"\u{301}", "\\\u{301}x", "'\u{301}", String(repeating: "long ", count: 20_000),
  ]

  @Test func `a text arrives byte by byte as it is`() async throws {
    let place = try await Place(migrated: false)
    for text in Self.texts {
      let row = try await place.database.withSession { session in
        try session.query("select \(text)::text as text, octet_length(\(text)::text) as bytes").only()
      }
      #expect(try Array(row.value("text", as: String.self).utf8) == Array(text.utf8))
      #expect(try row.value("bytes", as: Int.self) == text.utf8.count)
    }
  }

  @Test func `a text inside an array arrives byte by byte as it is`() async throws {
    let place = try await Place(migrated: false)
    for text in Self.texts {
      let row = try await place.database.withSession { session in
        try session.query("select (\([text, text])::text[])[2] as text").only()
      }
      #expect(try Array(row.value("text", as: String.self).utf8) == Array(text.utf8), "\(text.prefix(20))")
    }
  }
}

import TestSupport
import Testing

@testable import JobReport

/// The work that settings select, by name.
@Suite struct VariantTests {
  @Test func `pages in different files are different work`() throws {
    #expect(try variant(of: StatusPage.self, ["REPORT_FILE": "/a/b.html"]).hasPrefix("file-_a_b_html-"))
  }
}

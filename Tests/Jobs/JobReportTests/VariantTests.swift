import TestSupport
import Testing

@testable import JobReport

/// The work that settings select, by name.
@Suite struct VariantTests {
  @Test func `where a page is does not select, and its name does`() throws {
    #expect(try variant(of: StatusPage.self, ["REPORT_FILE": "/a/b.html"]) == "")
    #expect(try variant(of: StatusPage.self, ["REPORT_FILE": "/a/b.html", "REPORT_NAME": "shop"]) == "page-shop")
  }
}

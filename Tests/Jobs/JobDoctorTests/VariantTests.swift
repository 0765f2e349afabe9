import TestSupport
import Testing

@testable import JobDoctor

/// The work that settings select, by name.
@Suite struct VariantTests {
  @Test func `whatever it expects, it is one doctor`() throws {
    #expect(try variant(of: JobDoctor.self, ["HEALTH_EXPECT": "reindex=1h"]) == "")
  }
}

import JobRuntime
import TestSupport
import Testing

@testable import Reindex

/// The work that settings select, by name.
@Suite struct VariantTests {
  @Test(arguments: [
    (["REINDEX_MODE": "changed", "REINDEX_BATCH": "7"], ""),
    (["REINDEX_MODE": "pending", "REINDEX_ENTITIES": "license,asset"], "pending-of-asset,license"),
    (["REINDEX_MODE": "ids", "REINDEX_ENTITY": "asset", "REINDEX_IDS": "3, 12,3"], "ids-ids-12,3-of-asset"),
  ])
  func `work has one name however it is written`(settings: [String: String], name: String) throws {
    #expect(try variant(of: Reindex.self, settings) == name)
  }

  @Test func `ids that are named once have no series of their own`() {
    var env = Environment(["REINDEX_MODE": "ids", "REINDEX_ENTITY": "asset", "REINDEX_IDS": "3"])
    _ = Reindex.Settings(from: &env)
    #expect(env.variant == "ids-ids-3-of-asset" && env.series == "ids-of-asset")
  }
}

import TestSupport
import Testing

/// Schedules of one minute that differ in their work alone: other entities, ids, modes.
@Suite(.timeLimit(.minutes(10))) struct TwinTests {
  @Test(arguments: [false, true])
  func `other entities`(atOnce: Bool) async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    let twins = Twins(
      catalogue.place, Catalogue.binary, at: "2025-11-08T02:00:00Z", ["REINDEX_ENTITIES": "asset"],
      ["REINDEX_ENTITIES": "project,license"])
    try await twins.run(atOnce: atOnce)
    #expect(
      try await catalogue.place.rows("select distinct entity as a from search_documents order by 1")
        == [["asset"], ["license"], ["project"]])
    #expect(
      try await twins.health("reindex:of-asset=366d") == ["reindex:of-asset", "reindex:of-license,project"])
  }

  @Test func `other ids, and a mode beside the usual one`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    let ids = ["REINDEX_MODE": "ids", "REINDEX_ENTITY": "project"]
    let twins = Twins(
      catalogue.place, Catalogue.binary, at: "2025-11-08T02:00:00Z", ids.merging(["REINDEX_IDS": "1,2"]) { $1 },
      ids.merging(["REINDEX_IDS": "3"]) { $1 })
    try await twins.run(atOnce: true)
    #expect(try await catalogue.place.value("select count(*) from search_documents") == "3")
    try await Twins(
      catalogue.place, Catalogue.binary, at: "2025-11-08T03:00:00Z", [:], ["REINDEX_MODE": "pending"]
    ).run(atOnce: true)
  }
}

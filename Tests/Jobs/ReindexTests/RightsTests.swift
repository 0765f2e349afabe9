import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges can check and run in every mode`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    var restricted = try await catalogue.place.restricted("reindex")
    let check = try await catalogue.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    try await catalogue.place.execute(
      """
      insert into search_pending (entity, entity_id) values ('asset', '3');
      select oneshot.search_track('assets', 'asset');
      """)
    for mode in ["changed", "rebuild", "pending", "changed", "verify", "ids"] {
      restricted["REINDEX_MODE"] = mode
      if mode == "ids" { restricted.merge(["REINDEX_ENTITY": "asset", "REINDEX_IDS": "3"]) { $1 } }
      let run = try await catalogue.run([], restricted)
      #expect(run.exitCode == 0, "\(mode): \(run.output)\(run.errors)")
    }
    #expect(try await catalogue.differences() == [])
  }
}

import TestSupport
import Testing

/// Dead letters of reindex that somebody asked for: their documents are indexed by their ids, whatever the mode.
@Suite(.timeLimit(.minutes(10))) struct ReindexReplayTests {
  private let catalogue: Catalogue
  private var place: Place { catalogue.place }

  init() async throws {
    catalogue = try await Catalogue()
    try await catalogue.fill()
    // In two statements of a document each, the second of which fails.
    try await place.execute(
      "update assets set language = 'klingon' where id in (3, 6, 9); update assets set description = \(Self.huge) where id = 12"
    )
    let run = try await catalogue.run()
    #expect(run.exitCode == 65 && run.count("failed") == 4)
  }

  private static let huge = "(select string_agg(md5(g::text), ' ') from generate_series(1, 60000) g)"

  @Test(arguments: ["pending", "changed", "ids"])
  func `documents that were mended are indexed, others counted again, each told once`(mode: String) async throws {
    try await place.execute("update assets set language = null where id in (3, 6); delete from assets where id = 6")
    try await place.askForReplay("--job", "reindex")
    let settings = ["REINDEX_MODE": mode, "REINDEX_BATCH": "2"].merging(
      mode == "ids" ? ["REINDEX_ENTITY": "asset", "REINDEX_IDS": "15"] : [:]
    ) { $1 }
    let run = try await catalogue.run([], settings)
    #expect(run.exitCode == 65 && run.replayed == [4, 2, 2, 0], "\(run.output)\(run.errors)")
    #expect(run.result["errors_total"].int == 2, "\(run.output)")
    #expect(
      try await place.letters() == [
        "asset/12 pending 2", "asset/3 resolved 1", "asset/6 resolved 1", "asset/9 pending 2",
      ])
    // What is left out of the comparison must not make it fail.
    try await place.execute("update assets set description = null, language = null where id in (9, 12)")
    #expect(try await catalogue.differences(where: "entity_id not in ('9', '12')") == [])
  }

  @Test func `a rebuild does them with all others; a run that only looks, or has other entities, leaves them asked`()
    async throws
  {
    try await place.execute("update assets set language = null, description = null where id <> 9")
    try await place.askForReplay("--job", "reindex")
    for settings in [["REINDEX_MODE": "verify"], ["REINDEX_ENTITIES": "creator"]] {
      let run = try await catalogue.run([], settings)
      #expect(!run.result["details", "replayed"].isThere, "\(run.output)")
    }
    #expect(try await place.letters().allSatisfy { $0.hasSuffix("pending 1 asked") })
    let rebuild = try await catalogue.run([], ["REINDEX_MODE": "rebuild"])
    #expect(rebuild.exitCode == 65 && rebuild.replayed == [4, 3, 1, 0], "\(rebuild.output)")
    try await place.execute("update assets set language = null")
    try await place.askForReplay("--job", "reindex")
    let run = try await catalogue.run([], ["REINDEX_MODE": "pending"])
    #expect(run.exitCode == 0 && run.replayed == [1, 1, 0, 0], "\(run.output)")
    #expect(try await catalogue.differences() == [])
  }

  @Test func `an entity that failed is for the run that reads all of it`() async throws {
    try await place.execute(
      "update assets set language = null, description = null; alter table licenses rename to away")
    let failed = try await catalogue.run()
    #expect(failed.exitCode == 65)
    try await place.askForReplay("--job", "reindex")
    try await place.execute("alter table away rename to licenses")
    let pending = try await catalogue.run([], ["REINDEX_MODE": "pending"])
    #expect(pending.exitCode == 0 && !pending.result["details", "replayed"].isThere, "\(pending.output)")
    let changed = try await catalogue.run()
    #expect(changed.exitCode == 0 && changed.replayed == [1, 1, 0, 0], "\(changed.output)")
    #expect(try await place.letters().allSatisfy { $0.contains("resolved") })
  }

  @Test(arguments: ["pending", "rebuild"])
  func `a rebuild that does not reach its swap leaves them asked, and the next run does them`(mode: String) async throws
  {
    try await place.execute("update assets set language = null, description = null")
    try await place.askForReplay("--job", "reindex")
    let reader = try await OpenTransaction(in: place, "select count(*) from search_documents")
    try await catalogue.kill(["REINDEX_MODE": "rebuild"], past: "searches block the swap")
    try await reader.rollBack()
    #expect(try await place.letters().allSatisfy { $0.hasSuffix("pending 1 asked") })
    let next = try await catalogue.run([], ["REINDEX_MODE": mode])
    #expect(next.exitCode == 0 && next.replayed == [4, 4, 0, 0], "\(next.output)\(next.errors)")
    #expect(
      try await catalogue.differences(where: mode == "rebuild" ? "true" : "entity_id in ('3', '6', '9', '12')") == [])
  }
}

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

  @Test func `the rebuild of another installation is left alone while it goes on, and dropped once its time is over`()
    async throws
  {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    let place = catalogue.place
    try await place.execute("select oneshot.search_rebuild_start()")
    try await PlantedLedger(place).plant("reindex", variant: "rebuild", "running")
    try await place.execute("update oneshot.job_runs set instance = 'a'")
    func run(_ mode: String) async throws -> Binary.Outcome {
      try await Catalogue.binary.run([], place.environment.merging(["JOB_INSTANCE": "b", "REINDEX_MODE": mode]) { $1 })
    }
    let isThere = "to_regclass('search_documents_new') is not null"
    for mode in ["pending", "changed", "rebuild"] {
      let outcome = try await run(mode)
      #expect(outcome.exitCode == 75 && outcome.result["error", "kind"].string == "busy", "\(outcome.output)")
      #expect(outcome.result["error", "message"].string?.contains("a/reindex:rebuild") == true, "\(outcome.output)")
      #expect(try await place.value(isThere) == "true")
    }
    try await place.execute(
      "update oneshot.job_runs set deadline_at = now() - interval '2 minutes' where instance = 'a'")
    #expect(try await run("pending").exitCode == 0)
    #expect(try await place.value(isThere) == "false")
  }

  @Test func `a rebuild does not start while another installation writes the tables, others do`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    try await PlantedLedger(catalogue.place).plant("reindex", variant: "pending", "running")
    try await catalogue.place.execute("update oneshot.job_runs set instance = 'a'")
    for (mode, code) in [("rebuild", 75), ("changed", 0)] as [(String, Int32)] {
      let outcome = try await Catalogue.binary.run(
        [], catalogue.place.environment.merging(["JOB_INSTANCE": "b", "REINDEX_MODE": mode]) { $1 })
      #expect(outcome.exitCode == code, "\(outcome.output)")
    }
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

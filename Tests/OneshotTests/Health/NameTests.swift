import TestSupport
import Testing

/// Names in `HEALTH_EXPECT` and `HEALTH_MAY_IDLE` that no run has.
@Suite(.timeLimit(.minutes(15))) struct NameTests {
  private func messages(_ ledger: PlantedLedger, _ settings: [String: String]) async throws -> [String] {
    try await ledger.oneshot(["health", "--json"], settings).result["troubles"].elements.map {
      "\($0["job"].string ?? "") \($0["kind"].string ?? ""): \($0["message"].string ?? "")"
    }
  }

  @Test(arguments: [
    ("usage-agregation", "usage-aggregation"), ("usage-aggregation:pendin", "usage-aggregation:pending"),
    ("Usage-Aggregation", "usage-aggregation"),
  ])
  func `one that is nearly that of somebody's runs is named at once, by command and doctor`(
    written: String, meant: String
  ) async throws {
    let ledger = try await PlantedLedger()
    try await ledger.place.execute("update oneshot.migrations set applied_at = now()")
    for variant in ["", "pending"] { try await ledger.plant("usage-aggregation", variant: variant, count: 9) }
    let settings = ["HEALTH_EXPECT": "\(written)=1h"]
    let found = try await messages(ledger, settings)
    #expect(found.count == 1 && found[0].contains("missed: no run of it was ever seen"), "\(found)")
    #expect(found.first?.contains("Did HEALTH_EXPECT mean \(meant)?") == true, "\(found)")
    let doctor = try await ledger.doctor(settings)
    #expect(doctor.exitCode == 65 && doctor.output.contains("Did HEALTH_EXPECT mean \(meant)?"))
  }

  @Test func `a new job whose name is like that of another that is expected has its time`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.place.execute("update oneshot.migrations set applied_at = now()")
    try await ledger.plant("job-a", count: 9)
    #expect(try await messages(ledger, ["HEALTH_EXPECT": "job-a=1h,job-b=1h"]) == [])
  }

  @Test func `in a ledger without runs a name is compared with the jobs of the package`() async throws {
    let ledger = try await PlantedLedger()
    let found = try await messages(ledger, ["HEALTH_EXPECT": "top-stat=1h,somebody-elses=1h"])
    #expect(found.count == 2 && found[1].contains("Did HEALTH_EXPECT mean top-stats?"), "\(found)")
    #expect(found.first?.contains("Did HEALTH_EXPECT mean") == false)
  }

  @Test func `a job that is idle says which name in HEALTH_MAY_IDLE was probably meant for it`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("reindex", variant: "pending", count: 9, items: 0)
    let found = try await messages(ledger, ["HEALTH_MAY_IDLE": "reindex:pendng other"])
    #expect(found.count == 1 && found[0].contains("names «reindex:pendng»: no run has that name"), "\(found)")
    #expect(try await messages(ledger, ["HEALTH_MAY_IDLE": "other"]).first?.contains("names «") == false)
  }
}

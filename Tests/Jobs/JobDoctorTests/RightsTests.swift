import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges can check, and run when something begins and ends`()
    async throws
  {
    let place = try await Place()
    var restricted = try await place.restricted("job-doctor")
    restricted["HEALTH_EXPECT"] = "top-stats=1h"
    try await place.execute("update oneshot.migrations set applied_at = now() - interval '9 days'")
    let doctor = Binary("job-doctor")
    let check = try await doctor.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await doctor.run([], restricted)
    #expect(run.exitCode == 65 && run.result["counts", "opened"].int == 1, "\(run.output)\(run.errors)")
    restricted["HEALTH_EXPECT"] = ""
    restricted["DOCTOR_SETTLE"] = "0s"
    let well = try await doctor.run([], restricted)
    #expect(well.exitCode == 0 && well.result["counts", "over"].int == 1, "\(well.output)\(well.errors)")
  }
}

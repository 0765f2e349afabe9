import TestSupport
import Testing

/// The privileges that the job's page names are enough, and each is needed.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  private func loading() async throws -> (Loading, [String: String]) {
    let loading = try await Loading(["STAGE_TABLE": "post_tallies", "STAGE_SHRINK": "0%"])
    try await loading.place.createTables(of: "stage-table")
    return (loading, try await loading.place.restricted("stage-table"))
  }

  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let (loading, restricted) = try await loading()
    let check = try await loading.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    for settings in [[:], ["STAGE_BAD_ROWS": "skip"]] as [[String: String]] {
      let stream = "1\tlike\t2025-11-07\t\(4 + settings.count)\n2\tlike\t2025-11-07\t1\n\\.\n"
      let run = try await loading.load(stream, restricted.merging(settings) { $1 })
      #expect(run.exitCode == 0 && run.count("updated") == 1, "\(run.output)\(run.errors)")
    }
  }

  @Test(arguments: ["select", "insert", "update", "delete"])
  func `check names a grant that is missing`(grant: String) async throws {
    let (loading, restricted) = try await loading()
    try await loading.place.execute("revoke \(grant) on post_tallies from \(loading.place.own("jobs"))")
    let check = try await loading.run(["--check"], restricted)
    #expect(check.exitCode == 77 && check.output.contains("may not \(grant) post_tallies"), "\(check.output)")
  }
}

import TestSupport
import Testing

/// Row level security that applies to the role of a job: no job takes hidden rows for rows that are not there.
@Suite(.timeLimit(.minutes(10))) struct RowSecurityTests {
  /// A run of each kind as the role of the job's page, from which rows of a table are hidden once it has run well.
  ///
  /// - Parameters:
  ///   - kept: yields what the job keeps.
  ///   - settings: of each run that must change nothing of it.
  private func expect<Fixture: JobFixture>(
    _ fixture: Fixture, keeps kept: () async throws -> [String], hiding table: String, _ exitCode: Int32,
    _ settings: [[String: String]] = [[:]]
  ) async throws {
    let (place, role) = (fixture.place, try await fixture.place.restricted(Fixture.job))
    #expect(try await fixture.run([], role).exitCode == 0)
    let before = try await kept()
    #expect(!before.isEmpty)
    try await place.execute("alter table \(table) enable row level security")
    for settings in settings {
      let run = try await fixture.run([], role.merging(settings) { $1 })
      #expect(run.exitCode == exitCode && run.output.contains("row-level security policy"), "\(run.output)")
      #expect(run.output.contains("bypassrls"), "\(run.output)")
      #expect(try await kept() == before)
    }
    try await place.execute("alter role \(place.own("jobs")) bypassrls")
    #expect(try await fixture.run([], role).exitCode == 0)
  }

  @Test func `boards keep their members`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    try await expect(boards, keeps: { try await boards.board("comments") }, hiding: "feed_comments", 65)
  }

  @Test func `rollups keep their rows, in a rebuild too`() async throws {
    let rollups = try await Rollups()
    try await rollups.add(300)
    try await expect(
      rollups, keeps: { try await rollups.place.rows("select r::text as a from (\(Rollups.stored)) r").map { $0[0] } },
      hiding: "metric_events", 77, [[:], ["ROLLUPS_MODE": "rebuild"]])
  }

  @Test func `stored counters stay as they are`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    try await expect(
      usage, keeps: { try await usage.stored().map { "\($0) \($1)" } }, hiding: "merchant_usage", 77,
      [["USAGE_DAYS": "2025-11-07"]])
  }

  @Test(arguments: [
    ("usage-aggregation", "merchant_usage"), ("metrics-rollups", "metric_events"), ("reindex", "search_documents"),
    ("top-stats", "feed_likes"), ("job-doctor", "oneshot.job_runs"), ("job-report", "oneshot.dead_letters"),
  ])
  func `check names the table, for every job`(job: String, table: String) async throws {
    let place =
      switch job {
      case "top-stats": try await Leaderboards().place
      case "reindex": try await Catalogue().place
      default: try await Place()
      }
    let folder = try TemporaryFolder()
    let settings = try await place.restricted(job).merging(["REPORT_FILE": "\(folder.path)/report.html"]) { $1 }
    let good = try await Binary(job).run(["--check"], settings)
    #expect(good.exitCode == 0, "\(good.output)")
    try await place.execute("alter table \(table) enable row level security")
    let check = try await Binary(job).run(["--check"], settings)
    let said = check.result["errors"].elements.compactMap { $0["message"].string }
    #expect(check.exitCode == 77, "\(check.output)")
    #expect(said.contains { $0.contains("row level security of \(table)") && $0.contains("bypassrls") }, "\(said)")
  }
}

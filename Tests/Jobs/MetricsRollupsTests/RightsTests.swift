import Foundation
import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges can do all, and one for events writes them`() async throws {
    let rollups = try await Rollups()
    let restricted = try await rollups.place.restricted("metrics-rollups")
    let writer = rollups.place.own("writer")
    try await rollups.place.execute(
      """
      create role \(writer) login; grant select, insert, update, delete on metric_events to \(writer);
      set role \(writer);
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'm', 'e', 'i', g, timestamptz '2025-11-07' - g * interval '1 day' from generate_series(1, 100) g;
      update metric_events set value = 7 where id = 7; delete from metric_events where id = 8; reset role;
      """)
    let check = try await rollups.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    for mode in ["incremental", "verify", "rebuild"] {
      let run = try await rollups.run([], restricted.merging(["ROLLUPS_MODE": mode]) { $1 })
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    #expect(try await rollups.differences() == [])
    let keeps = restricted.merging(["ROLLUPS_KEEP_RAW": "9d"]) { $1 }
    let refused = try await rollups.run(["--check"], keeps)
    #expect(refused.exitCode == 77 && refused.output.contains("may not delete metric_events"), "\(refused.output)")
    let role = rollups.place.own("jobs")
    try await rollups.place.execute("grant delete on metric_events to \(role)")
    let run = try await rollups.run([], keeps)
    #expect(run.exitCode == 0 && (run.count("raw_removed") ?? 0) > 80, "\(run.output)")
    #expect(
      try await rollups.place.value("select sum(count) from metric_rollups where granularity = 'daily'") == "99")
  }

  @Test func `check names a source that has a mistake, and the tables that campaigns need`() async throws {
    let rollups = try await Rollups()
    let folder = try TemporaryFolder()
    try "select 1 as metric\nfrom nowhere".write(toFile: "\(folder.path)/mine.sql", atomically: true, encoding: .utf8)
    let check = try await rollups.run(["--check"], ["ROLLUPS_SOURCES_DIR": folder.path])
    #expect(check.exitCode == 78 && check.output.contains("mine.sql, line 2: relation"), "\(check.output)")
    let campaigns = try await rollups.run(["--check"], ["ROLLUPS_SOURCES": "campaign_analytics"])
    #expect(campaigns.exitCode == 78 && campaigns.output.contains("the table campaign_rewards does not exist"))
  }
}

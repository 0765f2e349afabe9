import Foundation
import TestSupport
import Testing

/// `oneshot grants`: what it prints is enough for the jobs that it names, and no less would be.
@Suite(.timeLimit(.minutes(10))) struct GrantsTests {
  private let place: Place
  private let role: String
  private static let jobs = ["usage-aggregation", "metrics-rollups", "job-doctor", "event-drain", "job-report"]

  init() async throws {
    place = try await Place()
    role = place.own("granted")
  }

  private func grants(_ words: [String], _ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await Binary("oneshot").run(
      ["grants", "--role", role] + words, place.environment.merging(settings) { $1 })
  }

  /// Settings that lead a job here as the role that has the grants and nothing else.
  private func restricted(_ sql: String, _ settings: [String: String] = [:]) async throws -> [String: String] {
    try await place.execute("create role \(role) login; \(sql)")
    return place.environment
      .merging(["DATABASE_URL": place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")]) { $1 }
      .merging(settings) { $1 }
  }

  @Test func `a role with what it prints can check and run the jobs`() async throws {
    let folder = try TemporaryFolder()
    let settings = ["REPORT_FILE": "\(folder.path)/report.html", "EVENTS_SOURCE": "postgres"]
    let printed = try await grants(Self.jobs, settings)
    #expect(printed.exitCode == 0, "\(printed.errors)")
    let restricted = try await restricted(printed.output, settings)
    for job in Self.jobs {
      let check = try await Binary(job).run(["--check"], restricted)
      #expect(check.exitCode == 0, "\(check.output)")
      let run = try await Binary(job).run([], restricted)
      #expect(run.result["status"].string == "succeeded", "\(run.output)\(run.errors)")
    }
    // And those that are not named cannot.
    #expect(try await Binary("outbox-delivery").run(["--check"], restricted).exitCode != 0)
  }

  @Test func `a check names each privilege that is taken away`() async throws {
    let printed = try await grants(["usage-aggregation"])
    let restricted = try await restricted(printed.output)
    let tables = printed.output.matches(of: /grant ([a-z, ]+) on ([a-z_]+\.[a-z_]+) to/)
    #expect(tables.count == 8, "\(printed.output)")
    for table in tables {
      for privilege in table.output.1.split(separator: ", ") {
        try await place.execute("revoke \(privilege) on \(table.output.2) from \(role)")
        let check = try await Binary("usage-aggregation").run(["--check"], restricted)
        let name = table.output.2.replacing("public.", with: "")
        #expect(
          check.exitCode == 77 && check.output.contains("may not \(privilege) \(name)"),
          "\(privilege) \(name): \(check.output)")
        try await place.execute("grant \(privilege) on \(table.output.2) to \(role)")
      }
    }
    try await place.execute("revoke usage on schema oneshot from \(role)")
    #expect(try await Binary("usage-aggregation").run(["--check"], restricted).exitCode == 77)
  }

  @Test func `settings decide, from a folder too, and what is not there is named`() async throws {
    let folder = try TemporaryFolder()
    try "TOP_STATS_HISTORY=true\n".write(toFile: "\(folder.path)/top-stats.settings", atomically: true, encoding: .utf8)
    let history = try await grants(["--settings", folder.path])
    #expect(history.output.contains("top_stats_history to"), "\(history.output)\(history.errors)")
    #expect(history.output.hasPrefix("-- What top-stats needs"))
    // Boards whose tables are not there are off.
    #expect(history.exitCode == 0 && history.errors.contains("; what reads it is off"), "\(history.errors)")
    #expect(try await !grants(["top-stats"]).output.contains("top_stats_history"))
    let wrong = try await grants(["stage-table"])
    #expect(wrong.exitCode == 1 && wrong.errors.contains("STAGE_TABLE"), "\(wrong.errors)")
    let own = try await grants(["reindex"], ["REINDEX_ENTITIES_DIR": folder.path])
    #expect(own.output.contains("own SQL reads (REINDEX_ENTITIES_DIR)"), "\(own.output)")
    #expect(try await grants(["no-such-job"]).exitCode == 78)
  }

  @Test func `a role's name is one name, whatever it contains`() async throws {
    let name = #"a"b; drop schema oneshot"#
    let printed = try await Binary("oneshot").run(["grants", "job-doctor", "--role", name], place.environment)
    #expect(printed.output.contains(#"to "a""b; drop schema oneshot";"#), "\(printed.output)")
  }

  @Test func `what was never migrated is left out, unless it is named`() async throws {
    try await place.execute("delete from oneshot.migrations where line = 'usage'")
    let all = try await grants([])
    let lines = all.output.split(separator: "\n")
    #expect(lines[0].contains("job-doctor") && !lines[0].contains("usage-aggregation"), "\(all.output)")
    #expect(lines[1].hasPrefix("-- Not installed here") && lines[1].contains("usage-aggregation"), "\(all.output)")
    #expect(!all.output.contains("usage_days") && all.output.contains("oneshot.incidents"))
  }
}

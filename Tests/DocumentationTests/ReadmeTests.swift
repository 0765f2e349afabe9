import Foundation
import JobRuntime
import Redis
import TestSupport
import Testing

@testable import JobDoctor
@testable import JobReport
@testable import MetricsRollups
@testable import Oneshot
@testable import Reindex
@testable import TopStats
@testable import UsageAggregation

/// The tables of README and docs come from the code. `UPDATE_README=1 swift test --filter ReadmeTests` writes them anew.
@Suite(.serialized) struct ReadmeTests {
  private func expect(_ part: String, in path: String = "README.md", is lines: [String]) throws {
    let page = try Page(path)
    let wanted = lines.map { $0 + "\n" }.joined()
    if ProcessInfo.processInfo.environment["UPDATE_README"] == "1" {
      try page.replacePart(part, with: wanted)
    } else {
      #expect(try page.part(part) == wanted, "UPDATE_README=1 swift test --filter ReadmeTests mends it")
    }
  }

  private func table(of declarations: [SettingDeclaration]) -> [String] {
    ["| name | form | default | meaning |", "|---|---|---|---|"]
      + declarations.map { setting in
        let name = "`\(setting.name)`" + (setting.isSecret ? "*" : "")
        return "| \(name) | \(setting.form) | \(setting.defaultText) | \(setting.help) |"
      }
  }

  @Test func `the tables of settings are the declarations`() throws {
    try expectSettings(of: UsageAggregation.self)
    try expectSettings(of: TopStats.self)
    try expectSettings(of: MetricsRollups.self)
    try expectSettings(of: Reindex.self)
    try expectSettings(of: JobDoctor.self)
    try expectSettings(of: StatusPage.self)
    try expect("settings common", is: table(of: settingsTable(of: UsageAggregation.self).common))
  }

  private func expectSettings<J: Job>(of job: J.Type) throws {
    try expect(
      "settings \(J.name)", in: "docs/jobs/\(J.name).md", is: table(of: settingsTable(of: J.self).own))
  }

  @Test func `the table of commands is the declarations`() throws {
    try expect(
      "commands",
      is: ["| command | what it does |", "|---|---|"]
        + Commands.declarations.map { "| `oneshot \($0.name)` | \($0.summary) |" })
  }

  @Test func `the page for operators speaks of every command`() throws {
    let page = try Page("docs/operate.md").text
    for command in Commands.declarations { #expect(page.contains("oneshot \(command.name)"), "\(command.name)") }
  }

  @Test func `the table of exit codes is the code's`() throws {
    try expect(
      "exit codes",
      is: ["| status | exit | when | a scheduler should |", "|---|---|---|---|"]
        + ExitCode.all.map { row in
          let codes = row.codes.map(String.init).joined(separator: ", ")
          return "| \(row.title) | \(codes) | \(row.meaning) | \(row.advice.rawValue) |"
        })
  }

  @Test func `the table of dead letters is what jobs declare`() throws {
    let jobs: [any Job.Type] = [UsageAggregation.self, TopStats.self, MetricsRollups.self, Reindex.self]
    try expect(
      "letter kinds", in: "docs/when-things-go-wrong.md",
      is: ["| job | `kind` | cause | remedy |", "|---|---|---|---|"]
        + jobs.flatMap { job in
          job.facts.letterKinds.map { "| \(job.facts.name) | `\($0.name)` | \($0.cause) | \($0.remedy) |" }
        })
  }

  @Test func `every kind of bad counter is declared`() {
    let declared = Set(UsageAggregation.facts.letterKinds.map(\.name))
    #expect(declared.isSuperset(of: CounterKey.Problem.allCases.map(\.rawValue)))
    #expect(declared.isSuperset(of: CounterValue.Problem.allCases.map(\.rawValue)))
  }

  @Test func `the page for bad days knows every failure and every exit code`() throws {
    let page = try Page("docs/when-things-go-wrong.md").text
    for kind in FailureKind.allCases.map(\.rawValue) { #expect(page.contains("`\(kind)`"), "\(kind)") }
    for code in FailureKind.allCases.map(\.exitCode) + [65] { #expect(page.contains("## \(code): "), "\(code)") }
  }

  @Test func `a role and a user with its page's privileges, and nothing more, can check and run`() async throws {
    let usage = try await Usage()
    var restricted = try await usage.place.restricted("usage-aggregation")
    restricted["USAGE_SET_TTL"] = "7d"
    try await usage.set(["m:2025-11-07:x": "5", "bad:2025-11-07:x": "?"])
    let check = try await usage.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(try await usage.run([], restricted).exitCode == 65)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
  }

  @Test func `so can those of top-stats`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    var restricted = try await boards.place.restricted("top-stats")
    restricted.merge(["TOP_STATS_HISTORY": "true", "TOP_STATS_TTL": "1d", "TOP_STATS_HISTORY_KEEP": "9d"]) { $1 }
    let check = try await boards.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    for _ in 1...2 {
      let run = try await boards.run([], restricted)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    #expect(try await !boards.board("comments").isEmpty)
  }

  @Test func `so can those of metrics-rollups, and a role that only writes events`() async throws {
    let rollups = try await Rollups()
    let restricted = try await rollups.place.restricted("metrics-rollups")
    let writer = "writer_\(rollups.place.redisURL.split(separator: "=").last ?? "")"
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
    let role = "jobs_\(rollups.place.redisURL.split(separator: "=").last ?? "")"
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

  @Test func `so can those of job-report`() async throws {
    let reports = try await Reports()
    try await reports.add("reindex", ago: "1 hour", status: "failed", kind: "internal", message: "a message")
    try await reports.addDeadLetter("reindex", item: "asset:1", message: "too long")
    var restricted = try await reports.place.restricted("job-report")
    restricted["REPORT_FILE"] = reports.file
    let check = try await Reports.binary.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await Reports.binary.run([], restricted)
    #expect(
      run.exitCode == 0 && reports.page().contains("a message") && reports.page().contains("asset:1"), "\(run.output)")
  }

  @Test func `so can those of reindex, in every mode`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.fill()
    var restricted = try await catalogue.place.restricted("reindex")
    let check = try await catalogue.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    try await catalogue.place.execute("insert into search_pending (entity, entity_id) values ('asset', '3')")
    for mode in ["changed", "rebuild", "pending", "changed", "verify", "ids"] {
      restricted["REINDEX_MODE"] = mode
      if mode == "ids" { restricted.merge(["REINDEX_ENTITY": "asset", "REINDEX_IDS": "3"]) { $1 } }
      let run = try await catalogue.run([], restricted)
      #expect(run.exitCode == 0, "\(mode): \(run.output)\(run.errors)")
    }
    #expect(try await catalogue.differences() == [])
  }

  @Test func `so can those of job-doctor, in what it finds and in what is over`() async throws {
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
    let well = try await doctor.run([], restricted)
    #expect(well.exitCode == 0 && well.result["counts", "over"].int == 1, "\(well.output)\(well.errors)")
  }

  @Test func `the operator's role and user can do what the page says, and run no job`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5", "bad:2025-11-07:x": "?"])
    let id = try #require(try await usage.run([], ["JOB_LOCK_MIN_HOLD": "10m"]).result["run_id"].string)
    let restricted = try await usage.place.restricted(as: "oneshot_operator", in: "docs/operate.md")
    let oneshot = Binary("oneshot")
    let item = "usage:bad:2025-11-07:x"
    for words in [
      ["health"], ["runs"], ["run", id], ["locks"], ["unlock", "usage-aggregation", "--yes"], ["dead-letters", "list"],
      ["dead-letters", "show", "usage-aggregation", item], ["dead-letters", "replay", "usage-aggregation", item],
      ["dead-letters", "discard", "usage-aggregation", item],
    ] {
      let outcome = try await oneshot.run(words, restricted)
      // The last run was partial, which is not well.
      #expect(outcome.exitCode == (words == ["health"] ? 1 : 0), "\(words): \(outcome.errors)")
      #expect(!outcome.output.contains("not known"), "\(words): \(outcome.output)")
    }
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
    let role = restricted["DATABASE_URL"]?.firstMatch(of: /user=([a-z0-9_]+)/)?.output.1 ?? ""
    #expect(
      try await usage.place.value(
        """
        select count(*) from pg_class where relnamespace = 'oneshot'::regnamespace and relkind in ('r', 'p')
          and has_table_privilege('\(role)', oid, 'insert, delete, truncate')
        """) == "0")
    #expect(try await Usage.binary.run([], restricted).exitCode == 77, "no job may run as it")
  }

  @Test func `the page's entity works as it stands there`() async throws {
    let folder = try TemporaryFolder()
    try Page("docs/jobs/reindex.md").code("help_page")
      .write(toFile: "\(folder.path)/help_page.sql", atomically: true, encoding: .utf8)
    let catalogue = try await Catalogue()
    try await catalogue.place.execute(
      """
      create table help_pages (slug text primary key, heading text, body text, lang text, is_published boolean);
      insert into help_pages values ('start', 'Getting started', 'First steps', 'en', true),
        ('anfang', 'Erste Schritte', 'Häuser bauen', 'de', true), ('draft', 'Getting nowhere', '', 'en', false);
      """)
    let run = try await catalogue.run([], ["REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "help_page"])
    #expect(run.exitCode == 0 && run.count("inserted") == 2, "\(run.output)")
    #expect(try await catalogue.place.value("select string_agg(entity_id, ' ') from search('getting')") == "start")
    #expect(try await catalogue.place.value("select string_agg(entity_id, ' ') from search('Haus')") == "anfang")
  }
}

import Foundation
import Migrations
import Operations
import Postgres
import Redis
import TestSupport
import Testing

/// What a scheduler and a person see of a binary.
@Suite(.timeLimit(.minutes(10))) struct ContractTests {
  private let job = Binary("usage-aggregation")
  /// Addresses where nobody listens.
  private let nowhere = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"]

  @Test func `help and version answer on stdout with 0`() async throws {
    let help = try await job.run(["--help"])
    #expect(help.exitCode == 0)
    #expect(help.output.contains("USAGE_DAYS") && help.output.contains("JOB_LOCK_TTL") && help.errors.isEmpty)
    let version = try await job.run(["--version"])
    #expect(version.exitCode == 0 && version.output.hasPrefix("usage-aggregation 0."))
  }

  @Test(arguments: JobNames.all)
  func `describe answers with one line of what help says, whatever the environment`(name: String) async throws {
    let binary = Binary(name)
    let bad = ["DATABASE_URL": "nonsense", "DATABASE_URL_FILE": "/nowhere", "JOB_LOG_LEVEL": "loud"]
    let run = try await binary.run(["--describe"], bad)
    #expect(run.exitCode == 0 && run.errors.isEmpty)
    let facts = run.result
    #expect(facts["name"].string == name)
    #expect(facts["stops_within_seconds"].int == 10)
    let help = try await binary.run(["--help"]).output
    #expect(help.contains(facts["summary"].string ?? "?"))
    let settings = facts["settings"].elements
    #expect(settings.count == help.matches(of: #/(?m)^  [A-Z0-9_]+\*? /#).count)
    for setting in settings {
      let given = try #require(setting["name"].string)
      #expect(help.contains("  \(given)\(setting["secret"].bool == true ? "*" : " ")"), "\(given)")
    }
    let required = settings.filter { $0["required"].bool == true }.compactMap { $0["name"].string }
    // The settings of jobs' own that have no default: a page's file, a table, and folders.
    let own: Set = ["REPORT_FILE", "STAGE_TABLE", "PREVIEWS_SOURCE_DIR", "PREVIEWS_TARGET_DIR"]
    #expect(required.filter { !own.contains($0) } == ["DATABASE_URL", "REDIS_URL"])
    let codes = facts["exit_codes"].elements
    let final = codes.filter { $0["retry"].bool == false }.flatMap { $0["codes"].elements.compactMap(\.int) }
    #expect(Set(final) == [0, 64, 65, 77, 78])
    #expect(Set(codes.flatMap { $0["codes"].elements.compactMap(\.int) }) == [0, 64, 65, 69, 70, 75, 77, 78, 130, 143])
    let tables = facts["tables"].elements.compactMap { $0["table"].string }
    #expect(tables.contains("oneshot.job_runs") && Set(tables).count == tables.count)
  }

  @Test(arguments: [
    ["--nonsense"], ["run"], ["--plan", "--check"], ["--plan", "x"], ["--help", "x"], ["--describe", "x"],
  ])
  func `an unknown argument is 64`(arguments: [String]) async throws {
    let run = try await job.run(arguments, nowhere)
    #expect(run.exitCode == 64)
    #expect(run.result["error", "kind"].string == "usage")
  }

  @Test func `all bad settings are named at once, and nothing is contacted`() async throws {
    let bad = [
      "DATABASE_URL": "nonsense", "REDIS_URL": "http://x", "JOB_SCHEDULED_AT": "tomorrow", "JOB_TIMEOUT": "5",
      "JOB_LOCK_TTL": "0s", "JOB_LOCK_MIN_HOLD": "x", "JOB_ATTEMPTS": "0", "JOB_BACKOFF_MAX": "-1s",
      "JOB_ERROR_BUDGET": "many", "JOB_FORCE": "perhaps", "JOB_DRY_RUN": "2", "JOB_SHARD_COUNT": "0",
      "JOB_SHARD_INDEX": "-1", "JOB_LEDGER_KEEP": "1h", "JOB_LOG_FORMAT": "xml", "JOB_LOG_LEVEL": "loud",
      "USAGE_MODE": "x", "USAGE_DAYS": "2025-02-30", "USAGE_INCLUDE_TODAY": "x", "USAGE_RETENTION": "0s",
      "USAGE_SETTLE": "x", "USAGE_ON_REGRESSION": "x", "USAGE_SET_TTL": "1s",
    ]
    let run = try await job.run([], bad)
    #expect(run.exitCode == 78)
    #expect(Set(run.result["errors"].elements.compactMap { $0["item"].string }).isSubset(of: bad.keys))
    #expect(run.result["errors_total"].int == bad.count)
    let message = run.result["error", "message"].string ?? ""
    for name in bad.keys { #expect(message.contains(name), "\(name)") }
  }

  @Test func `missing servers are 69 after the retries, and the message says which`() async throws {
    let place = try await Place()
    let quick = ["JOB_ATTEMPTS": "2", "JOB_BACKOFF_MAX": "1ms"]
    let noRedis = try await job.run(
      [], place.environment.merging(quick) { $1 }.merging(["REDIS_URL": "unix:///nowhere/s"]) { $1 })
    #expect(noRedis.exitCode == 69)
    #expect(noRedis.result["error", "message"].string?.hasPrefix("Redis: ") == true)
    #expect(noRedis.errors.contains("trying again"))
    let noPostgres = try await job.run(
      [], place.environment.merging(quick) { $1 }.merging(["DATABASE_URL": "postgresql://127.0.0.1:1/x"]) { $1 })
    #expect(noPostgres.exitCode == 69)
    #expect(noPostgres.result["error", "message"].string?.hasPrefix("Postgres: ") == true)
    #expect(try await place.redis("DBSIZE").integer == 0, "the lock was given back")
  }

  @Test func `a database that is not migrated, or too old, is 78 and names the command`() async throws {
    let place = try await Place(migrated: false)
    for arguments in [[], ["--plan"], ["--check"]] {
      let run = try await job.run(arguments, place.environment)
      #expect(run.exitCode == 78)
      #expect(run.result["error", "hint"].string?.contains("oneshot migrate") == true)
    }
  }

  @Test func `a line that was not migrated is 78, and is named`() async throws {
    let old = try await Place(migrated: false)
    _ = try await Migrator(old.database, Migration.all.filter { $0.line == "core" || $0.line == "search" }).migrate {
      _ in
    }
    let run = try await job.run([], old.environment)
    #expect(run.exitCode == 78)
    let message = run.result["error", "message"].string ?? ""
    let needed = Migration.all.filter { $0.line == "usage" }.count
    #expect(message == "the line usage of this database is not there; this binary needs \(needed)")
    #expect(try await old.value("select count(*) from oneshot.job_runs") == "0")
  }

  @Test func `a database that does not exist is 78`() async throws {
    let place = try await Place()
    let url = place.databaseURL.replacing("/place_", with: "/gone_")
    let run = try await job.run([], place.environment.merging(["DATABASE_URL": url]) { $1 })
    #expect(run.exitCode == 78)
  }

  @Test func `a role without privileges is 77, and check lists all that is missing`() async throws {
    let place = try await Place()
    let role = place.own("reader")
    try await place.execute("create role \(role) login; grant usage on schema oneshot to \(role)")
    let url = place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")
    let environment = place.environment.merging(["DATABASE_URL": url]) { $1 }
    let run = try await job.run([], environment)
    #expect(run.exitCode == 77)
    let check = try await job.run(["--check"], environment)
    #expect(check.exitCode == 77)
    #expect((check.result["errors_total"].int ?? 0) > 10)
    #expect(try await place.redis("DBSIZE").integer == 0)
  }

  @Test func `the second copy of the result is written where it is wanted`() async throws {
    let place = try await Place()
    let path = FileManager.default.temporaryDirectory.appending(path: "result-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let run = try await job.run([], place.environment.merging(["JOB_RESULT_FILE": path]) { $1 })
    let copy = try String(contentsOfFile: path, encoding: .utf8)
    #expect(ResultLine(text: copy)["run_id"].string == run.result["run_id"].string)
    let nowhere = try await job.run([], place.environment.merging(["JOB_RESULT_FILE": "/nowhere/x"]) { $1 })
    #expect(nowhere.exitCode == 0)
    #expect(nowhere.errors.contains("second copy"))
  }

  @Test func `a password is in no output, whatever goes wrong`() async throws {
    let secret = "s3cr3t-Pa55"
    let places = [
      ["DATABASE_URL": "postgresql://u:\(secret)@127.0.0.1:1/x", "REDIS_URL": "redis://u:\(secret)@127.0.0.1:1"],
      ["DATABASE_URL": "postgres//u:\(secret)@h/x", "REDIS_URL": "redis//u:\(secret)@h"],
      ["DATABASE_URL": "host=127.0.0.1 port=1 pass word=\(secret)", "REDIS_URL": "redis://:\(secret)@127.0.0.1:99999"],
      ["DATABASE_URL": "postgresql://u@h/x?nonsense=\(secret)", "REDIS_URL": "redis://127.0.0.1:1/\(secret)"],
    ]
    for place in places {
      for arguments in [[], ["--check"], ["--plan"], ["--help"]] {
        let settings = ["JOB_ATTEMPTS": "1", "JOB_LOG_LEVEL": "debug"]
        let run = try await job.run(arguments, place.merging(settings) { $1 })
        #expect(!(run.output + run.errors).contains(secret), "\(arguments) \(place)")
      }
    }
  }

  @Test(arguments: ["--help", "--version", "--describe"])
  func `a text that cannot be written whole is a failure`(option: String) async throws {
    let full = try await Binary(path: "/bin/sh").run(["-c", "exec \"$0\" $1 > /dev/full", job.url.path, option])
    #expect(full.exitCode == 70 && full.errors.contains("stdout cannot be written"), "\(full)")
    let cut = try await Binary(path: "/bin/bash").run(
      ["-c", "\"$0\" $1 | true; exit ${PIPESTATUS[0]}", job.url.path, option])
    #expect(cut.exitCode == 0 && cut.errors == "", "a pager that was closed is no failure")
  }

  @Test func `a setting can come from a file`() async throws {
    let place = try await Place()
    let path = FileManager.default.temporaryDirectory.appending(path: "url-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "\(place.databaseURL)\n".write(toFile: path, atomically: true, encoding: .utf8)
    let run = try await job.run([], ["DATABASE_URL_FILE": path, "REDIS_URL": place.redisURL])
    #expect(run.exitCode == 0)
  }

  @Test func `a closed stdout changes neither the work nor the exit code`() async throws {
    let place = try await Place()
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    let settings = place.environment.merging(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]) { $1 }
    let closed = try await Binary(path: "/bin/sh").run(["-c", "exec \"$0\" >&-", job.url.path], settings)
    #expect(closed.exitCode == 0)
    let full = try await Binary(path: "/bin/sh").run(["-c", "exec \"$0\" > /dev/full", job.url.path], settings)
    #expect(full.exitCode == 0)
    #expect(try await place.value("select sum(value) from merchant_usage") == "5")
  }
}

import Foundation
import Redis
import TestSupport
import Testing

/// Row 18: secrets in every place they could be, found in no output.
@Suite(.timeLimit(.minutes(10))) struct SecretsTests {
  /// A secret of two parts, with something between them at which a reader of URLs may cut it in two.
  private static let parts = ["s3cr3t", "t4il0fit"]

  private static func secret(_ joint: String) -> String { parts.joined(separator: joint) }

  private static let databaseURLs =
    ["", "@", "/", ":", "?", "#", "%", "%zz", "%40", "%2F%27%22%5C", "'", "\"", "\\", " ", "=", "&x=", "\u{E9}"].map {
      "postgresql://u:\(secret($0))@127.0.0.1:1/x"
    } + [
      "postgresql://u@127.0.0.1:1/x?password=\(secret(""))", "postgresql://u@127.0.0.1:1/x?sslpassword=\(secret(""))",
      "postgresql://127.0.0.1:1/x?user=u&password=\(secret("%40"))&nonsense=1", "postgresql://u@h/x?pass=\(secret(""))",
      "postgres//u:\(secret("@"))@127.0.0.1/x", "postgresql:/u:\(secret(""))@127.0.0.1/x",
      "mysql://u:\(secret(""))@127.0.0.1/x", "postgresql://u:\(secret(""))@127.0.0.1:one/x",
      "postgresql://u:\(secret(""))@127.0.0.1:1,127.0.0.1:2,127.0.0.1:3/x?port=1,2", secret(" "),
      "host=127.0.0.1 port=1 user=u password=\(secret(""))", "host=127.0.0.1 port=1 password = '\(secret(" "))'",
      "host=127.0.0.1 port=1 password='\(secret("\\'"))' sslpassword=\(secret(""))",
      "host=127.0.0.1 port=1 password='\(secret(" "))", "host=127.0.0.1 port=1 pasword=\(secret(""))",
      "host=127.0.0.1 port=1 password=\(secret(" "))", "host=127.0.0.1 port=1 password = \(secret("="))",
    ]

  private static let redisURLs =
    ["", "@", "/", ":", "?", "#", "%", "%zz", "%40", "%2F%27%22%5C", "'", "\"", "\\", " ", "=", "&db=", "\u{E9}"].map {
      "redis://u:\(secret($0))@127.0.0.1:1/0"
    } + [
      "redis://:\(secret(""))@127.0.0.1:1", "rediss://:\(secret(""))@127.0.0.1:1", "unix://:\(secret(""))@/nowhere/s",
      "redis://127.0.0.1:1?password=\(secret(""))", "redis://127.0.0.1:1/0?password=\(secret("%40"))",
      "redis://127.0.0.1:1?pass=\(secret(""))", "redis://127.0.0.1:1/\(secret(""))",
      "redis//u:\(secret("@"))@127.0.0.1",
      "redis:/u:\(secret(""))@127.0.0.1", "http://u:\(secret(""))@127.0.0.1:1",
      "redis://u:\(secret(""))@127.0.0.1:99999",
      "unix://127.0.0.1?password=\(secret(""))", secret(" "),
    ]

  // JSON writes some of the letters between them otherwise, but none of theirs.
  private func expectSilence(_ text: String, _ where: String) {
    for part in Self.parts { #expect(!text.contains(part), "\(`where`): \(text)") }
  }

  @Test(arguments: [("DATABASE_URL", databaseURLs), ("REDIS_URL", redisURLs)])
  func `18: a URL's secret is in no output, whatever is wrong with it`(name: String, urls: [String]) async throws {
    let other = name == "REDIS_URL" ? ["DATABASE_URL": "host=127.0.0.1 port=1"] : ["REDIS_URL": "redis://127.0.0.1:1"]
    let folder = try TemporaryFolder()
    let (file, copy) = ("\(folder.path)/url", "\(folder.path)/result")
    for (number, url) in urls.enumerated() {
      let isInFile = number.isMultiple(of: 3)
      if isInFile { try url.write(toFile: file, atomically: true, encoding: .utf8) }
      let environment = other.merging([
        "JOB_ATTEMPTS": "2", "JOB_BACKOFF_MAX": "1ms", "JOB_LOG_LEVEL": "debug", "JOB_RESULT_FILE": copy,
        "JOB_LOG_FORMAT": number.isMultiple(of: 2) ? "json" : "text",
        isInFile ? "\(name)_FILE" : name: isInFile ? file : url,
      ]) { $1 }
      // The check goes to both servers, the others to the first that does not answer.
      for arguments in [["--check"], [[], ["--plan"], ["--help"], ["--nonsense"]][number % 4]] {
        let run = try await Usage.binary.run(arguments, environment)
        let written = (try? String(contentsOfFile: copy, encoding: .utf8)) ?? ""
        expectSilence(run.output + run.errors + written, "\(url) \(arguments)")
      }
      if name == "DATABASE_URL" {
        let run = try await Binary("oneshot").run(["migrate", "--plan"], environment)
        expectSilence(run.output + run.errors, "oneshot migrate, \(url)")
      }
    }
  }

  /// Servers that want a password, which has letters that URLs and JSON write otherwise.
  private struct Guarded {
    static let password = SecretsTests.secret("@/\"'\\ %:é")
    let usage: Usage
    let redis: RedisServer
    let role: String

    init() async throws {
      usage = try await Usage()
      redis = try await RedisServer()
      try await redis("CONFIG", "SET", "requirepass", Self.password)
      role = "guarded_\(try await usage.place.databaseName())"
      let quoted = Self.password.replacing("'", with: "''")
      try await usage.place.execute(
        "create role \(role) superuser login; alter role \(role) password '\(quoted)'")
      try await usage.place.requirePassword(of: role)
    }

    /// - Parameter password: percent-encoded in Redis' URL, quoted in the keyword string of Postgres.
    func settings(password: String = password) async throws -> [String: String] {
      let encoded = password.utf8.map { "%" + String(Int($0) + 0x100, radix: 16).suffix(2) }.joined()
      let quoted = password.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
      let name = try await usage.place.databaseName()
      return [
        "DATABASE_URL": "host=\(usage.place.servers.folder) dbname=\(name) user=\(role) password='\(quoted)'",
        "REDIS_URL": redis.url.replacing("unix://", with: "unix://:\(encoded)@"),
        "JOB_LOG_LEVEL": "debug", "JOB_SCHEDULED_AT": Usage.now, "JOB_BACKOFF_MAX": "1ms",
      ]
    }

    func redis(_ words: String...) async throws -> RedisValue {
      let commands = [
        RedisCommand("AUTH", Self.password), RedisCommand(words[0], bytes: words.dropFirst().map { Array($0.utf8) }),
      ]
      return try await redis.connection.withSession { session in try session.pipeline(commands) }[1]
    }
  }

  @Test func `18: passwords that servers take are in no output and not in what the servers show`() async throws {
    let guarded = try await Guarded()
    let place = guarded.usage.place
    _ = try await guarded.redis("SET", "usage:m:2025-11-07:x", "5")
    _ = try await guarded.redis("SET", "usage:bad:2025-11-07:x", "?")
    let folder = try TemporaryFolder()
    let settings = try await guarded.settings().merging([
      "JOB_RESULT_FILE": "\(folder.path)/result", "JOB_METRICS_FILE": "\(folder.path)/metrics.prom",
      "JOB_METRICS_EMF": "true",
    ]) { $1 }
    let run = try await BlockedRun(at: .writing, in: place, settings)
    for file in ["cmdline", "comm", "status", "task/\(run.process.processID)/comm"] {
      expectSilence(try String(contentsOfFile: "/proc/\(run.process.processID)/\(file)", encoding: .utf8), file)
    }
    // Not of all sessions: another test may be setting its password at this moment.
    let own =
      "select a::text as a from pg_stat_activity a where datname = current_database() and application_name = 'oneshot'"
    expectSilence("\(try await place.rows(own))", "pg_stat_activity")
    expectSilence(try await guarded.redis("CLIENT", "LIST").text ?? "", "CLIENT LIST")
    try await run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 65, "\(outcome.output)")
    expectSilence(outcome.output + outcome.errors, "run")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      expectSilence(try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8), name)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    for arguments in [["--check"], ["--plan"]] {
      let run = try await Usage.binary.run(arguments, settings)
      #expect(run.exitCode != 77)
      expectSilence(run.output + run.errors, "\(arguments)")
    }
    try await expectSilentTables(place)
  }

  @Test(arguments: ["DATABASE_URL", "REDIS_URL"], ["json", "text"])
  func `18: passwords that servers refuse are in no output`(name: String, format: String) async throws {
    let guarded = try await Guarded()
    // Of the same letters, so that all of it is encoded somewhere; the right one must not appear either.
    let wrong = try await guarded.settings(password: Self.secret("é%\"'\\/@ :"))
    let settings = try await guarded.settings().merging([name: wrong[name] ?? "", "JOB_LOG_FORMAT": format]) { $1 }
    for arguments in [[], ["--check"], ["--plan"]] {
      let run = try await Usage.binary.run(arguments, settings)
      if !(name == "REDIS_URL" && arguments == ["--plan"]) { #expect(run.exitCode == 77, "\(run.output)") }
      expectSilence(run.output + run.errors, "\(arguments)")
    }
    try await expectSilentTables(guarded.usage.place)
  }

  @Test func `18: a server that repeats the password does not get it into any output`() async throws {
    let guarded = try await Guarded()
    let place = guarded.usage.place
    _ = try await guarded.redis("SET", "usage:m:2025-11-07:x", "5")
    let quoted = Guarded.password.replacing("'", with: "''")
    try await place.execute(
      """
      create function tell() returns trigger language plpgsql as $$
      begin raise exception 'the password is %', '\(quoted)' using hint = '\(quoted)', detail = '\(quoted)'; end $$;
      create trigger tell before insert on merchant_usage for each row execute function tell()
      """)
    for format in ["json", "text"] {
      let run = try await Usage.binary.run([], try await guarded.settings().merging(["JOB_LOG_FORMAT": format]) { $1 })
      // The day is refused, and a dead letter keeps the reason.
      #expect(run.exitCode == 65)
      #expect(run.result["errors"][0]["message"].string?.contains("the password is ***") == true, "\(run.output)")
      expectSilence(run.output + run.errors, format)
    }
    let told = "error_message like '%the password is ***%'"
    #expect(try await place.value("select count(*) from oneshot.dead_letters where \(told)") == "1")
    try await expectSilentTables(place)
  }

  private func expectSilentTables(_ place: Place) async throws {
    for table in ["job_runs", "dead_letters", "job_totals", "usage_days"] {
      expectSilence("\(try await place.rows("select t::text as a from oneshot.\(table) t"))", table)
    }
  }
}

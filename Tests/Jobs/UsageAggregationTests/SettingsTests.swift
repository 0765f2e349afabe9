import Foundation
import JobRuntime
import TestSupport
import Testing

@testable import UsageAggregation

/// Row 17: settings that are wrong.
@Suite(.timeLimit(.minutes(10))) struct SettingsTests {
  /// A wrong value for each setting that can be wrong. (The rest of them is `anything`.)
  private static let wrong = [
    "DATABASE_URL": "mysql://h/x", "REDIS_URL": "http://h", "REDIS_CA_FILE": "/nowhere/ca",
    "REDIS_CERT_FILE": "/nowhere",
    "REDIS_KEY_FILE": "/nowhere/key", "JOB_METRICS_EMF": "on/off", "JOB_STATSD": "localhost",
    "JOB_PUSHGATEWAY_URL": "ftp://h", "JOB_HEARTBEAT_URL": "ping", "JOB_SCHEDULED_AT": "2025-11-08 at two",
    "JOB_CLOCK_TOLERANCE": "0s",
    "JOB_TIMEOUT": "1.5h", "JOB_INSTANCE": "A b", "JOB_LOCK_TTL": "500ms", "JOB_LOCK_MIN_HOLD": "-1s",
    "JOB_LOCK_WAIT": "-1s",
    "JOB_ATTEMPTS": "101",
    "JOB_BACKOFF_MAX": "2h", "JOB_ERROR_BUDGET": "101%", "JOB_FORCE": "maybe", "JOB_DRY_RUN": "y",
    "JOB_REPLAY": "never",
    "JOB_SHARD_COUNT": "1e3", "JOB_SHARD_INDEX": "1", "JOB_COMPLETION_INDEX": "one",
    "AWS_BATCH_JOB_ARRAY_INDEX": "10000", "JOB_LEDGER_KEEP": "90", "JOB_LOG_FORMAT": "yaml",
    "JOB_LOG_LEVEL": "INFO", "USAGE_MODE": "write", "USAGE_DAYS": "2025-11-07..2025-11-01",
    "USAGE_INCLUDE_TODAY": "sometimes", "USAGE_RETENTION": "367d", "USAGE_SETTLE": "3d",
    "USAGE_RECHECK": "perhaps", "USAGE_KEY_FORMAT": "usage:{merchant}:{metric}",
    "USAGE_TARGET": "/nowhere/target.sql",
    "USAGE_ON_REGRESSION": "ignore", "USAGE_SET_TTL": "59m", "LAMBDA_FAILURES": "never",
  ]

  /// Looked at only where `REDIS_URL` can be read.
  private static let dependent: Set = ["REDIS_CA_FILE", "REDIS_CERT_FILE", "REDIS_KEY_FILE"]

  /// Settings that take any text.
  ///
  /// The run reports those that Postgres does not know.
  private static let anything: Set = [
    "JOB_KUBERNETES_NAME", "JOB_RESULT_FILE", "JOB_METRICS_FILE", "USAGE_TIMEZONE", "USAGE_KEY_PREFIX",
    "USAGE_MERCHANT", "USAGE_IGNORE", "REDIS_TLS_NAME", "JOB_EXECUTION_ID",
  ]

  private static let declared = {
    let (own, common) = JobHelp.declarations(of: UsageAggregation.self)
    return own + common
  }()

  /// Two servers' places where the test sees whoever comes.
  private struct Doors {
    let postgres: Listener
    let redis: Listener

    init() throws { (postgres, redis) = (try Listener(), try Listener()) }

    var environment: [String: String] {
      [
        "DATABASE_URL": "postgresql://127.0.0.1:\(postgres.port)/x?connect_timeout=2",
        "REDIS_URL": "redis://127.0.0.1:\(redis.port)",
      ]
    }

    var isUntouched: Bool { !postgres.hasConnection && !redis.hasConnection }
  }

  @Test func `17: every setting has a wrong value here or takes any text`() {
    #expect(Set(Self.wrong.keys).union(Self.anything) == Set(Self.declared.map(\.name)))
    #expect(Set(Self.wrong.keys).isDisjoint(with: Self.anything))
  }

  @Test(arguments: wrong.keys.sorted())
  func `17: a wrong setting is named and nothing is contacted`(name: String) async throws {
    let doors = try Doors()
    let run = try await Usage.binary.run([], doors.environment.merging([name: Self.wrong[name] ?? ""]) { $1 })
    #expect(run.exitCode == 78 && run.result["error", "kind"].string == "misconfigured")
    #expect(run.result["errors"].elements.map { $0["item"].string } == [name])
    #expect(run.result["error", "message"].string?.contains(name) == true)
    #expect(doors.isUntouched)
  }

  @Test(arguments: declared.filter(\.isSecret).map(\.name))
  func `17: a file of a setting that is wrong is named and nothing is contacted`(name: String) async throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/secret"
    let doors = try Doors()
    func expectNamed(_ variable: String, _ extra: [String: String] = [:]) async throws {
      var environment = doors.environment
      environment[name] = nil
      environment["\(name)_FILE"] = path
      let run = try await Usage.binary.run([], environment.merging(extra) { $1 })
      #expect(run.exitCode == 78)
      #expect(run.result["errors"].elements.map { $0["item"].string } == [variable])
    }
    try await expectNamed("\(name)_FILE")  // Not there.
    for content in [Data(), Data("\n".utf8), Data([0xFF, 0xFE]), Data(count: 70_000)] {
      try content.write(to: URL(filePath: path))
      try await expectNamed("\(name)_FILE")
    }
    try Data("nonsense\n".utf8).write(to: URL(filePath: path))
    try await expectNamed(name)
    try await expectNamed(name, [name: "both"])
    #expect(doors.isUntouched)
  }

  @Test(arguments: [[], ["--plan"], ["--check"]])
  func `17: all of them wrong are all named and nothing is contacted`(arguments: [String]) async throws {
    let run = try await Usage.binary.run(arguments, Self.wrong)
    #expect(run.exitCode == 78)
    let expected = Set(Self.wrong.keys).subtracting(Self.dependent)
    #expect(run.result["errors_total"].int == expected.count)
    let message = run.result["error", "message"].string ?? ""
    for name in expected { #expect(message.contains(name), "\(name)") }

    let doors = try Doors()
    let reachable = try await Usage.binary.run(arguments, Self.wrong.merging(doors.environment) { $1 })
    #expect(reachable.exitCode == 78 && reachable.result["errors_total"].int == Self.wrong.count - 2)
    #expect(doors.isUntouched)
  }

  @Test func `17: nobody is at the doors who does not come`() async throws {
    // The other way round: with settings in order the doors are knocked at.
    let doors = try Doors()
    let run = try Usage.binary.start(["--check"], doors.environment)
    try await eventually { doors.postgres.hasConnection }
    run.send(SIGKILL)
    _ = await run.outcome()
  }
}

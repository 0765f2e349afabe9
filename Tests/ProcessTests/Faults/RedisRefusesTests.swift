import TestSupport
import Testing

/// A Redis that is not as `REDIS_URL` or the job takes it to be: what it refuses ends a run with the remedy, unless the
/// run can do without.
@Suite(.timeLimit(.minutes(10))) struct RedisRefusesTests {
  private let counter = "usage:m:2025-11-07:x"

  /// Runs the job, and `--check`, which has to say the same.
  private func expect(
    _ url: String, _ exitCode: Int32, message: String, hint: String, of starts: [[String]] = [[], ["--check"]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let usage = try await Usage()
    for arguments in starts {
      let run = try await usage.run(arguments, ["REDIS_URL": url, "JOB_BACKOFF_MAX": "1ms"])
      let said = Comment(rawValue: "\(arguments) \(run.output)")
      #expect(run.exitCode == exitCode, said, sourceLocation: sourceLocation)
      #expect(
        run.result["error", "message"].string?.contains(message) == true, said, sourceLocation: sourceLocation)
      #expect(run.result["error", "hint"].string?.contains(hint) == true, said, sourceLocation: sourceLocation)
      #expect(!run.output.contains("hunter2") && !run.errors.contains("hunter2"), said, sourceLocation: sourceLocation)
    }
    #expect(try await usage.stored().isEmpty, sourceLocation: sourceLocation)
  }

  @Test func `a database number, a password or a user that the server does not know`() async throws {
    let redis = try await RedisServer()
    defer { withExtendedLifetime(redis) {} }
    func url(_ user: String = "", _ query: String = "") -> String {
      redis.url.replacing("unix://", with: "unix://\(user)") + query
    }
    try await expect(url("", "?db=16"), 78, message: "DB index is out of range", hint: "below `databases`")
    try await expect(url(":hunter2@"), 78, message: "without any password configured", hint: "take it out of REDIS_URL")
    try await expect(url("jobs:hunter2@"), 77, message: "WRONGPASS", hint: "redis://:password@host")
    // A password that lacks its colon is taken for a user, who is nobody.
    try await expect(url("hunter2@"), 77, message: "WRONGPASS", hint: "redis://:password@host")
    try await redis("CONFIG", "SET", "requirepass", "hunter2")
    try await expect(url(), 77, message: "NOAUTH", hint: "redis://user:password@host")
  }

  @Test func `a user without a password is that user, and not the default one`() async throws {
    let (usage, redis) = (try await Usage(), try await RedisServer())
    defer { withExtendedLifetime(redis) {} }
    try await redis("SET", counter, "5")
    try await redis("ACL", "SETUSER", "jobs", "on", "nopass", "~*", "+@all")
    try await redis("ACL", "SETUSER", "default", "-@all", "+ping")
    let url = redis.url.replacing("unix://", with: "unix://jobs@")
    #expect(try await usage.run([], ["REDIS_URL": url]).exitCode == 0)
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
  }

  @Test(arguments: [["DBSIZE"], ["CLIENT"], ["INFO"], ["DBSIZE", "CLIENT", "INFO", "CLUSTER"]])
  func `a command that a run can do without may be renamed away`(commands: [String]) async throws {
    let usage = try await Usage()
    let redis = try await RedisServer(commands.flatMap { ["--rename-command", $0, ""] })
    defer { withExtendedLifetime(redis) {} }
    try await redis("SET", counter, "5")
    for arguments in [["--check"], []] {
      let run = try await usage.run(arguments, ["REDIS_URL": redis.url])
      #expect(run.exitCode == 0, "\(run.output)")
    }
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
  }

  @Test(arguments: ["SCAN", "SET"])
  func `a command that a run needs and that was renamed away is named`(command: String) async throws {
    let redis = try await RedisServer(["--rename-command", command, ""])
    defer { withExtendedLifetime(redis) {} }
    if command != "SET" { try await redis("SET", counter, "5") }
    try await expect(redis.url, 78, message: "unknown command '\(command)'", hint: "renamed")
  }

  /// The renewal of the lock, and the second page of keys.
  @Test(arguments: ["EVAL", "MGET"])
  func `a command that only a longer run needs is named before the first one`(command: String) async throws {
    let redis = try await RedisServer(["--rename-command", command, ""])
    defer { withExtendedLifetime(redis) {} }
    try await expect(redis.url, 78, message: "unknown command '\(command)'", hint: "renamed", of: [["--check"]])
  }

  @Test func `the port of a Sentinel is named as one`() async throws {
    let folder = try TemporaryFolder()
    // It watches a server that is not there.
    let sentinel = try await Sentinels.watch(1, in: folder)
    defer { withExtendedLifetime(sentinel) {} }
    for number in ["", "/1"] {
      try await expect(
        "redis://127.0.0.1:\(sentinel.port)\(number)", 78, message: "is a Sentinel", hint: "redis+sentinel://")
    }
  }

  @Test func `a server that takes no more connections says so, and is tried again`() async throws {
    let (usage, redis) = (try await Usage(), try await RedisServer(["--maxclients", "1"]))
    defer { withExtendedLifetime(redis) {} }
    // This connection is the one that there may be.
    try await redis("SET", counter, "5")
    let run = try await usage.run([], ["REDIS_URL": redis.url, "JOB_BACKOFF_MAX": "1ms"])
    #expect(run.exitCode == 69)
    #expect(run.errors.contains("trying again"))
    #expect(run.result["error", "message"].string?.contains("max number of clients reached") == true, "\(run.output)")
    #expect(run.result["error", "hint"].string?.contains("maxclients") == true)
  }
}

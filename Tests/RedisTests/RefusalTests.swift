import Redis
import TestSupport
import Testing

/// The table of refusals, by the words of the servers.
@Suite struct RefusalTests {
  /// As the servers write them: Redis 5.0.14, 6.2.14 and 7.0.15 and Valkey 8.0.1 where nothing else is said.
  private static let answers: [(String, Refusal.Meaning, String)] = [
    ("LOADING Redis is loading the dataset in memory", .transient, "restarted"),
    ("LOADING Valkey is loading the dataset in memory", .transient, "restarted"),
    (
      "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", .transient,
      "SCRIPT KILL"
    ),
    ("READONLY You can't write against a read only replica.", .transient, "primary endpoint"),
    (
      "ERR Error running script (call to f_1): @user_script:2: -READONLY You can't write against a read only replica.",
      .transient, "primary endpoint"
    ),
    (
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", .transient, "primary endpoint"
    ),
    ("NOREPLICAS Not enough good replicas to write.", .transient, "min-replicas-to-write"),
    ("TRYAGAIN Multiple keys request during rehashing of slot", .transient, "moving keys"),
    ("MOVED 3999 127.0.0.1:6381", .transient, "moving keys"), ("ASK 3999 127.0.0.1:6381", .transient, "moving keys"),
    ("CLUSTERDOWN Hash slot not served", .transient, "CLUSTER INFO"),
    ("CLUSTERDOWN The cluster is down", .transient, "CLUSTER INFO"),
    ("ERR max number of clients reached", .transient, "maxclients"),
    ("ERR max number of clients + cluster connections reached", .transient, "maxclients"),
    // Upstash.
    ("ERR max daily request limit exceeded. Limit: 10000, Usage: 10000.", .transient, "plan"),
    ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000.", .transient, "plan"),
    ("NOAUTH Authentication required.", .denied, "redis://user:password@host"),
    ("WRONGPASS invalid username-password pair or user is disabled.", .denied, "redis://:password@host"),
    ("ERR invalid password", .denied, "redis://:password@host"),
    ("NOPERM this user has no permissions to run the 'set' command", .denied, "--check"),
    ("NOPERM User jobs has no permissions to run the 'set' command", .denied, "--check"),
    (
      "ERR ACL failure in script: User jobs has no permissions to run the 'pexpire' command script: 1, on @user_script:1.",
      .denied, "--check"
    ),
    (
      "ERR Error running script: @user_script:1: The user executing the script can't run this command or subcommand",
      .denied, "--check"
    ),
    (
      "DENIED Redis is running in protected mode because protected mode is enabled and no password is set", .denied,
      "protected-mode"
    ),
    ("ERR Client sent AUTH, but no password is set", .misconfigured, "take it out of REDIS_URL"),
    (
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
      .misconfigured, "take it out of REDIS_URL"
    ),
    ("ERR wrong number of arguments for 'auth' command", .misconfigured, "older than Redis 6"),
    ("ERR DB index is out of range", .misconfigured, "by default 16"),
    ("ERR invalid DB index", .misconfigured, "by default 16"),
    ("ERR SELECT is not allowed in cluster mode", .misconfigured, "only the database 0"),
    ("CROSSSLOT Keys in request don't hash to the same slot", .misconfigured, "hash tag"),
    ("ERR unknown command 'EVAL', with args beginning with: 'return 1' '0' ", .misconfigured, "renamed"),
    ("ERR unknown command `EVAL`, with args beginning with: `return 1`, `0`, ", .misconfigured, "renamed"),
    ("ERR unknown subcommand 'SLOTS'. Try CLUSTER HELP.", .misconfigured, "renamed"),
    // Upstash, Envoy, Redis Enterprise.
    ("ERR Command is not available: 'CLIENT'.", .misconfigured, "renamed"),
    ("ERR unsupported command 'SCAN'", .misconfigured, "renamed"),
    ("ERR command is not allowed", .misconfigured, "renamed"),
    ("OOM command not allowed when used memory > 'maxmemory'.", .needsHelp, "maxmemory"),
    ("MISCONF Errors writing to the AOF file: No space left on device", .needsHelp, "disk"),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", .needsHelp, "another type"),
    ("EXECABORT Transaction discarded because of previous errors.", .needsHelp, "transaction"),
  ]

  private static func refusal(_ answer: String) -> Refusal? {
    let words = answer.split(separator: " ", maxSplits: 1)
    return Refusal(code: String(words[0]), message: String(words[1]))
  }

  @Test(arguments: answers)
  func `each refusal of a server has its meaning and its remedy`(
    answer: String, meaning: Refusal.Meaning, remedy: String
  ) throws {
    let refusal = try #require(Self.refusal(answer))
    #expect(refusal.meaning == meaning)
    #expect(refusal.hint.contains(remedy), "\(refusal.hint)")
  }

  @Test func `every row of the table is met by an answer of a server`() {
    let met = Self.answers.compactMap { Self.refusal($0.0) }.map { "\($0.code) \($0.texts)" }
    for row in Refusal.all { #expect(met.contains("\(row.code) \(row.texts)"), "\(row.code) \(row.texts)") }
  }

  @Test func `an answer that nobody foresaw has no row`() {
    for answer in ["ERR syntax error", "ERR value is not a valid float", "NOGROUP No such key", "loading x"] {
      #expect(Self.refusal(answer) == nil, "\(answer)")
    }
  }

  @Test func `a server that repeats what it does not know is not repeated`() async throws {
    let redis = try await RedisServer(["--rename-command", "AUTH", ""])
    let url = redis.url.replacing("unix://", with: "unix://jobs:hunter2@")
    let connection = RedisConnection(try RedisAddress.read(url), clientName: "tests")
    let error = try await redisError {
      try await connection.withSession { session in try session.command(RedisCommand("PING")) }
    }
    #expect(error == .server(code: "ERR", message: "unknown command 'AUTH'"))
    // And as one answer of several.
    let answers = try await redis.connection.withSession { session in
      try session.pipeline([RedisCommand("AUTH", "hunter2")])
    }
    #expect(answers == [.error(code: "ERR", message: "unknown command 'AUTH'")])
  }
}

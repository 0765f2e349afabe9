import Foundation
import Redis
import TestSupport
import Testing

/// `--check` of the real binary: it finds everything, and writes nothing.
@Suite(.timeLimit(.minutes(10))) struct CheckTests {
  private let job = Binary("usage-aggregation")

  private func complaints(of run: Binary.Outcome) -> [String] {
    run.result["errors"].elements.compactMap { $0["message"].string }
  }

  @Test func `in a good place it says what it found`() async throws {
    let place = try await Place()
    let check = try await job.run(["--check"], place.environment)
    #expect(check.exitCode == 0)
    #expect(check.result["details", "postgres_version"].int ?? 0 >= 140_000)
    #expect(check.result["details", "redis_version"].string?.contains(".") == true)
    #expect(check.result["details", "migrations", "usage"].isThere)
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "0")
    #expect(try await place.redis("DBSIZE").integer == 0)
  }

  @Test(arguments: [("allkeys-lru", "of any kind"), ("volatile-ttl", "that have a time to live"), ("noeviction", nil)])
  func `a Redis that may evict the lock is named, with what is at risk`(policy: String, keys: String?) async throws {
    let place = try await Place()
    let redis = try await RedisServer(["--maxmemory", "100mb", "--maxmemory-policy", policy])
    for (name, isOfData) in [("usage-aggregation", true), ("metrics-rollups", false)] {
      let check = try await Binary(name).run(["--check"], place.environment.merging(["REDIS_URL": redis.url]) { $1 })
      #expect(check.exitCode == 0, "\(check.output)")
      let advice = check.result["details", "advice"].elements.compactMap(\.string).filter { $0.contains("evicts") }
      #expect(advice.isEmpty == (keys == nil), "\(check.output)")
      guard let keys else { continue }
      let said = try #require(advice.first)
      #expect(
        said.contains("keys \(keys)") && said.contains("maxmemory-policy \(policy), maxmemory 100.00M"), "\(said)")
      #expect(said.contains("oneshot:lock:\(name)") && said.contains("the job's data") == isOfData, "\(said)")
    }
    // Without a limit it is never full.
    try await redis("CONFIG", "SET", "maxmemory", "0")
    let check = try await job.run(["--check"], place.environment.merging(["REDIS_URL": redis.url]) { $1 })
    #expect(check.exitCode == 0 && !check.output.contains("evicts"))
  }

  @Test func `what is wrong in Postgres and in Redis is said at once`() async throws {
    let place = try await Place(migrated: false)
    let nobody = ["REDIS_URL": "redis://127.0.0.1:1"]
    let check = try await job.run(["--check"], place.environment.merging(nobody) { $1 })
    let said = complaints(of: check)
    #expect(check.exitCode == 78)
    for words in ["oneshot.job_runs", "oneshot.fences", "merchant_usage", "127.0.0.1:1"] {
      #expect(said.contains { $0.contains(words) }, "\(words)")
    }
  }

  @Test func `it works with a role and a user that may write nothing, and names each right they lack`() async throws {
    let place = try await Place()
    let (role, user) = (place.own("looker"), place.own("looker"))
    try await place.execute(
      """
      create role \(role) login; alter role \(role) set default_transaction_read_only = on;
      grant usage on schema oneshot to \(role);
      grant select on all tables in schema oneshot to \(role); grant select on merchant_usage to \(role);
      """)
    try await place.redis("ACL", "SETUSER", user, "on", "nopass", "~*", "+@read", "+select", "+cluster", "-dbsize")
    let check = try await job.run(
      ["--check"],
      [
        "DATABASE_URL": place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)"),
        "REDIS_URL": place.redisURL.replacing("unix://", with: "unix://\(user):any@"),
      ])
    try await place.redis("ACL", "DELUSER", user)
    let said = complaints(of: check)
    // The first of all that it says.
    #expect(check.exitCode == 78 && said.first?.contains("default_transaction_read_only") == true)
    for table in ["oneshot.job_runs", "oneshot.fences", "merchant_usage", "oneshot.usage_days"] {
      for right in ["insert", "update"] {
        #expect(said.contains { $0.contains(table) && $0.lowercased().contains(right) }, "\(right) on \(table)")
      }
    }
    for command in ["SET", "EVAL"] { #expect(said.contains { $0.hasPrefix("\(command) is refused") }) }
    // The second only says how far the reading is.
    for command in ["MGET", "DBSIZE"] { #expect(!said.contains { $0.hasPrefix(command) }) }
    #expect(try await place.redis("DBSIZE").integer == 0)
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "0")
  }

  @Test func `a missing column is named with its table`() async throws {
    let place = try await Place()
    try await place.execute("alter table merchant_usage rename first_seen_at to seen_first_at")
    let check = try await job.run(["--check"], place.environment)
    #expect(check.exitCode == 78)
    #expect(complaints(of: check).contains { $0.contains("merchant_usage") && $0.contains("first_seen_at") })
  }

  @Test func `a Redis that would refuse the lock is told before the first run`() async throws {
    let servers = try await PrivateServers.start()
    let place = try await Place(on: servers)
    try await onThread {
      try servers.shell(#"redis-cli -s "$ONESHOT_SERVERS/redis.sock" replicaof 127.0.0.1 1"#)
    }
    let check = try await job.run(["--check"], place.environment)
    #expect(complaints(of: check).contains { $0.contains("READONLY") })
    #expect(check.exitCode == 69)
  }

  /// Both settings and a default of the role, and a server that recovers for ever.
  @Test(arguments: ["the URL", "the role", "a standby"])
  func `a Postgres that only reads is told before the first run`(cause: String) async throws {
    let servers = cause == "a standby" ? try await PrivateServers.start() : nil
    let place = try await Place(on: servers)
    var environment = place.environment
    let role = "only_reads_\(try await place.databaseName())"
    switch cause {
    case "the URL": environment["DATABASE_URL"]? += "&options=-c%20default_transaction_read_only%3Don"
    case "the role":
      try await place.execute(
        "create role \(role) superuser login; alter role \(role) set default_transaction_read_only = on")
      environment["DATABASE_URL"] = place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")
    default:
      try await onThread {
        try place.servers.stopPostgres(.fast)
        try place.servers.shell(#"touch "$ONESHOT_SERVERS/data/standby.signal""#)
        try place.servers.startPostgres()
      }
    }
    environment["JOB_BACKOFF_MAX"] = "1ms"
    let check = try await job.run(["--check"], environment)
    let isStandby = cause == "a standby"
    #expect(check.exitCode == (isStandby ? 69 : 78), "\(check.output)")
    let words = isStandby ? "is a standby" : "default_transaction_read_only"
    #expect(complaints(of: check).contains { $0.contains(words) })
    let run = try await job.run([], environment)
    #expect(run.exitCode == check.exitCode, "what --check says is what a run says")
    #expect(run.result["error", "hint"].string == check.result["error", "hint"].string)
    #expect(run.wasRetried == isStandby)
  }

  /// What its page's rights for a user of Redis come to, but for one.
  private static let commands = [
    "scan", "dbsize", "mget", "get", "getrange", "type", "ttl", "cluster|slots", "select", "set", "time", "eval",
    "evalsha", "script|load", "pexpire", "del", "expire",
  ]

  /// A user of the place's Redis.
  private func environment(_ place: Place, without command: String) async throws -> [String: String] {
    let user = place.own("no-\(command)")
    try await place.redis(all: [
      RedisCommand(
        "ACL",
        bytes: (["SETUSER", user, "on", "nopass", "~*"] + Self.commands.filter { $0 != command }.map { "+\($0)" })
          .map { Array($0.utf8) })
    ])
    return place.environment.merging([
      "REDIS_URL": place.redisURL.replacing("unix://", with: "unix://\(user):any@"), "USAGE_SET_TTL": "8d",
      "JOB_SCHEDULED_AT": Usage.now,
    ]) { $1 }
  }

  @Test(arguments: ["none", "set", "get", "time", "eval", "pexpire", "del", "expire", "mget"])
  func `each command of Redis that a user may not is named`(command: String) async throws {
    let place = try await Place()
    let environment = try await environment(place, without: command)
    let check = try await job.run(["--check"], environment)
    let said = complaints(of: check)
    #expect(check.exitCode == (command == "none" ? 0 : 77), "\(check.output)")
    #expect(said.allSatisfy { $0.lowercased().contains(command) }, "\(said)")
    #expect(said.isEmpty == (command == "none"))
    #expect(try await place.redis("DBSIZE").integer == 0)
  }

  @Test(arguments: ["none", "pexpire"])
  func `a user that may not renew the lock is denied, once it would have to be renewed`(command: String) async throws {
    let place = try await Place()
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    let environment = try await environment(place, without: command).merging(["JOB_LOCK_TTL": "9s"]) { $1 }
    let run = try await BlockedRun(at: .writing, in: place, environment)
    if command == "none" {
      // Its lock has been renewed: it is older than its lease.
      try await place.redis("SET", "as old", "x", "PX", "9000")
      try await place.until(key: "as old", exists: false)
      try await run.letGo()
    }
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == (command == "none" ? 0 : 77), "\(outcome.output)")
    if command == "none" { return }
    #expect(outcome.result["error", "kind"].string == "denied")
    #expect(outcome.result["error", "hint"].isThere)
    try await run.letGo()
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
  }
}

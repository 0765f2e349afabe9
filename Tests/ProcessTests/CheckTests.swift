import Foundation
import Redis
import TestSupport
import Testing

/// `--check` of the real binary: it finds everything, and writes nothing.
@Suite(.timeLimit(.minutes(3))) struct CheckTests {
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
    #expect(check.result["details", "schema_version"].isThere)
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "0")
    #expect(try await place.redis("DBSIZE").integer == 0)
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
    let number = place.redisURL.split(separator: "=").last ?? ""
    let (role, user) = ("looker_\(number)", "looker\(number)")
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
    #expect(check.exitCode == 77)
    for table in ["oneshot.job_runs", "oneshot.fences", "merchant_usage", "oneshot.usage_days"] {
      for right in ["insert", "update"] {
        #expect(said.contains { $0.contains(table) && $0.lowercased().contains(right) }, "\(right) on \(table)")
      }
    }
    for command in ["SET", "EVAL", "DBSIZE"] { #expect(said.contains { $0.hasPrefix("\(command) is refused") }) }
    #expect(!said.contains { $0.hasPrefix("MGET") })
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
}

import Foundation
import Postgres
import Redis
import TestSupport
import Testing

/// Row 13: Postgres refuses.
@Suite(.timeLimit(.minutes(10))) struct PostgresRefusesTests {
  private func usage() async throws -> Usage {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-06:x": "5", "m:2025-11-07:x": "6"])
    return usage
  }

  /// The run fails as the contract says, leaves no half of anything, and works once the cause is gone.
  private func expect(
    _ usage: Usage, _ exitCode: Int32, _ kind: String, saying words: String, _ settings: [String: String] = [:],
    mended mend: String
  ) async throws {
    let run = try await usage.run([], settings.merging(["JOB_BACKOFF_MAX": "10ms"]) { $1 })
    let comment = Comment(rawValue: run.output)
    #expect(run.exitCode == exitCode && run.result["error", "kind"].string == kind, comment)
    #expect(run.result["error", "message"].string?.contains(words) == true, comment)
    #expect(run.result["error", "hint"].isThere, comment)
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
    try await usage.place.execute(mend)
    #expect(try await usage.place.value("select count(*) from merchant_usage") == "0", comment)
    #expect(try await usage.place.value("select count(*) from oneshot.usage_days") == "0", comment)
    #expect(
      try await usage.place.value("select count(*) from oneshot.job_runs where status = 'running'") == "0", comment)

    let next = try await usage.run([], settings)
    #expect(next.exitCode == 0, "\(next.output)")
    #expect(try await usage.stored() == ["m:2025-11-06:x": "5", "m:2025-11-07:x": "6"])
  }

  /// A role with exactly what its page grants.
  private func role(_ usage: Usage) async throws -> (name: String, settings: [String: String]) {
    let name = "role_\(try await usage.place.databaseName())"
    try await usage.place.execute(
      """
      create role \(name) login password 'right-\(name)';
      grant usage on schema oneshot to \(name);
      grant select on oneshot.migrations to \(name);
      grant select, insert, update on oneshot.fences, oneshot.dead_letters, oneshot.letter_kinds, oneshot.usage_days, merchant_usage to \(name);
      grant select, insert, update, delete on oneshot.job_runs to \(name);
      grant select, insert, update on oneshot.job_totals to \(name);
      """)
    return (name, ["DATABASE_URL": usage.place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(name)")])
  }

  @Test func `13: a server that only reads`() async throws {
    let usage = try await usage()
    let name = try await usage.place.databaseName()
    try await usage.place.execute("alter database \(name) set default_transaction_read_only = on")
    try await expect(
      usage, 78, "misconfigured", saying: "25006",
      mended: "alter database \(name) set default_transaction_read_only = off")
  }

  @Test func `13: a standby, as a failover shows one until the name leads to the primary`() async throws {
    let servers = try await PrivateServers.start()
    let place = try await Place(on: servers)
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    try await onThread {
      try servers.stopPostgres(.fast)
      try servers.shell(#"touch "$ONESHOT_SERVERS/data/standby.signal""#)
      try servers.startPostgres()
    }
    let settings = ["JOB_SCHEDULED_AT": Usage.now, "JOB_BACKOFF_MAX": "20ms", "JOB_ATTEMPTS": "100"]
    let run = try LoggedRun(place.environment.merging(settings) { $1 })
    try await run.until(logs: "SQLSTATE 25006")
    try await onThread { try servers.shell("$ONESHOT_PG_CTL -w promote") }
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    await place.reconnect()
    #expect(try await place.value("select sum(value) from merchant_usage") == "5")
  }

  @Test func `13: too many connections`() async throws {
    let usage = try await usage()
    let role = try await role(usage)
    try await usage.place.execute("alter role \(role.name) connection limit 0")
    try await expect(
      usage, 69, "unavailable", saying: "53300", role.settings, mended: "alter role \(role.name) connection limit 1")
  }

  @Test func `13: too many connections pass by themselves`() async throws {
    let usage = try await usage()
    let role = try await role(usage)
    try await usage.place.execute("alter role \(role.name) connection limit 0")
    let more = role.settings.merging(["JOB_BACKOFF_MAX": "20ms", "JOB_ATTEMPTS": "100"]) { $1 }
    let run = try LoggedRun(usage.environment(more))
    try await run.until(logs: "trying again")
    try await usage.place.execute("alter role \(role.name) connection limit 1")
    #expect(await run.outcome().exitCode == 0)
    #expect(try await usage.stored().count == 2)
  }

  @Test(arguments: [
    ("insert on merchant_usage", "merchant_usage"), ("update on oneshot.usage_days", "usage_days"),
    ("insert on oneshot.job_runs", "job_runs"), ("usage on schema oneshot", "oneshot"),
  ])
  func `13: a privilege that is missing`(privilege: String, object: String) async throws {
    let usage = try await usage()
    let role = try await role(usage)
    try await usage.place.execute("revoke \(privilege) from \(role.name)")
    try await expect(usage, 77, "denied", saying: object, role.settings, mended: "grant \(privilege) to \(role.name)")
  }

  @Test func `13: a wrong password`() async throws {
    let usage = try await usage()
    let role = try await role(usage)
    try await usage.place.requirePassword(of: role.name)
    let wrong = role.settings.mapValues { "\($0)&password=wrong-password" }
    let run = try await usage.run([], wrong)
    #expect(run.exitCode == 77 && run.result["error", "kind"].string == "denied")
    #expect(run.result["error", "hint"].string?.contains("password") == true)
    #expect(!(run.output + run.errors).contains("wrong-password"))
    let right = role.settings.mapValues { "\($0)&password=right-\(role.name)" }
    #expect(try await usage.run([], right).exitCode == 0)
    #expect(try await usage.stored().count == 2)
  }

  @Test(arguments: [
    ("merchant_usage", "rename to gone"), ("oneshot.usage_days", "rename to gone"),
    ("oneshot.fences", "rename to gone"), ("merchant_usage", "rename column value to gone"),
    ("oneshot.usage_days", "rename column completed_at to gone"), ("oneshot.job_runs", "rename column attempt to gone"),
  ])
  func `13: a table or a column that is missing`(table: String, change: String) async throws {
    let usage = try await usage()
    try await usage.place.execute("alter table \(table) \(change)")
    let isTable = change == "rename to gone"
    let parts = table.split(separator: ".")
    let gone = isTable ? (parts.count > 1 ? "\(parts[0]).gone" : "gone") : table
    let column = change.split(separator: " ").dropFirst(2).first ?? ""
    try await expect(
      usage, 78, "misconfigured", saying: String(isTable ? parts.last ?? "" : column),
      mended: "alter table \(gone) rename " + (isTable ? "to \(parts.last ?? "")" : "column gone to \(column)"))
  }

  @Test func `13: an older schema is refused, a newer one is worked with`() async throws {
    let usage = try await usage()
    try await usage.place.execute(
      """
      create table newer as select * from oneshot.migrations where line = 'usage';
      delete from oneshot.migrations where line = 'usage'
      """)
    try await expect(
      usage, 78, "misconfigured", saying: "the line usage",
      mended: """
        insert into oneshot.migrations select * from newer;
        insert into oneshot.migrations (line, number, name) values ('usage', 999, 'of the future'), ('x', 1, 'y');
        alter table merchant_usage add column of_the_future text not null default '';
        alter table oneshot.job_runs add column of_the_future text;
        """)
  }

  @Test func `13: a full disk`() async throws {
    guard let disk = try await SmallDisk() else { return }
    let usage = try await usage()
    let place = usage.place
    let name = "small_\(try await usage.place.databaseName())"
    try await place.execute("create tablespace \(name) location '\(disk.path)'")
    try await place.execute(
      """
      alter table merchant_usage set tablespace \(name);
      alter index merchant_usage_pkey set tablespace \(name);
      create table filler (filler text) tablespace \(name);
      alter table filler alter column filler set storage plain;
      """)
    // Until nothing fits any more.
    await #expect(throws: PostgresError.self) {
      try await place.execute("insert into filler select repeat('x', 7000) from generate_series(1, 100000)")
    }
    try await place.redis(
      all: (0..<30_000).map { RedisCommand("SET", "usage:many\($0):2025-11-06:metric", "\($0)") })
    let run = try await usage.run([], ["JOB_BACKOFF_MAX": "10ms"])
    #expect(run.exitCode == 69 && run.result["error", "kind"].string == "unavailable", "\(run.output)")
    #expect(run.result["error", "message"].string?.contains("53100") == true)
    #expect(run.result["error", "hint"].isThere)
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
    #expect(try await place.value("select status from oneshot.job_runs") == "failed")

    try await place.execute("drop table filler")
    let next = try await usage.run()
    #expect(next.exitCode == 0, "\(next.output)")
    #expect(try await usage.stored().count == 30_002)
    try await place.execute("drop table merchant_usage cascade")
    try await place.execute("drop tablespace \(name)")
    await disk.unmount()
  }
}

/// A file system of 24 MB for Postgres.
private struct SmallDisk {
  private let folder: TemporaryFolder
  var path: String { folder.path }

  /// - Returns: nothing where that is not allowed.
  init?() async throws {
    folder = try TemporaryFolder()
    let mounted = try await Binary(path: "/bin/mount").run(["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder.path])
    guard mounted.exitCode == 0,
      try await Binary(path: "/bin/chown").run(["postgres", folder.path]).exitCode == 0
    else {
      skipped("the full disk", because: "no tmpfs could be mounted (not root?): \(mounted.errors)")
      return nil
    }
  }

  func unmount() async { _ = try? await Binary(path: "/bin/umount").run([path]) }
}

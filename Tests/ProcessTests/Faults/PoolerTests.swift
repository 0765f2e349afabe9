import Foundation
import JobRuntime
import Redis
import Synchronization
import TestSupport
import Testing

/// Row 27 of faults.md: pgbouncer between job and Postgres is refused with a clear message.
@Suite(.timeLimit(.minutes(10))) struct PoolerTests {
  private static let ports = Atomic<Int>(7000)

  /// Debian's pgbouncer in front of a place's Postgres, on a socket in the same folder.
  private struct Pooler {
    let url: String
    let process: Binary.Running

    init(_ place: Place, mode: String, ignoring parameters: String) async throws {
      let port = PoolerTests.ports.add(1, ordering: .relaxed).newValue
      let folder = place.servers.folder
      let owner = String(try #require(place.databaseURL.split(separator: "user=").last))
      let settings = "\(folder)/pooler-\(port).ini"
      try """
      [databases]
      * = host=\(folder) user=\(owner)
      [pgbouncer]
      unix_socket_dir = \(folder)
      listen_port = \(port)
      auth_type = any
      pool_mode = \(mode)
      ignore_startup_parameters = \(parameters)
      """.write(toFile: settings, atomically: true, encoding: .utf8)
      // It refuses to run as root.
      let user = getuid() == 0 ? ["setpriv", "--reuid", owner, "--regid", owner, "--clear-groups"] : []
      process = try Binary(path: "/usr/bin/env").start(user + ["/usr/sbin/pgbouncer", "--quiet", settings])
      url = place.databaseURL + "&port=\(port)"
      try await eventually { FileManager.default.fileExists(atPath: "\(folder)/.s.PGSQL.\(port)") }
    }
  }

  @Test(arguments: ["session", "transaction", "statement"], ["", "options", "extra_float_digits, options"])
  func `27: pgbouncer is refused and named, and nothing is written`(mode: String, ignored: String) async throws {
    let counters = try await Counters(10)
    let pooler = try await Pooler(counters.place, mode: mode, ignoring: ignored)
    defer { pooler.process.send(SIGKILL) }
    for arguments in [[], ["--check"], ["--plan"]] {
      let run = try await Binary("usage-aggregation").run(arguments, counters.settings(["DATABASE_URL": pooler.url]))
      #expect(run.exitCode == 78 && run.contractBreach == nil, "\(arguments) \(run.errors)")
      #expect(run.result["error", "kind"].string == "misconfigured")
      let said = (run.result["error", "message"].string ?? "") + (run.result["error", "hint"].string ?? "")
      #expect(said.contains("pooler"), "\(said)")
      #expect(!run.wasRetried)
    }
    #expect(try await counters.ledger() == [])
    #expect(try await counters.place.redis("EXISTS", Counters.lockKey).integer == 0)
    // It is the pooler that was refused, not the place.
    #expect(try await counters.run().exitCode == 0)
    try await counters.expectRight()
  }
}

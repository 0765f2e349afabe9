import Foundation
import TestSupport
import Testing

/// A server that goes away while the program runs.
@Suite(.timeLimit(.minutes(10))) struct ServerTests {
  private let script = "echo $$ > $WORK/program; while [ ! -e $WORK/go ]; do sleep 0.05; done"

  @Test func `a Postgres that is restarted ends no program, and the run counts`() async throws {
    let servers = try await PrivateServers.start()
    let it = try await Executed(on: servers)
    let run = try it.start(script, ["JOB_ATTEMPTS": "100", "JOB_BACKOFF_MAX": "100ms"])
    _ = try await it.line("program")
    try servers.restartPostgres(.immediate)
    #expect(FileManager.default.createFile(atPath: "\(it.folder.path)/go", contents: nil))
    let outcome = try await run.outcome(within: .seconds(120))
    #expect(outcome.exitCode == 0, "\(outcome)")
    await it.place.reconnect()
    #expect(try await it.place.value("select status from oneshot.job_runs") == "succeeded")
  }

  @Test func `a Redis that stays away longer than the lease stops the program`() async throws {
    let servers = try await PrivateServers.start()
    let it = try await Executed(on: servers)
    let run = try it.start(script, ["JOB_LOCK_TTL": "3s"])
    let program = try await it.line("program")
    try servers.killRedis()
    let outcome = try await run.outcome(within: .seconds(120))
    #expect(outcome.exitCode == 75 && outcome.result["error", "kind"].string == "lock_lost")
    try await it.gone(program)
  }
}

import Foundation
import Redis
import TestSupport
import Testing

/// A program that has to end, or whose run does.
@Suite(.timeLimit(.minutes(10))) struct StopTests {
  @Test func `SIGTERM stops the program and all of its group, and the run is interrupted`() async throws {
    let it = try await Executed()
    let run = try it.start("trap 'echo cleaned up; exit 0' TERM; sleep 600 & echo $! > $WORK/child; wait")
    let child = try await it.line("child")
    run.send(SIGTERM)
    let outcome = try await run.outcome(within: .seconds(60))
    #expect(outcome.exitCode == 143 && outcome.result["status"].string == "interrupted")
    #expect(outcome.errors.contains("cleaned up"))
    try await it.gone(child)
    #expect(try await it.place.redis("EXISTS", "oneshot:lock:nightly-export").integer == 0)
    #expect(try await it.place.value("select status from oneshot.job_runs") == "interrupted")
  }

  @Test func `one that does not listen is killed`() async throws {
    let it = try await Executed()
    let run = try it.start("trap '' TERM; echo $$ > $WORK/child; while :; do sleep 600; done")
    let child = try await it.line("child")
    run.send(SIGTERM)
    #expect(try await run.outcome(within: .seconds(60)).exitCode == 143)
    try await it.gone(child)
  }

  @Test func `the deadline stops it, and the run says so`() async throws {
    let it = try await Executed()
    let run = try it.start("echo half done; echo $$ > $WORK/child; exec sleep 600", ["JOB_TIMEOUT": "8s"])
    let outcome = try await run.outcome(within: .seconds(60))
    #expect(outcome.exitCode == 75 && outcome.result["error", "kind"].string == "deadline")
    #expect(try await it.place.value("select details->'last_lines'->>0 from oneshot.job_runs") == "half done")
    try await it.gone(it.text("child").trimmingCharacters(in: .newlines))
  }

  @Test func `kill -9 of job-exec takes the program and what it started along`() async throws {
    let it = try await Executed()
    let run = try it.start("sleep 600 & echo $! > $WORK/child; echo $$ > $WORK/program; wait", ["JOB_LOCK_TTL": "3s"])
    let (child, program) = (try await it.line("child"), try await it.line("program"))
    run.send(SIGKILL)
    _ = await run.outcome()
    try await it.gone(program)
    try await it.gone(child)
    try await eventually { try await it.place.redis("EXISTS", "oneshot:lock:nightly-export").integer == 0 }
    #expect(try await it.run("exit 0").result["status"].string == "succeeded")
    #expect(try await it.place.value("select count(*) from oneshot.job_runs where error_kind = 'abandoned'") == "1")
  }

  @Test func `what the program leaves in its group ends with it`() async throws {
    let it = try await Executed()
    let run = try await it.run("sleep 600 & echo $! > $WORK/child")
    #expect(run.exitCode == 0)
    try await it.gone(it.text("child").trimmingCharacters(in: .newlines))
  }

  @Test func `a daemon that keeps the pipes open does not keep the run`() async throws {
    let it = try await Executed()
    let run = try it.start(
      "setsid sh -c 'echo $$ > $WORK/daemon; exec sleep 600' & while [ ! -s $WORK/daemon ]; do :; done")
    let outcome = try await run.outcome(within: .seconds(60))
    let daemon = try await it.line("daemon")
    kill(try #require(pid_t(daemon)), SIGKILL)
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors.contains("has left its process group"))
  }

  @Test func `once the lock is another's the program is stopped`() async throws {
    let it = try await Executed()
    let run = try it.start("echo $$ > $WORK/child; exec sleep 600", ["JOB_LOCK_TTL": "3s"])
    let child = try await it.line("child")
    try await it.place.redis("SET", "oneshot:lock:nightly-export", "somebody")
    let outcome = try await run.outcome(within: .seconds(60))
    #expect(outcome.exitCode == 75 && outcome.result["error", "kind"].string == "lock_lost")
    try await it.gone(child)
  }

  @Test func `once a newer run has started the program is stopped, and check_fence refuses what it still writes`()
    async throws
  {
    let it = try await Executed()
    let run = try it.start("echo \"$ONESHOT_FENCE\" > $WORK/fence; exec sleep 600")
    let fence = try await it.line("fence")
    try await it.place.execute("select oneshot.check_fence('\(fence)')")
    // Redis lost the lock, and a second run began.
    try await it.place.redis("DEL", "oneshot:lock:nightly-export")
    #expect(try await it.run("exit 0").exitCode == 0)
    await #expect(throws: (any Error).self) { try await it.place.execute("select oneshot.check_fence('\(fence)')") }
    let outcome = try await run.outcome(within: .seconds(90))
    #expect(outcome.exitCode == 75)
    #expect(["fenced", "lock_lost"].contains(outcome.result["error", "kind"].string))
  }

  @Test func `a fence of a run that has ended, or of none, lets nothing through`() async throws {
    let it = try await Executed()
    #expect(try await it.run("echo \"$ONESHOT_FENCE\" > $WORK/fence").exitCode == 0)
    let fence = try await it.line("fence")
    for text in ["'\(fence)'", "null", "''", "'01234567-89ab-7def-8123-456789abcdef/1'", "'\(fence.dropLast())9999'"] {
      await #expect(throws: (any Error).self, "\(text)") {
        try await it.place.execute("select oneshot.check_fence(\(text))")
      }
    }
  }
}

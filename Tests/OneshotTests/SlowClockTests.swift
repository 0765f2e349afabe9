import JobRuntime
import TestSupport
import Testing

@testable import Oneshot

/// An operator whose clock is wrong, runs whose hosts' clocks are, and locks that do not fit what the ledger says.
@Suite(.timeLimit(.minutes(10))) struct SlowClockTests {
  private let here: Operator

  init() async throws { here = try await Operator() }

  /// A command on a host whose clock differs from Postgres' by so much.
  private func oneshot(_ words: String..., ahead: Duration) async throws -> (output: String, exitCode: Int32) {
    let moment = try await here.place.value("now() at time zone 'utc'").replacing(" ", with: "T") + "Z"
    let now = try #require(Timestamp(rfc3339: moment))
    let process = InProcess(words, here.place.environment, now: now + ahead)
    let code = await Oneshot.run(in: process.surroundings)
    return (process.output + process.log.joined(separator: "\n"), code)
  }

  @Test(arguments: [-3600, 3600])
  func `ages, deadlines and ends go by the database's clock`(ahead: Int) async throws {
    let id = try await here.add(
      1, ["status": "'running'", "finished_at": "null", "deadline_at": "now() + interval '10 minutes'"])
    try await here.place.redis("SET", "oneshot:lock:reindex", #"{"run_id":"\#(id)","host":"far"}"#, "PX", "60000")
    let ahead = Duration.seconds(ahead)
    let locks = try await oneshot("locks", ahead: ahead).output
    #expect(locks.contains(/running, at most (10m|9m \d+s) more/), "\(locks)")
    let runs = try await oneshot("runs", ahead: ahead).output
    #expect(runs.contains(/Z +1m( \ds)? +running/), "\(runs)")
    let run = try await oneshot("run", id, ahead: ahead).output
    #expect(run.contains(/took +1m( \d+s)? so far/) && !run.contains("which is over"), "\(run)")
    #expect(try await oneshot("pause", "reindex", "--for", "10m", ahead: ahead).exitCode == 0)
    #expect(
      try await here.place.value(
        "select paused_until - paused_at between interval '9 minutes' and interval '11 minutes' from oneshot.pauses")
        == "true")
  }

  @Test func `a run whose host is ahead has no negative age`() async throws {
    let future = "now() + interval '2 minutes'"
    let id = try await here.add(
      1, ["status": "'running'", "started_at": future, "finished_at": "null", "deadline_at": "now() + interval '1 h'"])
    let done = try await here.add(2, ["started_at": future, "finished_at": future])
    // And one whose time is over, though not by so much that it is stuck.
    let late = try await here.add(
      3, ["status": "'running'", "finished_at": "null", "deadline_at": "now() - interval '1 s'"])
    for (name, id) in [("reindex", id), ("other", done), ("late", late)] {
      try await here.place.redis("SET", "oneshot:lock:\(name)", #"{"run_id":"\#(id)","host":"far"}"#, "PX", "60000")
    }
    for words in [["locks"], ["runs"], ["run", id], ["health"]] {
      let shown = try await Operator.oneshot.run(words, here.place.environment).output
      #expect(!shown.contains(#/ -\d+(\.\d)?(ms|s|m|h)\b/#), "\(words): \(shown)")
    }
    let locks = try await here.run("locks").output
    #expect(locks.contains("running, and has to end now") && locks.contains("succeeded 0s ago: kept"), "\(locks)")
  }

  @Test func `a lock without an end is not kept for anything, whatever the ledger says of its run`() async throws {
    let id = try await here.add(
      1, ["status": "'running'", "finished_at": "null", "deadline_at": "now() + interval '10 minutes'"])
    let done = try await here.add(2)
    for (name, id) in [("reindex", id), ("other", done)] {
      try await here.place.redis("SET", "oneshot:lock:\(name)", #"{"run_id":"\#(id)","host":"far"}"#)
    }
    let lines = try await here.run("locks").output.split(separator: "\n")
    let other = try #require(lines.first { $0.hasPrefix("other") })
    let running = try #require(lines.first { $0.hasPrefix("reindex") })
    #expect(running.contains("for ever") && running.contains("running, yet its lock has no end"), "\(running)")
    #expect(other.contains(/succeeded .*ago: left behind/) && !other.contains("MIN_HOLD"), "\(other)")
  }
}

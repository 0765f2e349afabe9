import Foundation
import Redis
import TestSupport
import Testing

/// `kill -9` at every step that a run logs; the next run puts everything right (row 1 of the faults).
@Suite(.timeLimit(.minutes(15))) struct CrashPointTests {
  /// What lies there when the run starts that is killed.
  enum Scene: String, CaseIterable {
    /// Three days that nobody has written, all good.
    case new
    /// A day that was written before: a counter has grown, one was mended, one is bad still; two new days;
    /// and all keys are to be given an end.
    case changed
    /// A replay was asked for: of a counter that was mended, of a day that no run looks at any more, and of one that
    /// is bad still.
    case asked
  }

  @Test(arguments: Scene.allCases)
  func `1: a run that is killed after any line of its log is put right by the next one`(scene: Scene) async throws {
    let undisturbed = try await Scenery(scene)
    let whole = try await undisturbed.usage.run([], undisturbed.settings.merging(["JOB_LOG_LEVEL": "debug"]) { $1 })
    let (wanted, exitCode) = (try await undisturbed.traces(), whole.exitCode)
    let lines = whole.errors.split(separator: "\n").count
    #expect(lines > 20, "the steps are logged")
    #expect(exitCode == (scene == .new ? 0 : 65))

    var killed = 0
    for step in 0..<lines {
      let scenery = try await Scenery(scene)
      let run = try await SteppedRun(Usage.binary, scenery.environment, after: step)
      if run.hasEnded { continue }  // Two threads log; so one line more or less.
      killed += 1
      let runID = try await scenery.kill(run)
      try await scenery.usage.place.redis("DEL", Usage.lockKey)  // What the end of the lease does.
      try await scenery.expectPutRight(after: runID, wanted, exitCode, "after line \(step), \(run.lastLine())")
    }
    #expect(killed > lines - 3)
  }

  @Test func `1: the lock of a killed run ends with its lease`() async throws {
    let scenery = try await Scenery(.new)
    var environment = scenery.environment
    environment["JOB_LOCK_TTL"] = "4s"
    // Far enough to hold the lock, before anything else was done.
    var steps = 0
    var run = try await SteppedRun(Usage.binary, environment, after: steps)
    while try await scenery.usage.place.redis("EXISTS", Usage.lockKey).integer == 0 {
      _ = try await scenery.kill(run)
      steps += 1
      run = try await SteppedRun(Usage.binary, environment, after: steps)
    }
    let runID = try await scenery.kill(run)
    try await scenery.usage.place.until(key: Usage.lockKey, exists: false)
    let wanted = try await Scenery(.new)
    #expect(try await wanted.usage.run([], wanted.settings).exitCode == 0)
    try await scenery.expectPutRight(after: runID, wanted.traces(), 0, "after the end of the lease")
  }
}

/// Counters as a scene wants them, and what a run leaves of them.
private struct Scenery {
  let usage: Usage
  let settings: [String: String]
  var environment: [String: String] { usage.environment(settings) }

  init(_ scene: CrashPointTests.Scene) async throws {
    usage = try await Usage()
    var counters: [String: String] = [:]
    for day in 5...7 { for merchant in 0..<4 { counters["m\(merchant):2025-11-0\(day):x"] = "\(day * 10 + merchant)" } }
    switch scene {
    case .new:
      // The slot is done once: what was killed after its end is not done again.
      settings = ["JOB_FORCE": "false", "USAGE_RETENTION": "3d"]
      try await usage.set(counters)
    case .changed:
      settings = ["USAGE_RETENTION": "3d", "USAGE_SET_TTL": "30d"]
      let bad = ["bad:2025-11-05:x": "?", "mended:2025-11-05:x": "?", "bad:2025-11-06:x": "?"]
      try await usage.set(counters.filter { $0.key.contains("-05:") }.merging(bad) { $1 })
      guard try await usage.run([], ["USAGE_RETENTION": "3d"]).exitCode == 65 else { throw TestFailure("first run") }
      try await usage.set(counters.merging(["m1:2025-11-05:x": "99", "mended:2025-11-05:x": "7"]) { $1 })
    case .asked:
      settings = ["USAGE_RETENTION": "3d"]
      try await usage.set(counters.merging(["mended:2025-10-01:x": "?", "bad:2025-11-06:x": "?"]) { $1 })
      let first = try await usage.run([], ["USAGE_DAYS": "2025-10-01, 2025-11-05..2025-11-07"])
      try await usage.set(["mended:2025-10-01:x": "7"])
      try await usage.place.askForReplay("--job", "usage-aggregation")
      guard first.exitCode == 65, try await usage.place.letters().allSatisfy({ $0.hasSuffix(" asked") }) else {
        throw TestFailure("first run, and asking: \(first)")
      }
    }
  }

  /// Everything that must not depend on where a run was killed.
  struct Traces: Equatable {
    var stored: [String: String]
    var completed: [[String]]
    var deadLetters: [[String]]
    var keysWithEnd: Set<String> = []
  }

  func traces() async throws -> Traces {
    let place = usage.place
    var traces = Traces(
      stored: try await usage.stored(),
      completed: try await place.rows(
        "select usage_date::text as a, keys::text as b from oneshot.usage_days order by 1"),
      deadLetters: try await place.rows(
        "select item as a, error_kind as b, state as c, replay_asked_at is null as d from oneshot.dead_letters order by 1"
      ))
    for key in try await place.redis("KEYS", "*").elements
    where try await place.redis("TTL", key.text ?? "").integer != -1 {
      traces.keysWithEnd.insert(key.text ?? "")
    }
    return traces
  }

  /// - Returns: the run's id, where the ledger holds it as running.
  func kill(_ run: SteppedRun) async throws -> String? {
    run.process.send(SIGKILL)
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 128 + SIGKILL)
    // The server rolls back what the killed run had open once it notices the end of the connection.
    try await eventually { try await backends() == "0" }
    return try await usage.place.rows("select run_id from oneshot.job_runs where status = 'running'").first?.first
  }

  func expectPutRight(after killed: String?, _ wanted: Traces, _ exitCode: Int32, _ step: String) async throws {
    let comment = Comment(rawValue: step)
    let next = try await usage.run([], settings)
    #expect(next.exitCode == exitCode, comment)
    #expect(try await traces() == wanted, comment)
    // A run that died and the one after it may both have told an item.
    let attempts = "select coalesce(max(attempts), 0) <= 3 from oneshot.dead_letters"
    #expect(try await usage.place.value(attempts) == "true", comment)
    #expect(
      try await usage.place.value("select count(*) from oneshot.job_runs where status = 'running'") == "0", comment)
    if let killed {
      let state = try await usage.place.value(
        "select status || ' ' || error_kind from oneshot.job_runs where run_id = '\(killed)'")
      #expect(state == "failed abandoned", comment)
    }
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0, comment)
    try await eventually { try await backends() == "0" }
  }

  private func backends() async throws -> String {
    try await usage.place.value(
      "select count(*) from pg_stat_activity where application_name = 'oneshot' and datname = current_database()")
  }
}

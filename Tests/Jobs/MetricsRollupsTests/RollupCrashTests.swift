import Foundation
import Redis
import TestSupport
import Testing

/// `kill -9` at every step that a run logs: position and data never part.
@Suite(.timeLimit(.minutes(60))) struct RollupCrashTests {
  enum Scene: String, CaseIterable {
    /// Nothing was ever rolled up.
    case new
    /// Some was; since then events came, late ones too, and some were deleted.
    case changed
    /// And what is too old goes.
    case old

    var settings: [String: String] {
      self == .old
        ? [
          "ROLLUPS_KEEP_RAW": "1d", "ROLLUPS_KEEP_HOURLY": "1d", "ROLLUPS_KEEP_DAILY": "2d",
          "ROLLUPS_KEEP_WEEKLY": "7d",
        ] : [:]
    }
  }

  private func scene(_ scene: Scene) async throws -> Rollups {
    let rollups = try await Rollups()
    try await rollups.add(60, every: "50 minutes")
    guard scene != .new else { return rollups }
    guard try await rollups.run().exitCode == 0 else { throw TestFailure("first run") }
    try await rollups.add(20, every: "3 hours")
    try await rollups.add("late", at: "2025-10-10T10:10:00Z")
    try await rollups.place.execute("delete from metric_events where id % 10 = 0")
    return rollups
  }

  /// Of all steps, or of those that a seed chooses: all of them take minutes (`make soak`).
  private func steps(_ lines: Int) -> [Int] {
    let environment = ProcessInfo.processInfo.environment
    guard environment["ONESHOT_SWEEP"] != "all" else { return Array(0..<lines) }
    let seed = environment["ONESHOT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    print("kill points: ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    return Array((0..<lines).shuffled(using: &random).prefix(6))
  }

  /// What retention has left is what it leaves of an undisturbed run: compared instead of the raw events that are gone.
  private func expect(_ rollups: Rollups, asIn undisturbed: Rollups, _ kind: Scene, _ comment: Comment) async throws {
    guard kind == .old else {
      #expect(try await rollups.differences() == [], comment)
      return
    }
    let raw = "select metric, entity_id, value, occurred_at from metric_events order by occurred_at, metric"
    #expect(try await rollups.place.rows(raw) == undisturbed.place.rows(raw), comment)
    let stored = Rollups.stored + " order by 1, 2, 3, 4, 5"
    #expect(try await rollups.place.rows(stored) == undisturbed.place.rows(stored), comment)
  }

  @Test(arguments: Scene.allCases)
  func `1: a run that is killed after any line of its log leaves queued what it has not done`(_ kind: Scene)
    async throws
  {
    let undisturbed = try await scene(kind)
    let whole = try await undisturbed.run([], kind.settings.merging(["JOB_LOG_LEVEL": "debug"]) { $1 })
    #expect(whole.exitCode == 0)
    let lines = whole.errors.split(separator: "\n").count
    #expect(lines > 30, "the steps are logged")
    var killed = 0
    let steps = steps(lines)
    for step in steps {
      let rollups = try await scene(kind)
      let run = try await SteppedRun(Rollups.binary, rollups.environment(kind.settings), after: step)
      if run.hasEnded { continue }  // Two threads log; so one line more or less.
      killed += 1
      try await rollups.kill(run)
      let comment = Comment(rawValue: "\(kind), after line \(step), \(run.lastLine())")
      if kind != .old { #expect(try await forgotten(rollups) == [], comment) }
      #expect(try await rollups.run([], kind.settings).exitCode == 0, comment)
      try await expect(rollups, asIn: undisturbed, kind, comment)
      #expect(try await rollups.queued() == 0, comment)
    }
    #expect(killed > steps.count - 3)
  }

  /// Buckets that are wrong, and that no later run would know of: neither they nor a part of them is queued, and the
  /// position has moved past what touched them.
  private func forgotten(_ rollups: Rollups) async throws -> [String] {
    try await rollups.place.rows(
      """
      with wrong as (
        select granularity, bucket_start from ((\(Rollups.stored)) except all (\(rollups.plain()))) a
        union
        select * from (select level, start from ((\(rollups.plain())) except all (\(Rollups.stored))) b
          (level, start, m, t, i, c, s, lo, hi, exact)) c
      ), noticed as (
        select exists (
          select from oneshot.rollup_positions
          where seen is not null
            and not exists (select from metric_events where not pg_visible_in_snapshot(written_by, seen))) as is_all
      )
      select granularity || ' ' || bucket_start as a from wrong, noticed
      where is_all and not exists (select from oneshot.rollup_changes) and not exists (
        select from oneshot.rollup_queue q
        where q.bucket_start >= wrong.bucket_start
          and q.bucket_start < oneshot.bucket_end(wrong.granularity, wrong.bucket_start, 'UTC'))
        and not exists (
          select from oneshot.rollup_queue q
          where q.granularity = wrong.granularity and q.bucket_start = wrong.bucket_start)
      """
    ).map { $0[0] }
  }

  @Test func `4: a run that was paused while another did its work writes nothing more`() async throws {
    let rollups = try await scene(.changed)
    let run = try await SteppedRun(Rollups.binary, rollups.environment(["JOB_LOCK_TTL": "4s"]), past: "committed")
    run.process.send(SIGSTOP)
    try await eventually { try await rollups.place.redis("EXISTS", Rollups.lockKey).integer == 0 }
    #expect(try await rollups.run().exitCode == 0)
    let done = try await rollups.versions()
    run.process.send(SIGCONT)
    run.letGo()
    let paused = await run.process.outcome()
    #expect(paused.exitCode == 75, "\(paused.output)")
    #expect(try await rollups.versions() == done)
    #expect(try await rollups.differences() == [])
  }
}

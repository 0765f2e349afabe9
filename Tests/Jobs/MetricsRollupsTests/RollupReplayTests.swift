import Foundation
import TestSupport
import Testing

/// Dead letters of metrics-rollups that somebody asked for: their buckets are calculated again.
@Suite(.timeLimit(.minutes(10))) struct RollupReplayTests {
  private let rollups: Rollups
  private var place: Place { rollups.place }

  init() async throws { rollups = try await Rollups() }

  @Test func `a bucket whose rows were mended is calculated again, long after its source was looked at`() async throws {
    let folder = try TemporaryFolder()
    try
      "select metric, 'e' as entity_type, 'i' as entity_id, 1 as value, at as occurred_at from loose where at >= :window_start and at < :window_end"
      .write(toFile: "\(folder.path)/loose.sql", atomically: true, encoding: .utf8)
    let settings = ["ROLLUPS_SOURCES_DIR": folder.path]
    try await place.execute(
      """
      create table loose (metric text, at timestamptz);
      insert into loose values ('m', '2025-09-07 10:00+00'), (null, '2025-09-07 12:10+00'), (null, '2025-09-08 12:10+00');
      """)
    #expect(try await rollups.run([], settings).exitCode == 65)
    try await place.execute("update loose set metric = 'm' where at < '2025-09-08'")
    // So old that no run looks there.
    #expect(try await rollups.run([], settings).exitCode == 0)
    #expect(
      try await place.letters() == [
        "loose hourly 2025-09-07T12:00:00Z pending 1", "loose hourly 2025-09-08T12:00:00Z pending 1",
      ])
    try await place.askForReplay("--older-than", "0s")
    // Another level's, another mode's and another source's runs are not the ones to do it.
    for other in [
      ["ROLLUPS_GRANULARITIES": "weekly"], ["ROLLUPS_MODE": "rebuild", "ROLLUPS_FROM": "2025-11-01"],
      ["ROLLUPS_SOURCES": "metric_events"],
    ] {
      let run = try await rollups.run([], settings.merging(other) { $1 })
      #expect(run.exitCode == 0 && !run.result["details", "replayed"].isThere, "\(run.output)")
    }
    let run = try await rollups.run([], settings)
    #expect(run.exitCode == 65 && run.replayed == [2, 1, 1, 0], "\(run.output)")
    #expect(
      try await place.letters() == [
        "loose hourly 2025-09-07T12:00:00Z resolved 1", "loose hourly 2025-09-08T12:00:00Z pending 2",
      ])
    #expect(
      try await place.value(
        "select string_agg(granularity || sum, ' ' order by granularity) from metric_rollups where granularity <> 'hourly'"
      )
        == "daily2 monthly2 weekly2")
  }

  @Test func `what came too late cannot be done again: it stays asked, and its hour as it is`() async throws {
    try await rollups.add("kept", at: "2025-10-01T10:30:00Z")
    try await rollups.add("new", at: "2025-11-07T10:30:00Z")
    let keep = ["ROLLUPS_KEEP_RAW": "9d"]
    #expect(try await rollups.run([], keep).exitCode == 0)
    try await rollups.add("late", at: "2025-10-01T10:40:00Z")
    #expect(try await rollups.run([], keep).exitCode == 65)
    #expect(try await place.letters() == ["metric_events late 2025-10-01T10:00:00Z pending 1"])
    // And one of a bucket of that time: the events that it was made of are gone.
    try await place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state)
      select job, sha256('metric_events hourly 2025-10-01T10:00:00Z'), 'metric_events hourly 2025-10-01T10:00:00Z', '{}',
        'bucket_failed', 'x', 1, first_failed_at, last_failed_at, gen_random_uuid(), 'pending' from oneshot.dead_letters
      """)
    try await place.askForReplay("--older-than", "0s")
    let run = try await rollups.run([], keep)
    #expect(run.exitCode == 0 && run.replayed == [2, 0, 0, 2], "\(run.output)")
    #expect(run.errors.contains("this run could not replay some dead letters"))
    #expect(try await place.letters().allSatisfy { $0.hasSuffix("pending 1 asked") })
    #expect(
      try await place.value(
        "select sum(count) from metric_rollups where granularity = 'hourly' and bucket_start = '2025-10-01 10:00+00'")
        == "1")
  }

  /// Makes a letter of a bucket, and asks for it.
  private func ask(for item: String) async throws {
    try await place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state)
      values ('metrics-rollups', sha256('\(item)'), '\(item)', '{}', 'bucket_failed', 'x', 1, '2025-11-01', '2025-11-01',
        gen_random_uuid(), 'pending')
      """)
    try await place.askForReplay("--older-than", "0s")
  }

  @Test func `a run in another time zone than the rollups queues nothing, and leaves it asked`() async throws {
    try await rollups.add("m", at: "2025-11-06T10:30:00Z")
    let berlin = ["ROLLUPS_TIMEZONE": "Europe/Berlin"]
    #expect(try await rollups.run([], berlin).exitCode == 0)
    try await ask(for: "metric_events daily 2025-11-05T23:00:00Z")
    let other = try await rollups.run()
    #expect(other.exitCode == 78, "\(other.output)")
    #expect(try await rollups.queued() == 0)
    let run = try await rollups.run([], berlin)
    #expect(run.exitCode == 0 && run.replayed == [1, 1, 0, 0], "\(run.output)")
  }

  @Test func `a bucket that begins before the border of its parts is not calculated from those that are left`()
    async throws
  {
    try await rollups.add("m", at: "2025-10-28T10:30:00Z")
    try await rollups.add("m", at: "2025-11-02T10:30:00Z")
    #expect(try await rollups.run().exitCode == 0)
    try await place.execute(
      """
      update oneshot.rollup_positions
        set raw_from = '2025-11-01 00:00+00', hourly_from = '2025-11-01 00:00+00', daily_from = '2025-11-01 00:00+00';
      delete from metric_rollups where granularity = 'daily' and bucket_start < '2025-11-01 00:00+00'
      """)
    // A moment that is no bucket's beginning in this calendar; its week begins before the border.
    try await ask(for: "metric_events weekly 2025-11-02T00:00:00Z")
    let run = try await rollups.run()
    #expect(run.exitCode == 0 && run.replayed == [1, 0, 0, 1], "\(run.output)")
    #expect(try await place.value("select count from metric_rollups where granularity = 'weekly'") == "2")
  }

  @Test func `raw events that are closed while a bucket is asked for are not missed by it`() async throws {
    try await rollups.add("m", at: "2025-11-01T10:30:00Z")
    #expect(try await rollups.run().exitCode == 0)
    try await ask(for: "metric_events hourly 2025-11-01T10:00:00Z")
    let closing = try await OpenTransaction(
      in: place, "select oneshot.close_raw('metric_events', '2025-11-03 00:00+00')",
      "delete from metric_events where occurred_at < '2025-11-03 00:00+00'")
    let started = try Rollups.binary.start([], rollups.environment())
    try await eventually {
      try await place.value(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()") == "1"
    }
    try await closing.commit()
    let run = await started.outcome()
    #expect(run.exitCode == 0 && run.replayed == [1, 0, 0, 1], "\(run.output)")
    #expect(try await place.value("select sum(count) from metric_rollups") == "4")
  }
}

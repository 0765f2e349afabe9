import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import MetricsRollups

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let rollups = try await Rollups()
    let moment = try #require(Timestamp(rfc3339: Rollups.now))
    let day = try #require(CalendarDay("2025-11-07"))
    let (start, end) = (moment - .hours(26), moment - .hours(2))
    let none: String? = nil
    let samples: [String: any PostgresEncodable] = [
      "source": "metric_events", "sources": ["metric_events"], "texts": ["select …"], "version": "built in",
      "is_renewed": false, "zone": "Europe/Berlin",
      "granularity": "hourly", "child": "hourly", "levels": ["hourly", "daily"], "window_start": start,
      "window_end": end, "starts": [start, end - .hours(1)], "ends": [start + .hours(1), end],
      "origins": [start, start], "day_start": start, "only_good": false, "from_events": true, "most": 100_000,
      "most_buckets": 5000, "buckets": [start], "moments": [start], "newest_first": false, "from": start, "until": end,
      "from_day": day, "to_day": day, "from_moment": none, "to_moment": none, "pending": [start], "limit": 100,
      "seen": "100:100:", "raw_from": start, "hourly_from": none, "daily_from": none, "weekly_from": none,
      "monthly_from": none, "raw_before": start, "hourly_before": start, "daily_before": start, "weekly_before": start,
      "monthly_before": start, "recent_from": none, "stored_from": start, "stored_until": end, "moves": true,
      "moment": moment, "is_exact": true, "looked_until": none, "rebuilding": none, "batch": 10_000, "before": start,
      "mode": "incremental", "hours_more": 0, "has_moved": false, "is_other_zone": false, "calendar_start": start,
      "calendar_end": end,
      "first_bucket": start, "last_bucket": end,
      "run_id": "01a228a9-1ce6-7a5b-af9a-758367ac1df3", "is_done": true, "period_start": start, "period_end": end,
      "exact_visitors": Visitors.mostExact, "records": 5, "errors": 0, "error_message": none,
    ]
    var golden = GoldenStatements("metrics-rollups", samples)
    try golden.add(
      folder: "Jobs/MetricsRollups",
      except: [
        "metric_events", "campaign_analytics", "noticed_new", "noticed_by_index", "noticed_all", "touched",
        "queue_touched", "report_touched", "list_touched", "pending_hours", "kind_of_source", "bad_rows",
        "without_rows", "emptied_ahead",
        "fresh_from_events", "fresh_summary", "types_of_source", "sum_of_doubles", "parts_of_events", "parts_of_level",
        "good_rows", "seen_in_events", "seen_in_children", "visitors", "visitor_sketch",
        "stored", "changes", "insert_new", "differences", "take", "nearest_double", "fresh_from_children",
        "tracking_problems",
      ])
    var env = Environment([:])
    let sources = Source.all(folder: nil, chosen: ["metric_events", "campaign_analytics"], &env)
    golden.add("tracking_problems", try TrackingProblem.statement(for: sources.filter { $0.name == "metric_events" }))
    for source in sources {
      golden.add("kind_of_\(source.name)", try source.reading(.kindOfSource).statement(binding: samples))
      golden.add("types_of_\(source.name)", try source.reading(.typesOfSource).statement(binding: samples))
      golden.add("fresh_from_\(source.name)", try source.fresh(of: 1).statement(binding: samples))
    }
    let source = try #require(sources.first)
    func add(_ name: String, _ file: SQLFile) throws { golden.add(name, try file.statement(binding: samples)) }
    try add("fresh_of_stretches", source.fresh(of: 2))
    try add("fresh_from_children", source.freshFromChildren)
    for (name, holes) in [
      ("fresh_summary", ["stored": SQLFragment.stored]), ("changes", ["stored": .stored]),
      ("differences", ["stored": .stored]), ("insert_new", ["rows": SQLFragment(sql: "oneshot_rollup_fresh")]),
      ("take", ["direction": SQLFragment(sql: "asc"), "parts": .partsOfEvents]),
    ] {
      let text = try golden.text(of: name, in: "Jobs/MetricsRollups")
      golden.add(name, try SQLFragment("\(name).sql", text).filling(holes).binding(samples).statement())
    }
    try add("notice_new", source.looking(at: .noticedNew, isPlan: false))
    try add("notice_new_planned", source.looking(at: .noticedNew, isPlan: true))
    try add("notice_by_index", source.looking(at: .noticedByIndex, isPlan: false))
    try add("notice_all", source.looking(at: .noticedAll, isPlan: false))
    try add("list_touched", source.looking(at: .noticedAll, isPlan: true, reporting: .listTouched))
    try add("pending_hours", source.pendingHours(noticed: .noticedNew))
    try add("pending_hours_of_recent", source.pendingHours(noticed: .noticedNothing))
    try add("bad_rows", source.reading(.badRows))
    try add("without_rows", source.reading(.withoutRows))
    try add("emptied_ahead", source.reading(.emptiedAhead))

    try await rollups.place.execute(
      """
      create table campaign_signups (campaign_id bigint, signed_up_at timestamptz, verified_at timestamptz, referred_by bigint);
      create table campaign_emails (campaign_id bigint, sent_at timestamptz);
      create table campaign_rewards (campaign_id bigint, delivered_at timestamptz);
      """)
    try await rollups.place.execute("alter table metric_events add column visitor text")
    let visited = try await rollups.place.database.withSession { session in
      try session.query("begin")
      let visited = try source.typed(in: rollups.zone, session)
      try session.query("rollback")
      return visited
    }
    try add("fresh_of_visitors", visited.fresh(of: 1))
    try add("fresh_of_visitors_from_children", visited.freshFromChildren)

    let fresh = ["insert_new", "changes", "differences", "fresh_summary"]
    var needs = Dictionary(uniqueKeysWithValues: fresh.map { ($0, ["fresh_from_metric_events"]) })
    for name in ["update_changed", "delete_vanished", "emptied_days", "keep_emptied"] {
      needs[name] = ["fresh_from_metric_events", "changes"]
    }
    needs["progress"] = [
      """
      insert into oneshot.job_runs (
        run_id, job, shard, shard_count, scheduled_at, scheduled_by, forced, status, attempt, fence, started_at, host, version)
      values (
        '01a228a9-1ce6-7a5b-af9a-758367ac1df3', 'metrics-rollups', 0, 1, now(), 'setting', false, 'running', 1, 1, now(), '', '')
      """
    ]
    try await golden.check(in: rollups.place, needs: needs)
  }
}

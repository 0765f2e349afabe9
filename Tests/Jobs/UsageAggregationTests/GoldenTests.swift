import Postgres
import TestSupport
import Testing

@testable import JobRuntime
@testable import UsageAggregation

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let place = try await Place()
    let day = try #require(CalendarDay("2025-11-01"))
    let moment = try #require(Timestamp(rfc3339: "2025-11-08T02:00:00Z"))
    var golden = GoldenStatements(
      "usage-aggregation",
      [
        "scheduled_at": moment, "started_at": moment + .seconds(3), "timezone": "Europe/Berlin", "unit": "day",
        "dates": [day],
        "offsets": [-1, -2], "by_default": true, "with_completed": false, "include_today": false,
        "retention_days": 90, "settle_seconds": 300.0, "key_prefix": "usage:", "shard": 0, "shard_count": 1,
        "day": day, "limit": 100, "merchant": String?.none, "is_whole": true, "first": "(0,0)", "end": "(64,0)",
        "keys": 1000, "since": moment - .days(30), "instance": "", "server": "cache:6379/0",
        "recheck": true, "life_seconds": 518_400.0, "completed_keys": Int?.none, "read_for": moment,
        "has_changed": true,
        "run_id": "01a228a9-1ce6-7a5b-af9a-758367ac1df3",
      ])
    try golden.add(folder: "Jobs/UsageAggregation", except: ["merge", "write_changed", "resolve"])
    golden.add("merge", try Statements.merge(day, writing: true, within: .seconds(1)))
    golden.add("merge_planned", try Statements.merge(day, writing: false, within: .seconds(1)))
    golden.add("stage", CounterRows.table.preparation[0])
    var env = Environment([:])
    let condition = Statements.resolved(day, UsageAggregation.Settings(from: &env))
    golden.add(
      "resolve",
      try DeadLetters.resolve(where: condition, of: RunIdentity(job: "usage-aggregation", server: "cache:6379/0")))
    try await golden.check(in: place, needs: ["*": ["stage"]])
  }
}

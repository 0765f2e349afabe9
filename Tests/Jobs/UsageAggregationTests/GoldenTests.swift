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
        "recheck": true, "life_seconds": 518_400.0, "days": [day, day + 1], "known_keys": [Int?.none, 7], "reading": "",
        "read_for": moment,
        "has_changed": true, "overwrite": false,
        "run_id": "01a228a9-1ce6-7a5b-af9a-758367ac1df3",
      ])
    // Those with holes are assembled by the job, for counters of days and of hours.
    let assembled: Set = [
      "merge", "write_changed", "resolve", "insert_day", "exact_keys", "regressed", "overwrite_regressed", "status",
      "written_keys", "lost_rows", "staged_usage",
    ]
    try golden.add(folder: "Jobs/UsageAggregation", except: assembled)
    let (identity, limit) = (RunIdentity(job: "usage-aggregation", server: "cache:6379/0"), Duration.seconds(1))
    for (suffix, format) in [("", "usage:{merchant}:{yyyy-MM-dd}:{metric}"), ("_hourly", "h:{merchant}:{yyyyMMddHH}")] {
      var env = Environment(["USAGE_KEY_FORMAT": format])
      let settings = UsageAggregation.Settings(from: &env)
      let table = settings.table
      for name in ["status", "lost_rows", "regressed", "written_keys"] {
        let text = try golden.text(of: name, in: "Jobs/UsageAggregation")
        golden.add(name + suffix, try table.fragment("\(name).sql", text, golden.samples).statement())
      }
      golden.add("insert_day" + suffix, try Statements.insert(day, into: table, within: limit))
      golden.add("merge" + suffix, try Statements.merge(day, into: table, writing: true, within: limit))
      golden.add("merge_planned" + suffix, try Statements.merge(day, into: table, writing: false, within: limit))
      golden.add("exact_keys" + suffix, try Statements.exactKeys(day, of: table, within: limit))
      golden.add("overwrite_regressed" + suffix, try Statements.overwriteRegressed(day, in: table, within: limit))
      golden.add("staged_usage" + suffix, try Statements.showStaged(day, of: table)[1])
      golden.add("stage" + suffix, table.staging.creation)
      golden.add("resolve" + suffix, try DeadLetters.resolve(where: Statements.resolved(day, settings), of: identity))
    }
    try await golden.check(in: place, needs: ["*": ["stage_hourly"]])
  }
}

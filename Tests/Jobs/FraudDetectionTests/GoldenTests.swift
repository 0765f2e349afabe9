import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import FraudDetection

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let signups = try await Signups()
    let moment = try #require(Timestamp(rfc3339: Signups.now))
    var env = Environment([:])
    let settings = FraudDetection.Settings(from: &env)
    let run = "01a228a9-1ce6-7a5b-af9a-758367ac1df3"
    var golden = GoldenStatements(
      "fraud-detection",
      [
        "instance": "", "part": "", "optional": Rules.optionalColumns, "entries": [1, 2], "rules": settings.rules,
        "moment": moment, "run_id": run, "own": #"{"checks": [], "signals": []}"#, "snapshot": "10:20:10,14",
        "looked_until": moment, "last_id": 17, "digest": "", "domains": "trash.org\n",
        "keep_from": moment - settings.keep,
        "limit": 1000, "is_whole": true,
      ])
    try golden.add(
      folder: "Jobs/FraudDetection", except: ["new_entries", "not_whole", "verified_since", "entries", "own_check"])
    var entries = Entries(
      campaigns: nil, shard: Shard(index: 0, count: 1), keepFrom: moment - settings.keep, isWhole: true)
    golden.add("new_at_first", try entries.new(since: .start, hasVerifiedAt: true, after: 0, limit: 1000))
    golden.add(
      "new_since_moment",
      try entries.new(since: .moment(moment, lastID: 17), hasVerifiedAt: false, after: 0, limit: 1000))
    golden.add(
      "new_since_snapshot",
      try entries.new(since: .snapshot("10:20:10,14"), hasVerifiedAt: false, after: 0, limit: 1000))
    entries = Entries(
      campaigns: [3, 5], shard: Shard(index: 0, count: 1), keepFrom: moment - settings.keep, isWhole: false)
    golden.add("some_checks", try entries.new(since: .start, hasVerifiedAt: false, after: 0, limit: 1000))
    golden.add("page_of_campaigns", try entries.page(after: 0, limit: 1000))
    try await golden.check(
      in: signups.place,
      needs: ["new_since_snapshot": ["alter table waitlist_entries add written_by xid8 default pg_current_xact_id()"]])
  }
}

import JobRuntime
import Postgres
import TestSupport
import Testing

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let moment = try #require(Timestamp(rfc3339: "2025-11-08T02:00:00Z"))
    let id = "01a228a9-1ce6-7a5b-af9a-758367ac1df3"
    var golden = GoldenStatements(
      "job-doctor",
      [
        "jobs": ["reindex"], "variants": [""], "shards": [0], "kinds": ["missed"], "sinces": [moment],
        "messages": ["it's late"], "snoozes": [moment], "now": moment, "run": id, "horizon": moment - .days(90),
        "settled_before": moment - .minutes(30), "receiver": "slack",
        "can_get_end_alone": false, "limit": 200, "begun": [id], "ended": [String](), "instances": [""],
        "servers": [""], "scope": [""], "is_excluding": true,
      ])
    try golden.add(folder: "Jobs/JobDoctor", except: [])
    try await golden.check(in: Place())
  }
}

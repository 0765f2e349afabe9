import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import WaitlistPositions

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let waitlist = try await Waitlist()
    var env = Environment([:])
    var golden = GoldenStatements(
      "waitlist-positions",
      [
        "chosen": [1, 2], "shard": 0, "shards": 1, "instance": "", "job": "waitlist-positions", "campaign": 1,
        "rules": WaitlistPositions.Settings(from: &env).rules.text,
        "moment": try #require(Timestamp(rfc3339: Waitlist.now)), "run_id": "01a228a9-1ce6-7a5b-af9a-758367ac1df3",
        "is_plan": true,
      ])
    try golden.add(folder: "Jobs/WaitlistPositions", except: [])
    try await golden.check(in: waitlist.place, needs: [:])
  }
}

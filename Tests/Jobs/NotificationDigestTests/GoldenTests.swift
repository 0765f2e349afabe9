import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import NotificationDigest

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let digests = try await Digests()
    let moment = try #require(Timestamp(rfc3339: Digests.now))
    var golden = GoldenStatements(
      "notification-digest",
      [
        "instance": "", "job": "notification-digest", "frequencies": ["daily"], "frequency": "daily", "users": ["17"],
        "dues": [Digests.now], "half_period": "12 hours", "before": moment - .days(30), "shard": 0, "shards": 1,
        "limit": 5000,
      ])
    try golden.add(folder: "Jobs/NotificationDigest", except: ["page", "make", "write", "outcome"])
    var env = Environment([:])
    let digest = Digest(
      NotificationDigest.Settings(from: &env),
      .init(
        idType: "bigint", userIDType: "bigint", userColumns: ["locale", "timezone"],
        preferenceColumns: ["hour", "minute", "weekday", "timezone", "enabled"]),
      zones: ["utc", "europe/berlin"], at: moment, for: Shard(index: 0, count: 1))
    golden.add("page", try digest.page(.daily, after: "", limit: 50))
    let due = [Digest.Due(user: "17", dueAt: Digests.now)]
    golden.add("make", try digest.making(due, .daily))
    golden.add("plan", try digest.planning(due, .weekly))
    try await golden.check(in: digests.place)
  }
}

import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import NotificationDelivery

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let notices = try await Notices()
    let moment = try #require(Timestamp(rfc3339: Notices.now))
    var golden = GoldenStatements(
      "notification-delivery",
      ["instance": "", "job": "notification-delivery", "after_at": "-infinity", "after_id": "", "limit": 500])
    try golden.add(folder: "Jobs/NotificationDelivery", except: ["decide", "write", "outcome", "data"])
    var env = Environment(["NOTIFY_QUIET": "22:00-07:00"])
    let decision = try Decision(
      NotificationDelivery.Settings(from: &env),
      .init(idType: "bigint", optional: ["locale", "timezone", "collapse_key", "expires_at"]))
    let share = Shard(index: 0, count: 1)
    golden.add("decide", try decision.writing(["17"], at: moment, for: share))
    golden.add("plan", try decision.planning(["17"], at: moment, for: share))
    try await golden.check(in: notices.place)
  }
}

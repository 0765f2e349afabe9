import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import OutboxDelivery

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let place = try await Place()
    let moment = try #require(Timestamp(rfc3339: "2025-11-08T02:00:00Z"))
    let run = "01a228a9-1ce6-7a5b-af9a-758367ac1df3"
    let id = "c46a902b-604b-50da-c37f-19de8002eb80"
    var golden = GoldenStatements(
      "outbox-delivery",
      [
        "moment": moment, "channels": ["email", "webhook"], "mail_attempts": 8, "webhook_attempts": 10, "id": id,
        "ids": [id], "state": "expired", "run_id": run, "attempt": 1, "next_at": moment, "is_free": false,
        "is_doubt": false, "outcome": "sent", "code": 250, "message": "queued", "target": "smtp:relay:587",
        "failures": 5, "first_failed_at": moment, "closed_until": moment, "reason": "connection refused",
        "endpoint": "shop", "instance": "staging", "until": moment, "limit": 1000,
      ])
    try golden.add(
      folder: "Jobs/OutboxDelivery", except: ["page", "suppressed", "target_name", "claim", "left", "last_mails"])
    let closed = [Target(name: "domain:example.net")]
    golden.add("page", try Supply.page(of: .email, closed: closed, passed: [id], limit: 200, at: moment))
    golden.add("claim", try DeliveryPass.claiming(id, by: run, at: moment))
    golden.add("last_mails", try DeliveryPass.lastMails(since: moment))
    golden.add("left", try DeliveryPass.left(["email", "webhook"], closed, at: moment))
    try await golden.check(in: place)
  }
}

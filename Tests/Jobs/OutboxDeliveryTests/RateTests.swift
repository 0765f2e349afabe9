import TestSupport
import Testing

@testable import OutboxDelivery

/// `MAIL_RATE` and `MAIL_DOMAIN_RATE`, within a run and from one to the next.
@Suite(.timeLimit(.minutes(10))) struct RateTests {
  private let domains = ["a", "b"].map { Target(name: "domain:\($0).example") }

  @Test func `places are an interval apart, and begin an interval after the last mail`() {
    let before = ContinuousClock.now
    let pace = Pace(1, domainRate: nil, last: [(domains[0], .milliseconds(400)), (domains[1], .seconds(100))])
    let turns = [pace.turn(), pace.turn()]
    #expect(turns[0] >= before + .milliseconds(600) && turns[0] <= .now + .milliseconds(600))
    #expect(turns[1] == turns[0] + .seconds(1))
    #expect(pace.admits(domains[0]) && pace.admits(domains[0]) && pace.waiting == nil)
  }

  @Test func `a domain waits for its own mails alone`() {
    let pace = Pace(nil, domainRate: 1.0 / 3600, last: [(domains[0], .seconds(60))])
    #expect(!pace.admits(domains[0]) && pace.admits(domains[1]) && !pace.admits(domains[1]))
    #expect(Set(pace.waiting?.domains ?? []) == Set(domains))
    pace.release(domains[1])
    #expect(pace.admits(domains[1]))
  }

  @Test(.enabled(if: TraitBuild.isOutboxBuilt))
  func `a rate holds for all lanes and runs, and nobody waits for a place that comes after the run`() async throws {
    let outbox = try await Outbox(["MAIL_RATE": "1/h", "DELIVERY_PARALLEL": "4", "JOB_TIMEOUT": "2m"])
    let server = try await MailServer()
    // Nothing is due: no place is waited for.
    #expect(try await outbox.run(server).exitCode == 0)
    try await outbox.add(1...5)
    for _ in 1...2 {
      let run = try await outbox.run(server)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      #expect(try server.mails().count == 1)
    }
    try await outbox.place.execute(
      "update oneshot.delivery_attempts set started_at = started_at - interval '61 minutes'")
    _ = try await outbox.run(server)
    #expect(try server.mails().count == 2)
  }

  @Test(.enabled(if: TraitBuild.isOutboxBuilt))
  func `each domain has a rate, and the others go on`() async throws {
    let outbox = try await Outbox(["MAIL_DOMAIN_RATE": "1/h", "DELIVERY_PARALLEL": "4"])
    let server = try await MailServer()
    try await outbox.add(1...300)
    try await outbox.add(301...303, ["recipient": "'user' || g || '@Other.example'"])
    for _ in 1...2 {
      let run = try await outbox.run(server)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      let domains = try server.mails().map { $0.recipient.split(separator: "@")[1].lowercased() }
      #expect(domains.sorted() == ["example.org", "other.example"])
    }
  }
}

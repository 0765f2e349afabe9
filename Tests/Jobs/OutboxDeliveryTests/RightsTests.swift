import TestSupport
import Testing

/// The privileges that the job's page names are enough, and each is needed.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test(.enabled(if: TraitBuild.isOutboxBuilt))
  func `a role and a user with its page's privileges can do all`() async throws {
    let (outbox, server) = (try await Outbox(), try await MailServer(["RCPT": "550 5.1.1 no", "only": "user2"]))
    try await outbox.add(1...2)
    try await outbox.add(3...3, ["state": "'sending'"])
    try await outbox.add(
      4...4, ["state": "'sent'", "created_at": "now() - interval '1 year'", "next_at": "now() - interval '1 year'"])
    let restricted = try await outbox.place.restricted("outbox-delivery")
    let check = try await outbox.run(server, restricted, arguments: ["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await outbox.run(server, restricted)
    #expect(run.exitCode == 65 && run.result["counts", "bounced"].int == 1, "\(run.output)\(run.errors)")
    #expect(run.result["counts", "sent"].int == 2 && run.result["counts", "doubts"].int == 1)
  }

  @Test(arguments: [
    ("delete on oneshot.deliveries", "may not delete oneshot.deliveries"),
    ("insert on oneshot.delivery_attempts", "may not insert oneshot.delivery_attempts"),
    ("insert on oneshot.suppressions", "may not insert oneshot.suppressions"),
    ("update (disabled_at) on oneshot.webhook_endpoints", "may not update oneshot.webhook_endpoints.disabled_at"),
  ])
  func `check names a grant that is missing`(grant: String, complaint: String) async throws {
    let outbox = try await Outbox()
    let restricted = try await outbox.place.restricted("outbox-delivery")
    try await outbox.place.execute("revoke \(grant) from \(outbox.place.own("jobs"))")
    let check = try await Binary("outbox-delivery").run(
      ["--check"],
      outbox.environment(restricted.merging(["DELIVERY_CHANNELS": "webhook", "MAIL_URL": ""]) { $1 }))
    #expect(check.exitCode == 77 && check.output.contains(complaint), "\(check.output)")
  }
}

import TestSupport
import Testing

/// What becomes of an e-mail that was decided, where outbox-delivery sends it.
@Suite(.timeLimit(.minutes(10))) struct SendingTests {
  @Test func `who unsubscribes before it is sent gets none, and others do, with the title as the subject`() async throws
  {
    let notices = try await Notices()
    try await notices.addUsers(1...2)
    try await notices.place.execute(
      "insert into notifications (id, user_id, title, body) select g, g, E'a <b>\\r\\nBcc: x@y.z', 'text' from generate_series(1, 2) g"
    )
    #expect(try await notices.run().count("emails") == 2)
    try await notices.place.execute(
      "insert into oneshot.suppressions (address, category, reason) values ('u1@example.org', 'social', 'unsubscribed')"
    )
    let server = try await MailServer()
    let sent = try await TraitBuild.outbox.run(
      [],
      notices.place.environment.merging([
        "MAIL_URL": server.url, "MAIL_FROM": "a@example.org", "MAIL_PLAINTEXT": "true", "JOB_FORCE": "true",
      ]) { $1 })
    #expect(sent.exitCode == 0, "\(sent.output)\(sent.errors)")
    let mails = try server.mails()
    #expect(mails.map(\.recipient) == ["u2@example.org"])
    #expect(mails.first?.text.contains("text") == true && mails.first?.subject.hasPrefix("a <b>") == true)
    #expect(mails.first?.headers.contains { $0[0] == "Bcc" } == false)
    #expect(
      try await notices.place.value("select state from oneshot.deliveries where user_id = '1'") == "suppressed")
  }
}

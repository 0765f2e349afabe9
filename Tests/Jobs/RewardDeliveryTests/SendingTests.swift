import TestSupport
import Testing

/// Rewards that outbox-delivery sends, to a real relay and a real endpoint.
@Suite(.timeLimit(.minutes(15)), .enabled(if: TraitBuild.isOutboxBuilt)) struct SendingTests {
  private func send(_ earned: Earned, _ more: [String: String]) async throws -> Binary.Outcome {
    try await TraitBuild.outbox.run(
      [],
      earned.place.environment.merging([
        "MAIL_FROM": "a@example.org", "MAIL_PLAINTEXT": "true", "JOB_FORCE": "true", "JOB_LOG_LEVEL": "debug",
      ]) { $1 }.merging(more) { $1 })
  }

  private func makeDue(_ earned: Earned) async throws {
    try await earned.place.execute(
      "update oneshot.deliveries set next_at = now(); update oneshot.delivery_targets set closed_until = now()")
  }

  @Test func `while the relay is down no second code is given, then each mail has its own, and no output any`()
    async throws
  {
    let earned = try await Earned(["JOB_LOG_LEVEL": "debug"])
    try await earned.load(1...10)
    try await earned.add(1...3)
    var said = ""
    func note(_ outcome: Binary.Outcome) { said += outcome.output + outcome.errors }
    for _ in 1...6 {
      note(try await earned.run())
      // Nobody listens there.
      note(try await send(earned, ["MAIL_URL": "smtp://127.0.0.1:9", "DELIVERY_CHANNELS": "email"]))
      try await makeDue(earned)
    }
    #expect(try await earned.outcomes().allSatisfy { $0.contains(" queued SECRET-") })
    let refusing = try await MailServer(["RCPT": "552 5.2.2 full", "only": "u2@"])
    note(try await send(earned, ["MAIL_URL": refusing.url, "DELIVERY_CHANNELS": "email"]))
    let run = try await earned.run()
    note(run)
    #expect(run.exitCode == 65 && run.count("delivered") == 2 && run.count("failed") == 1, "\(run.output)")
    try await earned.place.execute("update users set email = 'right@example.org' where id = 2")
    try await earned.place.askForReplay("reward-delivery", "2")
    note(try await earned.run())
    let relay = try await MailServer()
    note(try await send(earned, ["MAIL_URL": relay.url, "DELIVERY_CHANNELS": "email"]))
    let last = try await earned.run()
    note(last)
    #expect(last.exitCode == 0 && last.count("delivered") == 1, "\(last.output)\(last.errors)")
    let mails = try refusing.mails() + relay.mails()
    #expect(mails.map(\.recipient).sorted() == ["right@example.org", "u1@example.org", "u3@example.org"])
    for (recipient, code) in [("u1@", "1"), ("right@", "2"), ("u3@", "3")] {
      let mail = try #require(mails.first { $0.recipient.hasPrefix(recipient) })
      #expect(mail.text.contains("Your code: SECRET-0000\(code)"), "\(mail.text)")
    }
    #expect(try await earned.mistakes() == [])
    #expect(!said.contains("SECRET-"))
    #expect(
      try await earned.place.value(
        """
        select count(*) from (
          select l::text from oneshot.dead_letters l union all select r::text from oneshot.job_runs r
          union all select a::text from oneshot.dead_letter_actions a union all select t::text from oneshot.delivery_attempts t
        ) as all_rows (text) where text like '%SECRET-%'
        """) == "0")
  }

  @Test(.enabled(if: WebhookServer.isInstalled))
  func `an endpoint that fails nine times has delivered the reward once, and seen one id`() async throws {
    let earned = try await Earned()
    let certificates = try await Certificates()
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    var requests: [WebhookServer.Request] = []
    func send(to answer: Int, times: Int) async throws {
      let server = try await WebhookServer(
        secrets: [secret], answering: answer, certificate: certificates.path("server.crt"))
      try await earned.place.execute(
        "update oneshot.webhook_endpoints set url = 'https://localhost:\(server.port)/', secrets = '{\(secret)}'")
      for _ in 1...times {
        let sent = try await self.send(
          earned,
          [
            "DELIVERY_CHANNELS": "webhook", "WEBHOOK_PRIVATE": "true", "WEBHOOK_CA_FILE": certificates.authority,
          ])
        #expect(sent.exitCode == 0, "\(sent.output)\(sent.errors)")
        #expect(try await earned.run().exitCode == 0)
        try await makeDue(earned)
      }
      requests += try server.requests()
    }
    try await earned.place.execute("update oneshot.reward_types set endpoint_id = 'crm'")
    try await earned.load(1...3)
    try await earned.add(1...1, method: "webhook")
    #expect(try await earned.run().count("webhooks") == 1)
    try await send(to: 500, times: 9)
    #expect(try await earned.outcomes() == ["1 queued SECRET-00001"])
    try await send(to: 200, times: 2)
    #expect(try await earned.outcomes() == ["1 delivered SECRET-00001"])
    #expect(requests.count == 10 && Set(requests.map(\.id)).count == 1)
    #expect(requests.allSatisfy { $0.verified == [0] })
    let body = ResultLine(text: requests[9].body)
    #expect(body["type"].string == "reward.granted" && body["data", "code"].string == "SECRET-00001")
    #expect(body["data", "reward_id"].string == "1" && body["data", "user_id"].string == "1")
    #expect(try await earned.mistakes() == [])
  }
}

import Foundation
import TestSupport
import Testing

/// Mail through the real binary to a real server.
@Suite(.timeLimit(.minutes(15)), .enabled(if: TraitBuild.isOutboxBuilt)) struct DeliveryTests {
  @Test func `what is due is sent once, by priority, and what is not is left`() async throws {
    let (outbox, server) = (try await Outbox(), try await MailServer())
    try await outbox.add(1...3, ["priority": "10 - g"])
    try await outbox.add(4...4, ["not_before": "now() + interval '1 hour'"])
    try await outbox.add(5...5, ["expires_at": "now() - interval '1 hour'"])
    try await outbox.add(6...6, ["state": "'cancelled'"])
    try await outbox.add(7...8, ["category": "'news'"])
    try await outbox.place.execute(
      """
      insert into oneshot.suppressions (address, category, reason) values
        ('user7@example.org', 'news', 'unsubscribed'), ('user8@example.org', 'other', 'unsubscribed')
      """)
    let run = try await outbox.run(server)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(
      try server.mails().map(\.recipient) == [3, 2, 1, 8].map { "user\($0)@example.org" }.sorted(by: Self.byPriority))
    #expect(
      try await outbox.states() == [
        "sent 1 0", "sent 1 0", "sent 1 0", "queued 0 0", "expired 0 0", "cancelled 0 0", "suppressed 0 0", "sent 1 0",
      ])
    #expect(run.result["counts", "sent"].int == 4 && run.result["counts", "suppressed"].int == 1)
    #expect(try await outbox.run(server).result["counts", "sent"].int == 0)
    #expect(try server.mails().count == 4)
  }

  /// 8 has the priority 5, and 3, 2 and 1 have 7, 8 and 9.
  private static func byPriority(_ left: String, _ right: String) -> Bool {
    let order = ["user8", "user3", "user2", "user1"]
    return order.firstIndex { left.hasPrefix($0) } ?? 0 < order.firstIndex { right.hasPrefix($0) } ?? 0
  }

  @Test(arguments: [
    ("RCPT", "550 5.1.1 no such user", "failed 1 0", "bounced pending", 65),
    ("RCPT", "550 no such user", "failed 1 0", "bounced pending", 65),
    ("RCPT", "550 5.7.1 not from you", "failed 1 0", "refused pending", 65),
    ("RCPT", "552 5.2.2 mailbox full", "failed 1 0", "refused pending", 65),
    ("RCPT", "451 4.3.0 later", "queued 1 0", "", 0),
    ("RCPT", "421 closing", "queued 0 0", "", 0),
    ("RCPT", "504 5.5.2 need fully-qualified address", "failed 1 0", "refused pending", 65),
    ("RCPT", "501 what", "failed 1 0", "refused pending", 65),
    ("RCPT", "550 relay not permitted", "failed 1 0", "refused pending", 65),
    ("354", "503 what", "queued 0 0", "", 70),
    ("RCPT", "530 log in", "queued 0 0", "", 77),
    ("MAIL", "550 who are you", "queued 0 0", "", 78),
    ("MAIL", "451 later", "queued 0 0", "", 0),
    ("MAIL", "cut", "queued 0 0", "", 0),
    ("RCPT", "cut", "queued 0 0", "", 0),
    ("DATA", "554 5.7.1 spam", "failed 1 0", "refused pending", 65),
    ("DATA", "550 5.1.1 late", "failed 1 0", "refused pending", 65),
    ("DATA", "452 4.2.2 full", "queued 1 0", "", 0),
    ("DATA", "421 4.3.0 closing", "queued 1 0", "", 0),
    ("DATA", "251 2.0.0 forwarded", "sent 1 0", "", 0),
    ("DATA", "250 2.0.0 \u{0}\u{1B}[2J", "sent 1 0", "", 0),
  ])
  func `each answer means what the page says`(
    step: String, answer: String, state: String, letter: String, exitCode: Int32
  ) async throws {
    let (outbox, server) = (try await Outbox(["DELIVERY_MAX": "1"]), try await MailServer([step: answer]))
    try await outbox.add()
    let run = try await outbox.run(server)
    #expect(run.exitCode == exitCode, "\(run.output)\(run.errors)")
    #expect(try await outbox.states() == [state])
    #expect(try await outbox.letters() == [letter].filter { !$0.isEmpty })
    let isBounce = letter.hasPrefix("bounced")
    #expect(try await outbox.place.value("select count(*) from oneshot.suppressions") == (isBounce ? "1" : "0"))
    #expect(!(run.output + run.errors).contains("user1@"))
    // What was refused for a while goes out, and nothing else.
    try await outbox.makeDue()
    let well = try await MailServer()
    _ = try await outbox.run(well)
    #expect(try well.mails().count == (state.hasPrefix("queued") ? 1 : 0))
  }

  @Test(arguments: [("again", "queued 1 1"), ("hold", "held 1 1")])
  func `a connection that ends after the end of the mail leaves it in doubt`(onDoubt: String, state: String)
    async throws
  {
    let (outbox, server) = (try await Outbox(), try await MailServer(["dieAfter": 1]))
    try await outbox.add(1...1, ["on_doubt": "'\(onDoubt)'"])
    let run = try await outbox.run(server)
    #expect(run.exitCode == (onDoubt == "hold" ? 65 : 0), "\(run.output)\(run.errors)")
    #expect(try await outbox.states() == [state])
    #expect(try await outbox.letters() == (onDoubt == "hold" ? ["doubt pending"] : []))
    #expect(try await outbox.place.value("select outcome from oneshot.delivery_attempts") == "doubt")
    // The second mail is the first one, to the byte.
    let second = try await MailServer()
    try await outbox.makeDue()
    _ = try await outbox.run(second)
    #expect(try second.mails().map(\.raw) == (onDoubt == "hold" ? [] : server.mails().map(\.raw)))
  }

  @Test(arguments: ["again", "hold"])
  func `a run that is killed while it waits for the reply leaves one message in doubt`(onDoubt: String) async throws {
    let (outbox, silent) = (try await Outbox(), try await MailServer(["silentAfterTaking": true]))
    try await outbox.add(1...3, ["on_doubt": "'\(onDoubt)'"])
    let run = try TraitBuild.outbox.start([], outbox.environment(["MAIL_URL": silent.url]))
    try await eventually { try silent.mails().count == 1 }
    run.send(SIGKILL)
    _ = await run.outcome()
    #expect(try await outbox.states() == ["sending 1 0", "queued 0 0", "queued 0 0"])
    try await outbox.place.redis("DEL", "oneshot:lock:outbox-delivery")
    let server = try await MailServer()
    let next = try await outbox.run(server)
    #expect(next.exitCode == (onDoubt == "hold" ? 65 : 0), "\(next.output)\(next.errors)")
    #expect(try await outbox.states().first == (onDoubt == "hold" ? "held 1 1" : "sent 2 1"))
    let ids = try Set(silent.mails().map(\.id) + server.mails().map(\.id))
    #expect(try ids.count == 3 && server.mails().count == (onDoubt == "hold" ? 2 : 3))
    guard onDoubt == "hold" else { return }
    // Somebody has asked the relay, and wants it again.
    _ = try await Binary("oneshot").run(
      ["dead-letters", "replay", "--job", "outbox-delivery", "--by", "ada"], outbox.place.environment)
    let replay = try await outbox.run(server)
    #expect(try replay.exitCode == 0 && server.mails().count == 3, "\(replay.output)\(replay.errors)")
    #expect(try await outbox.letters() == ["doubt resolved"])
  }

  @Test func `a run that is stopped waits for the reply and writes it down`() async throws {
    let (outbox, silent) = (try await Outbox(), try await MailServer(["DATA": "silent"]))
    try await outbox.add(1...3)
    let run = try TraitBuild.outbox.start(
      [], outbox.environment(["MAIL_URL": silent.url, "JOB_LOG_LEVEL": "debug"]))
    try await eventually { try await outbox.states().contains("sending 1 0") }
    run.send(SIGTERM)
    let outcome = try await run.outcome(within: .seconds(60))
    #expect(outcome.exitCode == 143, "\(outcome.output)\(outcome.errors)")
    let states = try await outbox.states()
    #expect(
      states[1...] == ["queued 0 0", "queued 0 0"] && ["queued 0 0", "queued 1 1"].contains(states[0]), "\(states)")
  }

  @Test func `a relay that is down costs no message an attempt, and one message tries it when its time has come`()
    async throws
  {
    let outbox = try await Outbox(["DELIVERY_BREAKER": "3"])
    try await outbox.add(1...10)
    // What was tried is due a little later than the others.
    let down = try await outbox.run()
    #expect(down.exitCode == 0 && down.result["counts", "throttled"].int == 7, "\(down.output)\(down.errors)")
    #expect(try await outbox.states() == Array(repeating: "queued 0 0", count: 10))
    #expect(try await outbox.place.value("select failures from oneshot.delivery_targets") == "3")
    #expect(down.result["counts", "closed_relays"].int == 1 && down.result["details", "closed"].count == 1)
    // Closed: nothing is tried. What waits ages, and is told apart by what became of it.
    try await outbox.place.execute("update oneshot.deliveries set next_at = now() - interval '2 hours'")
    let folder = try TemporaryFolder()
    let closed = try await outbox.run(nil, ["JOB_METRICS_FILE": "\(folder.path)/job.prom"])
    #expect((closed.result["details", "oldest_seconds"].int ?? 0) >= 7200, "\(closed.output)")
    let metrics = try String(contentsOfFile: "\(folder.path)/job.prom", encoding: .utf8)
    #expect(metrics.contains(#"job_counts{job_name="outbox-delivery",count="closed_relays"} 1"#), "\(metrics)")
    #expect(metrics.contains(#"count="sent"} 0"#) && metrics.contains(#"count="throttled"} 10"#))
    #expect(metrics.contains(#/job_oldest_seconds\{job_name="outbox-delivery"\} 72\d\d/#))
    #expect(try await outbox.place.value("select failures from oneshot.delivery_targets") == "3")
    try await outbox.makeDue()
    _ = try await outbox.run()
    #expect(try await outbox.place.value("select failures from oneshot.delivery_targets") == "4")
    try await outbox.makeDue()
    let server = try await MailServer()
    try await outbox.place.execute(
      "update oneshot.delivery_targets set target = 'smtp:127.0.0.1:\(server.port)'")
    let well = try await outbox.run(server)
    #expect(well.result["counts", "sent"].int == 10, "\(well.output)\(well.errors)")
    #expect(well.result["counts", "closed_relays"].int == 0)
    #expect(try await outbox.place.value("select count(*) from oneshot.delivery_targets") == "0")
  }

  @Test func `TLS is required, the certificate is verified, and a login that is refused counts for nothing`()
    async throws
  {
    let outbox = try await Outbox(["MAIL_PLAINTEXT": "false", "DELIVERY_MAX": "1"])
    let certificates = try await Certificates()
    let tls = [certificates.path("server.crt"), certificates.path("server.key")]
    let server = try await MailServer(["tls": tls, "login": ["ada", "s3cret%word"]])
    try await outbox.add(1...2)
    func relay(_ password: String, on port: Int) -> [String: String] {
      ["MAIL_URL": "smtp://ada:\(password)@127.0.0.1:\(port)"]
    }
    let unknown = try await outbox.run(server, relay("s3cret%25word", on: server.port))
    #expect(unknown.exitCode == 78 && unknown.output.contains("MAIL_CA_FILE"), "\(unknown.output)")
    let trusted = ["MAIL_CA_FILE": certificates.authority]
    let denied = try await outbox.run(server, trusted.merging(relay("wr0ng-word", on: server.port)) { $1 })
    #expect(denied.exitCode == 77 && !denied.output.contains("wr0ng"), "\(denied.output)")
    let plain = try await MailServer()
    let naked = try await outbox.run(plain, trusted.merging(relay("s3cret%25word", on: plain.port)) { $1 })
    #expect(naked.exitCode == 78 && naked.output.contains("no TLS"), "\(naked.output)")
    #expect(try await outbox.states() == ["queued 0 0", "queued 0 0"])
    let well = try await outbox.run(server, trusted.merging(relay("s3cret%25word", on: server.port)) { $1 })
    #expect(well.exitCode == 0, "\(well.output)\(well.errors)")
    let mail = try #require(try server.mails().first)
    #expect(try mail.isOverTLS && mail.isLoggedIn && plain.mails().isEmpty)
  }

  @Test func `a message that cannot be put together is a dead letter, and the others are sent`() async throws {
    let (outbox, server) = (try await Outbox(), try await MailServer())
    try await outbox.add(1...1)
    try await outbox.add(2...2, ["recipient": "E'a@example.org\\nBcc: b@example.org'"])
    try await outbox.add(3...3, ["template": "'nothing'"])
    try await outbox.add(4...4, ["data": "'[1]'"])
    try await outbox.add(5...5, ["template": "'verification'"])
    try await outbox.add(6...6, ["recipient": "null"])
    try await outbox.add(7...7, ["data": "jsonb_build_object('name', repeat('x', 1100000))"])
    try await outbox.add(8...8)
    let run = try await outbox.run(server)
    #expect(run.exitCode == 65 && run.result["counts", "sent"].int == 2, "\(run.output)\(run.errors)")
    #expect(
      try await outbox.letters() == [
        "address pending", "address pending", "data pending", "data pending", "template pending", "template pending",
      ])
    #expect(try await outbox.states() == ["sent 1 0"] + Array(repeating: "failed 1 0", count: 6) + ["sent 1 0"])
  }

  @Test func `a connection is kept for some mails, and lanes have one each`() async throws {
    let (outbox, server) = (try await Outbox(["MAIL_PER_CONNECTION": "5"]), try await MailServer())
    try await outbox.add(1...10)
    #expect(try await outbox.run(server).result["counts", "sent"].int == 10)
    #expect(try Set(server.mails().map(\.connection)).count == 2)
    try await outbox.add(11...300)
    #expect(try await outbox.run(server, ["DELIVERY_PARALLEL": "4"]).result["counts", "sent"].int == 290)
    #expect(try Set(server.mails().map(\.id)).count == 300)
  }

  @Test func `old messages lose address and data, and then go`() async throws {
    let outbox = try await Outbox()
    for (number, age, state) in [
      (1, "8 days", "sent"), (2, "91 days", "failed"), (3, "8 days", "held"), (4, "1 day", "sent"),
    ] {
      let moment = "now() - interval '\(age)'"
      try await outbox.add(
        number...number, ["created_at": moment, "next_at": moment, "state": "'\(state)'"])
    }
    // Requested long ago for now: what is to be corrected is still there.
    try await outbox.add(
      5...5, ["created_at": "now() - interval '1 year'", "not_before": "now()", "state": "'failed'"])
    try await outbox.place.execute(
      """
      insert into oneshot.delivery_attempts (delivery_id, attempt, run_id, started_at, message)
      select delivery_id, 1, delivery_id, now(), 'said' from oneshot.deliveries
      """)
    #expect(try await outbox.run().exitCode == 0)
    let left = try await outbox.place.rows(
      "select dedup_key || ' ' || coalesce(recipient, '-') as a from oneshot.deliveries order by 1")
    #expect(
      left == [["mail:1 -"], ["mail:3 user3@example.org"], ["mail:4 user4@example.org"], ["mail:5 user5@example.org"]])
    #expect(
      try await outbox.place.value("select count(*) || ' ' || count(message) from oneshot.delivery_attempts") == "4 3")
  }

  @Test func `no mail, and a plan, send nothing; mistakes in settings are named together`() async throws {
    let (outbox, server) = (try await Outbox(), try await MailServer())
    try await outbox.add(1...2)
    let plan = try await outbox.run(server, arguments: ["--plan"])
    #expect(plan.exitCode == 0 && plan.result["counts", "due"].int == 2, "\(plan.output)")
    #expect(try server.mails().isEmpty)
    #expect(try await outbox.states() == ["queued 0 0", "queued 0 0"])
    let wrong = try await outbox.run(
      nil, ["MAIL_URL": "relay", "MAIL_FROM": "nobody", "MAIL_RATE": "fast", "UNSUBSCRIBE_SECRET": "0123456789abcdef"])
    #expect(wrong.exitCode == 78)
    for name in ["MAIL_URL", "MAIL_FROM", "MAIL_RATE", "UNSUBSCRIBE_URL"] { #expect(wrong.output.contains(name)) }
    let shards = try await outbox.run(server, ["JOB_SHARD_COUNT": "2"])
    #expect(shards.exitCode == 78 && shards.output.contains("one process"))
  }
}

/// The binary that comes of a plain `swift build`.
@Suite(.timeLimit(.minutes(10))) struct PlainBuildTests {
  @Test func `without the trait it says what it needs`() async throws {
    let outbox = try await Outbox()
    for settings in [[:], ["DELIVERY_CHANNELS": "webhook", "MAIL_URL": ""]] {
      let run = try await Binary("outbox-delivery").run([], outbox.environment(settings))
      #expect(
        run.exitCode == 78 && run.output.contains("needs a binary built with the trait Delivery"), "\(run.output)")
    }
  }
}

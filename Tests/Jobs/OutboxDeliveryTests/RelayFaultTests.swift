import Foundation
import Redis
import TestSupport
import Testing

/// Relays that fall silent, end connections and say too much; runs that are killed and overtaken meanwhile.
@Suite(.timeLimit(.minutes(15)), .enabled(if: TraitBuild.isOutboxBuilt)) struct RelayFaultTests {
  @Test(
    arguments: ["EHLO", "AUTH", "MAIL", "RCPT", "354", "DATA"].flatMap { step in
      ["again", "hold"].map { (step, $0) }
    })
  func
    `a run that is killed at any line before the end of the mail leaves one message, which a relay gets at most once`(
      step: String, onDoubt: String
    ) async throws
  {
    let (outbox, silent) = (try await Outbox(), try await MailServer([step: "silent", "login": ["ada", "s3cret"]]))
    try await outbox.add(1...2, ["on_doubt": "'\(onDoubt)'"])
    let run = try TraitBuild.outbox.start(
      [], outbox.environment(["MAIL_URL": "smtp://ada:s3cret@127.0.0.1:\(silent.port)"]))
    try await eventually { silent.isSilent }
    run.send(SIGKILL)
    _ = await run.outcome()
    #expect(try await outbox.states() == ["sending 1 0", "queued 0 0"])
    try await outbox.place.redis("DEL", "oneshot:lock:outbox-delivery")
    let server = try await MailServer()
    let next = try await outbox.run(server)
    #expect(next.result["counts", "doubts"].int == 1, "\(next.output)\(next.errors)")
    let isAgain = onDoubt == "again"
    #expect(try await outbox.states() == [isAgain ? "sent 2 1" : "held 1 1", "sent 1 0"])
    #expect(try await outbox.letters() == (isAgain ? [] : ["doubt pending"]))
    #expect(try silent.mails().isEmpty && Set(server.mails().map(\.id)).count == (isAgain ? 2 : 1))
    #expect(try server.mails().count == (isAgain ? 2 : 1))
  }

  @Test func `a run that was paused until its lease was over hands over nothing, for another has sent it`() async throws
  {
    let folder = try TemporaryFolder()
    let gate = "\(folder.path)/open"
    let outbox = try await Outbox(["JOB_LOCK_TTL": "5s"])
    let slow = try await MailServer(["354": "silent", "untilFile": gate])
    try await outbox.add()
    let run = try TraitBuild.outbox.start([], outbox.environment(["MAIL_URL": slow.url]))
    try await eventually { slow.isSilent }
    run.send(SIGSTOP)
    try await eventually { try await outbox.place.redis("EXISTS", "oneshot:lock:outbox-delivery").integer == 0 }
    let server = try await MailServer()
    #expect(try await outbox.run(server).result["counts", "sent"].int == 1)
    // What the paused one waits for is there before it goes on.
    #expect(FileManager.default.createFile(atPath: gate, contents: nil))
    run.send(SIGCONT)
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 75, "\(outcome.output)\(outcome.errors)")
    #expect(try await outbox.states() == ["sent 2 1"])
    #expect(try slow.mails().isEmpty && server.mails().count == 1)
  }

  @Test func `a relay that never answers QUIT keeps nobody waiting`() async throws {
    let outbox = try await Outbox(["JOB_TIMEOUT": "40s"])
    let server = try await MailServer(["RCPT": ["550 5.2.1 disabled", ""], "QUIT": "silent"])
    try await outbox.add(1...2)
    let run = try await outbox.run(server)
    #expect(run.exitCode == 65 && run.result["counts", "sent"].int == 1, "\(run.output)\(run.errors)")
  }

  @Test func `a connection that the relay has ended while it was idle is no failure`() async throws {
    let (outbox, server) = (try await Outbox(), try await MailServer(["MAIL": ["", "421 4.4.2 idle", ""]]))
    try await outbox.add(1...2)
    let run = try await outbox.run(server)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await outbox.states() == ["sent 1 0", "sent 1 0"])
    #expect(try await outbox.place.value("select count(*) from oneshot.delivery_targets") == "0")
    #expect(try server.mails().count == 2)
  }

  @Test func `TLS that is not there for a while is the relay's failure, not a mistake in the settings`() async throws {
    let certificates = try await Certificates()
    let outbox = try await Outbox(["MAIL_PLAINTEXT": "false", "MAIL_CA_FILE": certificates.authority])
    let server = try await MailServer([
      "STARTTLS": "454 4.7.0 TLS is not available now",
      "tls": [certificates.path("server.crt"), certificates.path("server.key")],
    ])
    try await outbox.add()
    let run = try await outbox.run(server)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await outbox.states() == ["queued 0 0"])
    #expect(try await outbox.place.value("select failures from oneshot.delivery_targets") == "1")
  }

  @Test func `a login that the relay repeats in its answer is kept nowhere`() async throws {
    let (outbox, server) = (
      try await Outbox(),
      try await MailServer(["AUTH": "501 5.5.4 Syntax: AUTH PLAIN AGFkYQBzM2NyZXQ=", "login": ["ada", "s3cret"]])
    )
    try await outbox.add()
    let run = try await outbox.run(nil, ["MAIL_URL": "smtp://ada:s3cret@127.0.0.1:\(server.port)"])
    #expect(run.exitCode == 77 && !(run.output + run.errors).contains("AGFk"), "\(run.output)\(run.errors)")
    #expect(try await !everything(in: outbox).contains("AGFk"))
  }

  @Test(arguments: [("RCPT", 65 as Int32), ("MAIL", 78), ("354", 70)])
  func `addresses that a relay names are in no output, dead letter or row but the message's recipient`(
    step: String, exitCode: Int32
  ) async throws {
    let code = step == "354" ? "503" : "550"
    let words = "\(code) 5.1.1 <USER1@Example.org>: unknown, forwarded by boss@secret.example (user1)"
    let (outbox, server) = (try await Outbox(["DELIVERY_MAX": "1"]), try await MailServer([step: words]))
    try await outbox.add()
    let run = try await outbox.run(server)
    #expect(run.exitCode == exitCode && run.output.contains("forwarded by"), "\(run.output)\(run.errors)")
    let kept = try await everything(in: outbox) + run.output + run.errors
    #expect(!kept.contains("@") && !kept.lowercased().contains("user1"), "\(kept)")
  }

  /// What is kept of messages beside their own columns.
  private func everything(in outbox: Outbox) async throws -> String {
    try await outbox.place.value(
      """
      select concat((select json_agg(last_message) from oneshot.deliveries), (select json_agg(a) from oneshot.delivery_attempts a),
        (select json_agg(t) from oneshot.delivery_targets t), (select json_agg(l) from oneshot.dead_letters l),
        (select json_agg(r) from oneshot.job_runs r))
      """)
  }

  @Test func `a relay that refuses everybody for what may be the sender's fault is left alone after ten`() async throws
  {
    let (outbox, server) = (try await Outbox(), try await MailServer(["RCPT": "550 no such user"]))
    try await outbox.add(1...15)
    let run = try await outbox.run(server)
    #expect(run.result["counts", "failed"].int == 10 && run.result["counts", "throttled"].int == 5, "\(run.output)")
  }
}

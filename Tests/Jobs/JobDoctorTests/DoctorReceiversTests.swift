import Foundation
import Operations
import TestSupport
import Testing

/// The signed webhook and the mail of `job-doctor`, at a real HTTPS receiver and a real mail server.
@Suite(.timeLimit(.minutes(15)), .enabled(if: TraitBuild.isDoctorBuilt && WebhookServer.isInstalled))
struct DoctorReceiversTests {
  private static let secrets = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  ]
  private let ledger: PlantedLedger
  private let certificates: Certificates

  init() async throws {
    ledger = try await PlantedLedger()
    certificates = try await Certificates()
    try await ledger.plant("job", newest: "90 minutes", count: 9)
  }

  private func server(_ answer: Int = 200) async throws -> WebhookServer {
    try await WebhookServer(
      secrets: Self.secrets, answering: answer, certificate: certificates.path("server.crt"))
  }

  private func webhook(_ port: Int, secrets: [String] = secrets) -> [String: String] {
    [
      "DOCTOR_WEBHOOK_URL": "https://localhost:\(port)/hooks/path-0123456789",
      "DOCTOR_WEBHOOK_SECRET": secrets.joined(separator: " "), "DOCTOR_WEBHOOK_PRIVATE": "true",
      "DOCTOR_WEBHOOK_CA_FILE": certificates.authority,
    ]
  }

  private func mail(_ port: Int, login: String = "") -> [String: String] {
    [
      "DOCTOR_MAIL_URL": "smtp://\(login)localhost:\(port)", "DOCTOR_MAIL_FROM": "Jobs <jobs@example.org>",
      "DOCTOR_MAIL_TO": "ops@example.org", "DOCTOR_MAIL_PLAINTEXT": "true",
    ]
  }

  private func doctor(_ settings: [String: String]..., arguments: [String] = []) async throws -> Binary.Outcome {
    let all = settings.reduce(
      [
        "HEALTH_EXPECT": "job=1h", "JOB_BACKOFF_MAX": "0s", "JOB_ATTEMPTS": "2", "DOCTOR_SOURCE": "prod",
        "DOCTOR_SETTLE": "0s",
      ]
    ) { $0.merging($1) { $1 } }
    let run = try await ledger.doctor(all, arguments, by: TraitBuild.doctor)
    for secret in Self.secrets + ["path-0123456789", "s3cret-word"] {
      #expect(!(run.output + run.errors).contains(secret), "\(run.output)\(run.errors)")
    }
    return run
  }

  @Test func `a webhook says what began and what is over, verified by both secrets, each once`() async throws {
    let server = try await server()
    let first = try await doctor(webhook(server.port))
    #expect(first.exitCode == 65 && first.result["counts", "told"].int == 1, "\(first.output)\(first.errors)")
    #expect(try await doctor(webhook(server.port)).result["counts", "told"].int == 0)
    try await ledger.plant("job")
    #expect(try await doctor(webhook(server.port)).exitCode == 0)
    #expect(try await doctor(webhook(server.port)).result["counts", "told"].int == 0)
    // It begins once more: another incident.
    try await ledger.place.execute(
      "delete from oneshot.job_runs where started_at > now() - interval '1 hour' and job = 'job'")
    #expect(try await doctor(webhook(server.port, secrets: [Self.secrets[1]])).exitCode == 65)
    let requests = try server.requests()
    try #require(requests.count == 3)
    #expect(requests.map(\.verified) == [[0, 1], [0, 1], [1]] && requests.allSatisfy(\.isSealed))
    let bodies = requests.map { ResultLine(text: $0.body) }
    #expect(bodies.map { $0["type"].string } == ["incident.opened", "incident.resolved", "incident.opened"])
    let incidents = bodies.compactMap { $0["data", "incident"].string }
    #expect(incidents[0] == incidents[1] && incidents[0] != incidents[2])
    #expect(requests.map(\.id) == zip(incidents, ["opened", "resolved", "opened"]).map { "\($0).\($1)" })
    for request in requests {
      #expect(try await JSONSchema("incident.schema.json").complaint(about: request.body) == "")
    }
    let data = bodies[0]["data"]
    #expect(data["job"].string == "job" && data["kind"].string == "missed" && data["source"].string == "prod")
  }

  @Test func `the schema knows every kind of trouble, and refuses what is none of ours`() async throws {
    let body = { (kind: String) in
      """
      {"type": "incident.opened", "timestamp": "2025-11-08T02:00:00Z", "data": {"version": 1, "incident": "i",
      "source": "", "part": "", "instance": "", "job": "", "variant": "", "server": "", "shard": 0,
      "kind": "\(kind)", "severity": "error", "since": "2025-11-08T02:00:00Z", "message": ""}}
      """
    }
    for kind in Trouble.Kind.allCases {
      #expect(try await JSONSchema("incident.schema.json").complaint(about: body(kind.rawValue)) == "")
    }
    #expect(try await JSONSchema("incident.schema.json").complaint(about: body("odd")) != "")
  }

  @Test func `a webhook that is down is told by a later run, with the same id`() async throws {
    let failing = try await server(500)
    let run = try await doctor(webhook(failing.port))
    #expect(run.exitCode == 65 && run.result["details", "undelivered"].elements[0]["receiver"].string == "webhook")
    let tried = try failing.requests()
    try #require(tried.count == 2)
    #expect(tried[0].id == tried[1].id, "once, and once more by JOB_ATTEMPTS")
    #expect(try await doctor(webhook(1)).exitCode == 65)
    let good = try await server()
    #expect(try await doctor(webhook(good.port)).result["counts", "told"].int == 1)
    #expect(try good.requests().map(\.id) == [tried[0].id])
  }

  @Test func `private addresses, strangers' certificates and plain HTTP are refused, and nothing is sent`() async throws
  {
    let server = try await server()
    let hidden = try await doctor(webhook(server.port), ["DOCTOR_WEBHOOK_PRIVATE": "false"])
    #expect(
      hidden.exitCode == 65 && hidden.output.contains("its address is private, and DOCTOR_WEBHOOK_PRIVATE does not"),
      "\(hidden.output)")
    let stranger = try await doctor(
      webhook(server.port), ["DOCTOR_WEBHOOK_CA_FILE": certificates.otherAuthority])
    #expect(stranger.exitCode == 65 && stranger.result["details", "undelivered"].count == 1, "\(stranger.output)")
    #expect(!stranger.errors.contains("trying again"), "no later try of this run would be trusted")
    let nowhere = try await doctor(webhook(server.port), ["DOCTOR_WEBHOOK_URL": "https://localhost:99999/"])
    #expect(nowhere.exitCode == 65 && !nowhere.errors.contains("trying again"), "\(nowhere.errors)")
    let plain = try await doctor(
      webhook(server.port), ["DOCTOR_WEBHOOK_URL": "http://localhost:\(server.port)/path-0123456789"])
    #expect(plain.exitCode == 78 && plain.output.contains("DOCTOR_WEBHOOK_HTTP"))
    #expect(try server.requests().isEmpty)
  }

  @Test func `mail says what began and what is over, over TLS and logged in`() async throws {
    let tls = [certificates.path("server.crt"), certificates.path("server.key")]
    let server = try await MailServer(["tls": tls, "login": ["ada", "s3cret-word"]])
    let settings = mail(server.port, login: "ada:s3cret-word@").merging([
      "DOCTOR_MAIL_PLAINTEXT": "false", "DOCTOR_MAIL_CA_FILE": certificates.authority,
      "HEALTH_EXPECT": "job=1h,other=1h",
    ]) { $1 }
    let first = try await doctor(settings)
    #expect(first.exitCode == 65 && first.result["counts", "told"].int == 1, "\(first.output)\(first.errors)")
    #expect(try await doctor(settings).result["counts", "told"].int == 0)
    try await ledger.plant("job")
    #expect(try await doctor(settings).result["counts", "told"].int == 1)
    let mails = try server.mails()
    try #require(mails.count == 2)
    #expect(mails.map(\.subject) == ["prod: 2 began", "prod: job: missed is over"])
    #expect(mails.allSatisfy { $0.isOverTLS && $0.isLoggedIn && $0.recipient == "ops@example.org" })
    #expect(mails[0].text.contains("prod: job: missed since ") && mails[0].text.contains("prod: other: missed since "))
    #expect(mails[0].headers.contains(["Auto-Submitted", "auto-generated"]) && mails[0].id != mails[1].id)
  }

  @Test func `mail that a relay refuses for now, or loses, is sent by a later run as the same mail`() async throws {
    let busy = try await MailServer(["DATA": "451 4.3.0 try later ops@example.org"])
    let run = try await doctor(mail(busy.port))
    #expect(run.exitCode == 65 && run.output.contains("451: 4.3.0 try later (recipient)"), "\(run.output)")
    let lost = try await MailServer(["dieAfter": 1])
    #expect(try await doctor(mail(lost.port), ["JOB_ATTEMPTS": "1"]).result["counts", "told"].int == 0)
    let good = try await MailServer()
    #expect(try await doctor(mail(good.port)).result["counts", "told"].int == 1)
    let mails = try lost.mails() + good.mails()
    try #require(mails.count == 2)
    #expect(mails[0].id == mails[1].id)
    let refusing = try await MailServer(["RCPT": "550 5.1.1 no such user"])
    try await ledger.plant("job")
    let refused = try await doctor(mail(refusing.port))
    #expect(refused.exitCode == 0 && refused.output.contains("550: 5.1.1 no such user"), "\(refused.output)")
    #expect(!refused.errors.contains("trying again"))
  }

  @Test func `a check reaches every receiver, and sends nothing`() async throws {
    let (server, relay) = (try await server(), try await MailServer())
    let good = try await doctor(webhook(server.port), mail(relay.port), arguments: ["--check"])
    #expect(good.exitCode == 0, "\(good.output)\(good.errors)")
    let bad = try await doctor(
      webhook(server.port), mail(1), ["DOCTOR_WEBHOOK_CA_FILE": certificates.otherAuthority], arguments: ["--check"])
    #expect(bad.exitCode == 78 || bad.exitCode == 69, "\(bad.output)")
    #expect(bad.output.contains("DOCTOR_WEBHOOK_URL: https://localhost:\(server.port) could not be reached"))
    #expect(bad.output.contains("DOCTOR_MAIL_TO: localhost:1 could not be reached"))
    #expect(try server.requests().isEmpty && relay.mails().isEmpty)
    #expect(try await ledger.place.value("select count(*) from oneshot.incidents") == "0")
  }

  @Test func `a check logs in to the relay, and says that it was refused`() async throws {
    let relay = try await MailServer(["login": ["ada", "other"]])
    let check = try await doctor(mail(relay.port, login: "ada:s3cret-word@"), arguments: ["--check"])
    #expect(check.exitCode == 78 && check.output.contains("the relay answered 535"), "\(check.output)")
    #expect(try await doctor(mail(relay.port, login: "ada:other@"), arguments: ["--check"]).exitCode == 0)
  }

  @Test func `half a receiver is refused, with what is missing`() async throws {
    for (settings, words) in [
      (["DOCTOR_WEBHOOK_URL": "https://x/path-0123456789"], "without a valid DOCTOR_WEBHOOK_SECRET"),
      (["DOCTOR_WEBHOOK_SECRET": Self.secrets[0]], "without a valid DOCTOR_WEBHOOK_URL"),
      (["DOCTOR_MAIL_TO": "ops@example.org"], "without a valid DOCTOR_MAIL_URL"),
      (["DOCTOR_MAIL_URL": "smtp://a:s3cret-word@h"], "without a valid DOCTOR_MAIL_TO"),
      (mail(1).merging(["DOCTOR_MAIL_TO": "ops"]) { $1 }, "is «ops», not an address"),
      (mail(1).merging(["DOCTOR_MAIL_FROM": ""]) { $1 }, "without a valid DOCTOR_MAIL_FROM"),
      (webhook(1, secrets: ["whsec_short"]), "whsec_ and base64"),
    ] {
      let run = try await doctor(settings)
      #expect(run.exitCode == 78 && run.output.contains(words), "\(run.output)")
    }
  }
}

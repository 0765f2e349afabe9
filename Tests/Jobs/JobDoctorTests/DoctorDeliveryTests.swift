import Foundation
import TestSupport
import Testing

/// What `job-doctor` sends, received by a real web server.
@Suite(.timeLimit(.minutes(15)), .enabled(if: TraitBuild.isDoctorBuilt)) struct DoctorDeliveryTests {
  private let ledger: PlantedLedger
  private let slackPath = "/services/T0/B0/slack-0123456789"
  private let key = "pager-key-0123456789"

  init() async throws {
    ledger = try await PlantedLedger()
    try await ledger.plant("job", newest: "90 minutes", count: 9)
  }

  private func slack(_ port: Int) -> [String: String] {
    ["DOCTOR_SLACK_URL": "http://127.0.0.1:\(port)\(slackPath)"]
  }

  private func pagerDuty(_ port: Int) -> [String: String] {
    ["DOCTOR_PAGERDUTY_KEY": key, "DOCTOR_PAGERDUTY_URL": "http://127.0.0.1:\(port)/v2/enqueue-0123456789"]
  }

  private func doctor(_ settings: [String: String]..., arguments: [String] = []) async throws -> Binary.Outcome {
    let all = settings.reduce(
      [
        "HEALTH_EXPECT": "job=1h", "JOB_BACKOFF_MAX": "0s", "JOB_ATTEMPTS": "2", "DOCTOR_SOURCE": "prod",
        "DOCTOR_SETTLE": "0s",
      ]
    ) { $0.merging($1) { $1 } }
    let run = try await ledger.doctor(all, arguments, by: TraitBuild.doctor)
    for secret in [key, "slack-0123456789", "enqueue-0123456789"] {
      #expect(!(run.output + run.errors).contains(secret), "\(run.output)\(run.errors)")
    }
    return run
  }

  private func mend() async throws { try await ledger.plant("job") }

  private func text(_ request: WebServer.Request) -> String { ResultLine(text: request.body)["text"].string ?? "" }

  @Test func `both are told once that it begins, and once that it is over`() async throws {
    let server = try await WebServer()
    let both = slack(server.port).merging(pagerDuty(server.port)) { $1 }
    let first = try await doctor(both)
    #expect(first.exitCode == 65 && first.result["counts", "told"].int == 2, "\(first.output)\(first.errors)")
    #expect(try await doctor(both).result["counts", "told"].int == 0)
    #expect(try server.requests().allSatisfy { $0.type == "application/json" })
    let begun = try server.requests().sorted { $0.path < $1.path }
    #expect(begun.map(\.path) == [slackPath, "/v2/enqueue-0123456789"])
    #expect(text(begun[0]).hasPrefix(":warning: prod: job: *missed* since "))
    let trigger = ResultLine(text: begun[1].body)
    #expect(trigger["event_action"].string == "trigger" && trigger["routing_key"].string == key)
    try await mend()
    let well = try await doctor(both)
    #expect(well.exitCode == 0 && well.result["counts", "told"].int == 2)
    #expect(try await doctor(both).result["counts", "told"].int == 0)
    let over = try server.requests().dropFirst(2).sorted { $0.path < $1.path }
    #expect(over.count == 2 && text(over[0]) == ":white_check_mark: prod: job: missed is over")
    let resolve = ResultLine(text: over[1].body)
    #expect(resolve["event_action"].string == "resolve")
    #expect(resolve["dedup_key"].string == trigger["dedup_key"].string && resolve["dedup_key"].isThere)
  }

  @Test func `an incident that goes and comes back while it settles is told once`() async throws {
    let server = try await WebServer()
    let settings = slack(server.port).merging(pagerDuty(server.port)) { $1 }.merging(["DOCTOR_SETTLE": "30m"]) { $1 }
    #expect(try await doctor(settings).result["counts", "told"].int == 2)
    for _ in 1...2 {
      try await mend()
      #expect(try await doctor(settings).exitCode == 0)
      try await ledger.place.execute(
        "delete from oneshot.job_runs where started_at > now() - interval '1 hour' and job = 'job'")
      #expect(try await doctor(settings).exitCode == 65)
    }
    #expect(try server.requests().count == 2)
    try await mend()
    #expect(try await doctor(settings).result["counts", "told"].int == 0)
    try await ledger.place.execute("update oneshot.incidents set unseen_since = unseen_since - interval '30 minutes'")
    #expect(try await doctor(settings).result["counts", "told"].int == 2)
    #expect(try server.requests().suffix(2).contains { text($0).hasSuffix("missed is over") })
  }

  @Test(arguments: ["dead", "500", "404", "302", "never"])
  func `a receiver that takes nothing changes no verdict, and is told by the next run`(what: String) async throws {
    let good = try await WebServer()
    let bad = what == "dead" ? nil : try await WebServer(answering: what)
    let badPort = bad?.port ?? 1
    // What it will not take as it is, is not sent again.
    let tries = what == "never" || what == "404" ? 1 : 2
    let attempts = what == "never" ? 1 : 2
    let run = try await doctor(slack(badPort), pagerDuty(good.port), ["JOB_ATTEMPTS": "\(attempts)"])
    #expect(run.exitCode == 65 && run.result["status"].string == "partial")
    #expect(run.found == ["job missed"])
    #expect(run.result["details", "undelivered"].elements.map { $0["receiver"].string } == ["slack"])
    #expect(run.errors.contains("some notifications could not be delivered") && run.errors.contains("DOCTOR_SLACK_URL"))
    #expect(try good.requests().count == 1)
    if let bad { #expect(try bad.requests().map(\.path) == Array(repeating: slackPath, count: tries)) }
    // The next run tells the one, and the other nothing again.
    let next = try await doctor(slack(good.port), pagerDuty(good.port))
    #expect(next.exitCode == 65 && next.result["details", "undelivered"].count == 0)
    #expect(try good.requests().map(\.path) == ["/v2/enqueue-0123456789", slackPath])
    // Nor is health a matter of who hears of it.
    try await mend()
    #expect(try await doctor(slack(badPort), ["JOB_ATTEMPTS": "1"]).exitCode == 0)
  }

  @Test func `a receiver that is slow does not end the run at its deadline`() async throws {
    let silent = try await WebServer(answering: "never")
    let run = try await doctor(slack(silent.port), ["JOB_TIMEOUT": "12s", "JOB_ATTEMPTS": "20"])
    #expect(run.exitCode == 65 && run.result["status"].string == "partial", "\(run.output)")
    #expect(run.result["details", "undelivered"].count == 1)
  }

  @Test func `an event that a receiver refuses keeps no other from it`() async throws {
    let names = (100..<110).map { "job\($0)=1h" }.joined(separator: ",")
    let picky = try await WebServer(refusing: "job104")
    let run = try await doctor(pagerDuty(picky.port), ["HEALTH_EXPECT": names])
    #expect(run.exitCode == 65 && run.result["counts", "told"].int == 9, "\(run.output)\(run.errors)")
    #expect(run.result["details", "undelivered"].count == 1)
    #expect(try picky.requests().count == 10, "the one is not sent again by this run")
    let good = try await WebServer()
    #expect(try await doctor(pagerDuty(good.port), ["HEALTH_EXPECT": names]).result["counts", "told"].int == 1)
    #expect(try good.requests().count { $0.body.contains("job104") } == 1)
  }

  @Test func `what came and went untold is not told late`() async throws {
    let server = try await WebServer()
    #expect(try await doctor(slack(1), pagerDuty(1)).exitCode == 65)
    try await mend()
    #expect(try await doctor(slack(1), pagerDuty(1)).exitCode == 0)
    #expect(try await doctor(slack(server.port), pagerDuty(server.port)).exitCode == 0)
    // PagerDuty drops the end of what it does not know; and knows what was sent before a crash.
    #expect(try server.requests().map { ResultLine(text: $0.body)["event_action"].string } == ["resolve"])
    #expect(try await doctor(slack(server.port), pagerDuty(server.port)).result["counts", "told"].int == 0)
  }

  @Test func `killed between telling and noting, it tells twice, with the same key`() async throws {
    let silent = try await WebServer(answering: "never")
    let settings = ledger.place.environment.merging(pagerDuty(silent.port)) { $1 }
      .merging(["HEALTH_EXPECT": "job=1h"]) { $1 }
    let run = try TraitBuild.doctor.start([], settings)
    try await eventually { try !silent.requests().isEmpty }
    run.send(SIGKILL)
    _ = await run.outcome()
    let server = try await WebServer()
    try await ledger.place.redis("DEL", "oneshot:lock:job-doctor")
    #expect(try await doctor(pagerDuty(server.port)).exitCode == 65)
    let keys = try (silent.requests() + server.requests()).map { ResultLine(text: $0.body)["dedup_key"].string }
    #expect(keys.count == 2 && keys[0] == keys[1] && keys[0] != nil)
    #expect(try await ledger.place.value("select count(*) from oneshot.incidents") == "1")
  }

  @Test func `one that is still open is told to a receiver that is new`() async throws {
    let server = try await WebServer()
    #expect(try await doctor().exitCode == 65)
    #expect(try await doctor(slack(server.port)).result["counts", "told"].int == 1)
    #expect(try await doctor(slack(server.port), arguments: ["--plan"]).exitCode == 65)
    #expect(try server.requests().count == 1)
  }

  @Test func `what somebody wrote into the ledger calls nobody`() async throws {
    let server = try await WebServer()
    try await mend()
    try await ledger.plant(
      "job", newest: "10 seconds", "failed", kind: "internal", message: "<!channel> <@U1> \u{1b}[2J \"}\n&\u{202e}")
    #expect(try await doctor(slack(server.port), pagerDuty(server.port)).exitCode == 65)
    let requests = try server.requests()
    let said = try #require(requests.first { $0.path == slackPath }.map(text))
    #expect(said.contains("&lt;!channel&gt; &lt;@U1&gt;") && !said.contains("<") && !said.contains("\n"))
    let event = try #require(requests.first { $0.path != slackPath })
    #expect(ResultLine(text: event.body)["payload", "summary"].string?.contains("<!channel> <@U1>") == true)
  }

  @Test func `a bad night is a few messages, and PagerDuty has one for each incident`() async throws {
    let server = try await WebServer()
    let names = (100..<145).map { "job\($0)=1h" }.joined(separator: ",")
    let run = try await doctor(slack(server.port), pagerDuty(server.port), ["HEALTH_EXPECT": names])
    #expect(run.exitCode == 65 && run.result["counts", "told"].int == 3 + 45, "\(run.output)")
    let requests = try server.requests()
    #expect(requests.count { $0.path == slackPath } == 3 && requests.count == 48)
    let events = requests.filter { $0.path != slackPath }.map { ResultLine(text: $0.body)["dedup_key"].string }
    #expect(Set(events).count == 45)
  }

  @Test func `settings that cannot be right are refused, and no secret is shown`() async throws {
    let alone = try await doctor(["DOCTOR_PAGERDUTY_URL": "http://127.0.0.1/enqueue-0123456789"])
    #expect(alone.exitCode == 78 && alone.output.contains("DOCTOR_PAGERDUTY_KEY"), "\(alone.output)")
    let wrong = try await doctor(["DOCTOR_SLACK_URL": "slack-0123456789"])
    #expect(wrong.exitCode == 78 && wrong.output.contains("http://"))
  }
}

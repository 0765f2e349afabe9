import TestSupport
import Testing

/// Webhooks to a real HTTPS receiver, which verifies them by the library that an application would use.
@Suite(.timeLimit(.minutes(15)), .enabled(if: TraitBuild.isOutboxBuilt && WebhookServer.isInstalled))
struct WebhookTests {
  private static let secrets = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  ]
  private let outbox: Outbox
  private let certificates: Certificates

  init() async throws {
    certificates = try await Certificates()
    outbox = try await Outbox([
      "DELIVERY_CHANNELS": "webhook", "WEBHOOK_PRIVATE": "true", "WEBHOOK_CA_FILE": certificates.authority,
    ])
  }

  private func server(_ answer: Int = 200, _ headers: [String: String] = [:]) async throws -> WebhookServer {
    try await WebhookServer(
      secrets: Self.secrets, answering: answer, headers: headers, certificate: certificates.path("server.crt"))
  }

  private func endpoint(_ port: Int, secrets: [String] = secrets, scheme: String = "https", host: String = "localhost")
    async throws
  {
    try await outbox.place.execute(
      """
      insert into oneshot.webhook_endpoints (endpoint_id, url, secrets)
      values ('shop', '\(scheme)://\(host):\(port)/hook', '{\(secrets.joined(separator: ","))}')
      on conflict (endpoint_id) do update set url = excluded.url, secrets = excluded.secrets, disabled_at = null
      """)
  }

  private func add(_ numbers: ClosedRange<Int> = 1...1) async throws {
    try await outbox.add(
      numbers,
      ["channel": "'webhook'", "recipient": "'shop'", "template": "'order.paid'", "data": "'{\"n\": 1, \"é\": \"e\"}'"])
  }

  @Test func `each is signed with both secrets, verified, and refused with one byte changed`() async throws {
    let server = try await server()
    try await endpoint(server.port)
    try await add(1...3)
    let run = try await outbox.run()
    #expect(run.exitCode == 0 && run.result["counts", "sent"].int == 3, "\(run.output)\(run.errors)")
    let requests = try server.requests()
    #expect(requests.map(\.verified) == [[0, 1], [0, 1], [0, 1]] && requests.allSatisfy(\.isSealed))
    let id = try await outbox.place.value("select oneshot.delivery_id('mail:1')")
    #expect(requests[0].id == id)
    let body = ResultLine(text: requests[0].body)
    #expect(body["type"].string == "order.paid" && body["data", "n"].int == 1 && body["timestamp"].isThere)
    // One secret alone verifies as well.
    try await endpoint(server.port, secrets: [Self.secrets[1]])
    try await add(4...4)
    _ = try await outbox.run()
    #expect(try server.requests().last?.verified == [1])
  }

  @Test(arguments: [
    (500, [:], "queued 1 0"), (404, [:], "queued 1 0"), (302, ["Location": "https://example.org"], "queued 1 0"),
    (429, ["Retry-After": "120"], "queued 1 0"), (410, [:], "cancelled 1 0"),
  ])
  func `each answer means what the page says`(answer: Int, headers: [String: String], state: String) async throws {
    let server = try await server(answer, headers)
    try await endpoint(server.port)
    try await add(1...2)
    let run = try await outbox.run(nil, ["DELIVERY_MAX": "1"])
    #expect(run.exitCode == (answer == 410 ? 65 : 0), "\(run.output)\(run.errors)")
    #expect(try await outbox.states().first == state)
    #expect(try server.requests().count == 1)
    let closed = try await outbox.place.value(
      "select count(*) from oneshot.delivery_targets where closed_until > now() + interval '100 seconds'")
    #expect(closed == (answer == 429 ? "1" : "0"))
    guard answer == 410 else { return }
    #expect(try await outbox.states() == ["cancelled 1 0", "cancelled 0 0"])
    #expect(try await outbox.letters() == ["disabled pending"])
    #expect(try await outbox.place.value("select disabled_at is not null from oneshot.webhook_endpoints") == "true")
  }

  @Test func `private addresses are never connected to, by number or by name`() async throws {
    let server = try await server()
    try await add()
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "2130706433", "0x7f.1"] {
      try await endpoint(server.port, host: host)
      let run = try await outbox.run(nil, ["WEBHOOK_PRIVATE": "false", "WEBHOOK_TIMEOUT": "2s"])
      #expect(run.result["counts", "sent"].int == 0, "\(host): \(run.output)")
      let words = try await outbox.place.value("select last_message from oneshot.deliveries")
      #expect(words.contains("address is private") || host.hasPrefix("0x"), "\(host): \(words)")
      try await outbox.makeDue()
    }
    #expect(try server.requests().isEmpty)
  }

  @Test func `plain HTTP, strangers' certificates and secrets that are none are refused`() async throws {
    let server = try await server()
    try await add(1...3)
    try await endpoint(server.port, scheme: "http")
    _ = try await outbox.run(nil, ["DELIVERY_MAX": "1"])
    #expect(try await outbox.letters() == Array(repeating: "endpoint pending", count: 3))
    try await outbox.place.execute("update oneshot.deliveries set state = 'queued', attempts = 0, next_at = now()")
    try await endpoint(server.port, secrets: ["whsec_short"])
    _ = try await outbox.run()
    #expect(try await outbox.states() == Array(repeating: "failed 1 0", count: 3))
    try await outbox.place.execute("update oneshot.deliveries set state = 'queued', attempts = 0, next_at = now()")
    try await endpoint(server.port)
    // On a machine that is busy, a message would be due again within the run.
    _ = try await outbox.run(nil, ["WEBHOOK_CA_FILE": certificates.otherAuthority, "DELIVERY_RETRY": "1h"])
    #expect(try await outbox.states() == Array(repeating: "queued 1 0", count: 3))
    #expect(try server.requests().isEmpty)
  }

  @Test func `an answer counts once its headers are there, whatever becomes of its body`() async throws {
    let server = try await server(200, ["Content-Length": "100"])
    try await endpoint(server.port)
    try await add()
    let run = try await outbox.run(nil, ["WEBHOOK_TIMEOUT": "15s"])
    #expect(run.result["counts", "sent"].int == 1, "\(run.output)\(run.errors)")
    #expect(try server.requests().count == 1)
  }

  @Test func `a file of authorities that cannot be read is nobody's failure, and a URL that is none is a dead letter`()
    async throws
  {
    let server = try await server()
    try await endpoint(server.port)
    try await add()
    let run = try await outbox.run(nil, ["WEBHOOK_CA_FILE": "/nowhere.pem"])
    #expect(run.exitCode == 78 && run.output.contains("WEBHOOK_CA_FILE"), "\(run.output)\(run.errors)")
    #expect(try await outbox.states() == ["queued 0 0"])
    #expect(try await outbox.place.value("select count(*) from oneshot.delivery_targets") == "0")
    try await endpoint(server.port, host: "[::1")
    #expect(try await outbox.run().exitCode == 65)
    #expect(try await outbox.states() == ["failed 1 0"])
    #expect(try await outbox.letters() == ["endpoint pending"])
  }

  @Test func `an endpoint is disabled after five days of failures, and not after two that are days apart`() async throws
  {
    let server = try await server(500)
    try await endpoint(server.port)
    for (number, failures) in [(1, 1), (2, 9)] {
      try await outbox.place.execute(
        """
        insert into oneshot.delivery_targets (target, failures, first_failed_at)
        values ('webhook:shop', \(failures), now() - interval '6 days')
        on conflict (target) do update set failures = excluded.failures, closed_until = null
        """)
      try await add(number...number)
      _ = try await outbox.run()
      #expect(
        try await outbox.place.value("select disabled_at is not null from oneshot.webhook_endpoints")
          == (number == 1 ? "false" : "true"))
    }
  }
}

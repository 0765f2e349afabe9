import TestSupport
import Testing

/// `oneshot deliveries` and `oneshot suppressions`.
@Suite(.timeLimit(.minutes(10))) struct DeliveryCommandTests {
  private let someone: Operator

  init() async throws {
    someone = try await Operator()
    try await someone.place.execute(
      """
      insert into oneshot.deliveries (dedup_key, channel, recipient, template, data, state, attempts, last_message)
      select 'mail:' || state, 'email', 'ada@example.org', 'welcome', '{"code": "s3cret"}', state, 1, \(Operator.hostile)
      from unnest('{queued,sending,sent,held,failed,suppressed,expired,cancelled}'::text[]) as state;
      insert into oneshot.delivery_attempts (delivery_id, attempt, run_id, started_at, ended_at, outcome, code, message)
      select delivery_id, 1, delivery_id, now(), now(), 'doubt', 354, 'no reply' from oneshot.deliveries
      """)
  }

  private func states() async throws -> String {
    try await someone.place.value("select string_agg(state, ' ' order by dedup_key) from oneshot.deliveries")
  }

  @Test func `messages that are not over are listed, and one is shown with its attempts and without its data`()
    async throws
  {
    let list = try await someone.run("deliveries", "list")
    #expect(list.exitCode == 0 && Operator.isHarmless(list.output), "\(list.errors)")
    for key in ["queued", "sending", "held", "failed"] { #expect(list.output.contains("mail:\(key)")) }
    for key in ["sent", "expired"] { #expect(!list.output.contains("mail:\(key) ")) }
    #expect(try await someone.run("deliveries", "list", "--state", "sent").output.contains("mail:sent"))
    #expect(try await someone.run("deliveries", "list", "--state", "lost").exitCode == 64)
    let shown = try await someone.run("deliveries", "show", "mail:held")
    #expect(shown.output.contains("doubt 354: no reply") && Operator.isHarmless(shown.output), "\(shown.output)")
    let id = try await someone.place.value("select oneshot.delivery_id('mail:held')")
    let json = try await someone.run("deliveries", "show", id, "--json")
    #expect(ResultLine(text: json.output)["state"].string == "held" && !json.output.contains("s3cret"))
    #expect(try await someone.run("deliveries", "show", "mail:none").exitCode == 1)
  }

  @Test(arguments: [
    ("hold", ["queued"], "held"), ("release", ["held"], "queued"),
    ("cancel", ["queued", "held", "failed"], "cancelled"),
    ("resend", ["sent", "failed", "held", "suppressed", "cancelled"], "queued"),
  ])
  func `a message is changed only where its state allows it`(word: String, from: [String], to: String) async throws {
    for state in ["queued", "sending", "sent", "held", "failed", "suppressed", "expired", "cancelled"] {
      let changed = try await someone.run("deliveries", word, "mail:\(state)", "--by", "ann")
      #expect(changed.exitCode == (from.contains(state) ? 0 : 1), "\(state): \(changed.output)\(changed.errors)")
      let now = try await someone.place.value("select state from oneshot.deliveries where dedup_key = 'mail:\(state)'")
      #expect(now == (from.contains(state) ? to : state))
    }
    let notes = try await someone.place.value(
      "select count(*) from oneshot.deliveries where last_message like '% by ann'")
    #expect(notes == "\(from.count)")
  }

  @Test func `what has no address any more is not sent again`() async throws {
    try await someone.place.execute("update oneshot.deliveries set recipient = null, data = null")
    let resent = try await someone.run("deliveries", "resend", "mail:sent")
    #expect(resent.exitCode == 1 && resent.errors.contains("DELIVERY_KEEP_DATA"))
    #expect(
      try await someone.place.value("select state from oneshot.deliveries where dedup_key = 'mail:sent'") == "sent")
  }

  @Test func `an address is suppressed, listed, and gets mail again`() async throws {
    #expect(try await someone.run("suppressions", "add", "Ada@Example.org").exitCode == 0)
    #expect(try await someone.run("suppressions", "list").output.contains("ada@example.org"))
    #expect(try await someone.run("suppressions", "add", "ada@example.org").output == "")
    #expect(try await someone.run("suppressions", "remove", "ada@example.org", "--category", "news").exitCode == 1)
    #expect(try await someone.run("suppressions", "remove", "ADA@example.org").exitCode == 0)
    #expect(try await someone.run("suppressions", "list").output == "")
    #expect(try await someone.run("suppressions", "add", "ada@example.org").output.contains("suppressed"))
  }
}

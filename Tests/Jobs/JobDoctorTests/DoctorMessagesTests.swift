import Foundation
import JobRuntime
import Messages
import Operations
import TestSupport
import Testing

@testable import JobDoctor

/// What receivers are sent, as pure functions.
@Suite struct DoctorMessagesTests {
  private func notice(_ message: String = "nothing was started", part: String = "job", isOver: Bool = false) -> Notice {
    Notice(
      id: "5f0c", place: JobPart(job: "job", variant: "v", shard: 2), part: part, kind: "missed",
      since: Timestamp(seconds: 1_762_650_000), changedAt: Timestamp(seconds: 1_762_650_300), message: message,
      isOver: isOver, still: isOver ? "late" : "")
  }

  private func slack(_ notices: [Notice], source: String = "prod") throws -> [Receiver.Message] {
    Receiver.slack(try #require(WebAddress("http://h/x")), source: source).messages(notices)
  }

  private func pagerDuty(_ notices: [Notice]) throws -> [ResultLine] {
    Receiver.pagerDuty(try #require(WebAddress("http://h/x")), key: "k", source: "prod").messages(notices)
      .map { ResultLine(text: $0.body) }
  }

  private func text(_ message: Receiver.Message) -> String { ResultLine(text: message.body)["text"].string ?? "" }

  @Test func `Slack's markup is text, wherever it stands`() throws {
    let hostile = "<!channel> <@U1> <https://evil|good> & \"quoted\" \\ \u{202e}x\n:warning: fake: *stuck*\u{1b}"
    let message = try slack([notice(hostile, part: hostile)], source: hostile)[0]
    let text = text(message)
    #expect(!text.contains("<") && !text.contains(">"))
    #expect(text.components(separatedBy: "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil|good&gt; &amp;").count == 4)
    // One line for one notice, and nothing that turns it round.
    #expect(!text.contains("\n") && !text.contains("\u{202e}") && !text.contains("\u{1b}"))
  }

  @Test func `twenty incidents are one message, and what begins and what is over is told apart`() throws {
    let notices = (1...45).map { notice("m\($0)") } + [notice(isOver: true)]
    let messages = try slack(notices)
    #expect(messages.map(\.notices.count) == [20, 20, 6])
    #expect(messages.flatMap(\.notices) == notices)
    let lines = text(messages[2]).split(separator: "\n")
    #expect(lines[0] == ":warning: prod: job: *missed* since 2025-11-09T01:00:00Z: m41")
    #expect(lines[5] == ":white_check_mark: prod: job: missed is over; still late")
    #expect(try slack([]).isEmpty)
  }

  @Test func `a message of any length stays within what is read, and a cut within a line`() throws {
    let long = String(repeating: "&é", count: 100_000)
    #expect(text(try slack([notice(long)])[0]).utf8.count < 8000)
    let summary = try pagerDuty([notice(long, part: long)])[0]["payload", "summary"].string ?? ""
    #expect(summary.unicodeScalars.count <= 1024 && summary.hasPrefix("prod: &é"))
  }

  @Test(arguments: [(3000, 300), (200, 20), (60, 10), (12, 6), (0, 0)])
  func `telling leaves some of the run's time`(left: Int, reserve: Int) {
    #expect(Notifier.reserve(of: .seconds(left)) == .seconds(reserve))
  }

  @Test func `PagerDuty is told an incident by a key that stays`() throws {
    let events = try pagerDuty([notice("<!channel>\n\"x\""), notice(isOver: true)])
    #expect(events.map { $0["event_action"].string } == ["trigger", "resolve"])
    #expect(events.map { $0["dedup_key"].string } == ["oneshot-5f0c", "oneshot-5f0c"])
    #expect(events.map { $0["routing_key"].string } == ["k", "k"])
    #expect(events[0]["payload", "summary"].string == "prod: job: missed: <!channel> \"x\"")
    #expect(events[0]["payload", "severity"].string == "error")
    #expect(events[0]["payload", "source"].string == "prod" && events[0]["payload", "component"].string == "job")
    #expect(events[0]["payload", "timestamp"].string == "2025-11-09T01:00:00Z")
    #expect(!events[1]["payload"].isThere)
  }

  private func mail(_ notices: [Notice], source: String = "prod") throws -> [Receiver.Message] {
    let sender = try #require(Mailbox("Jobs <jobs@example.org>"))
    let relay = MailRelay(
      host: "relay", port: 587, user: nil, password: nil, security: .startTLS, helloName: "example.org")
    return Receiver.mail(to: "ops@example.org", from: sender, by: relay, source: source).messages(notices)
  }

  @Test func `a mail says in its subject what it is about, and fifty incidents are one mail`() throws {
    #expect(try mail([notice()])[0].subject == "prod: job: missed")
    #expect(try mail([notice(isOver: true)])[0].subject == "prod: job: missed is over")
    let many = (1...51).map { notice("m\($0)") } + [notice(isOver: true)]
    let mails = try mail(many)
    #expect(mails.map(\.subject) == ["prod: 50 began", "prod: 1 began, 1 is over"])
    #expect(mails[0].body.contains("prod: job: missed since 2025-11-09T01:00:00Z\nm50\n"))
    #expect(mails[1].body.contains("prod: job: missed is over; still late\n"))
  }

  @Test func `what is told again has the id that it had, and its end another`() throws {
    let ids = try [notice(), notice("in other words"), notice(isOver: true)].map { try mail([$0])[0].id }
    #expect(ids[0] == ids[1] && ids[0] != ids[2] && ids[0].count == 32)
  }

  @Test func `what is sent again after a snooze has an id of its own, and its end the same as ever`() throws {
    var (again, over) = (notice(), notice(isOver: true))
    (again.again, over.again) = (1, 1)
    #expect(try mail([again])[0].id != mail([notice()])[0].id)
    #expect(try mail([over])[0].id == mail([notice(isOver: true)])[0].id)
    #expect(again.identity(opened: ".opened", over: ".resolved") == "5f0c.opened.1")
    #expect(over.identity(opened: ".opened", over: ".resolved") == "5f0c.resolved")
    #expect(try pagerDuty([again])[0]["dedup_key"].string == "oneshot-5f0c")
  }

  @Test func `hostile words add no line to a mail`() throws {
    let hostile = "x\r\n.\r\nBcc: eve@example.org \u{202e}"
    let message = try mail([notice(hostile, part: hostile)], source: hostile)[0]
    #expect(!message.subject.contains("\n") && !message.subject.contains("\u{202e}"))
    #expect(message.body.split(separator: "\n").count == 4)
  }
}

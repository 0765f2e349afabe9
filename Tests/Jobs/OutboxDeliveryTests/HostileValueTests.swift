import Foundation
import JSONReading
import JobRuntime
import Messages
import Templates
import TestSupport
import Testing

@testable import OutboxDelivery

/// Values that want to be more than values, in every place of a mail, read back by Python's `email` and `html`.
@Suite(.timeLimit(.minutes(10))) struct HostileValueTests {
  private static let pieces = [
    "\r\nBcc: eve@example.org", "\n\n", "\r", "\t", "\u{1B}[2J", "<script>alert(1)</script>", "\" onclick=\"x", "' x='",
    "<img src=x>", "</a>", "-->", "&lt;", "\u{202E}", "\u{2028}", "👩‍👩‍👧", "ü", "=?utf-8?Q?=0ABcc:?=", "=0D=0A",
    "\r\n.\r\n",
    ">, <eve@example.org>", "\\", "\"", ";", String(repeating: "x", count: 5000), String(repeating: "é ", count: 900),
    "{{x}}",
  ]

  @Test func `a thousand of them add no header, no recipient, no part and no tag`() async throws {
    var generator = SeededGenerator(53)
    let templates = try MessageTemplates([
      "t.txt": "Subject: About {{x}}\n\nHello {{x}}\n",
      "t.html": "<p title=\"{{x}}\">{{x}}</p><a href=\"https://example.org/?{{x}}\">go</a>",
    ])
    let unsubscribing = try #require(
      Unsubscribing(url: "https://app.example.org/u?{recipient}&{category}&{token}", secret: "0123456789abcdef"))
    let folder = try TemporaryFolder()
    for number in 0..<1000 {
      let value = (0...Int.random(in: 0...3, using: &generator)).map { _ in
        Self.pieces.randomElement(using: &generator) ?? ""
      }.joined()
      let rendered = try #require(
        try templates.rendered("t", locale: value, .object([.init("x", .string(value))])))
      let draft = MailDraft(
        from: Mailbox(name: value, address: "ada@example.org"),
        replyTo: Mailbox(name: value, address: "bob@example.org"),
        recipient: "\"<eve@example.org>,\"@example.org", subject: rendered.subject, text: rendered.text,
        html: rendered.html,
        date: try #require(Timestamp(rfc3339: "1969-07-20T20:17:40Z")), id: "c46a902b-604b-50da-c37f-19de8002eb80",
        domain: "example.org", idHeader: "X-Id",
        unsubscribeURL: unsubscribing.url(for: String(value.prefix(80)), category: String(value.prefix(80))))
      try Data(draft.content).write(to: URL(filePath: "\(folder.path)/\(number).eml"))
    }
    let read = try await Binary(path: "/usr/bin/python3").run(["-c", Self.reader, folder.path])
    #expect(read.exitCode == 0 && read.output == "1000\n", "\(read.output)\(read.errors.suffix(2000))")
  }

  private static let reader = """
    import email, email.policy, email.utils, html.parser, re, sys
    names = ["From", "Reply-To", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "X-Id",
        "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type"]
    class Tags(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.seen = []
        def handle_starttag(self, tag, attributes): self.seen.append((tag, [name for name, _ in attributes]))
    for number in range(1000):
        raw = open(f"{sys.argv[1]}/{number}.eml", "rb").read()
        head = raw.split(b"\\r\\n\\r\\n")[0].split(b"\\r\\n")
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert mail.keys() == names, (number, mail.keys())
        assert mail["Date"] == "Sun, 20 Jul 1969 20:17:40 +0000", mail["Date"]
        assert [a.addr_spec for a in mail["From"].addresses] == ["ada@example.org"], (number, mail["From"])
        assert [a.addr_spec for a in mail["Reply-To"].addresses] == ["bob@example.org"], (number, mail["Reply-To"])
        assert [a.domain for a in mail["To"].addresses] == ["example.org"], (number, mail["To"])
        assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"], number
        assert all(re.fullmatch(rb"[\\t\\x20-\\x7e]*", line) for line in raw.split(b"\\r\\n")), number
        # RFC 2047, 2: a line with an encoded word has 76 characters at most.
        assert all(len(line) <= 76 for line in head if b"=?utf-8?" in line), (number, head)
        tags = Tags()
        tags.feed(mail.get_body(preferencelist=("html",)).get_content())
        assert tags.seen == [("p", ["title"]), ("a", ["href"])], (number, tags.seen)
    print(1000)
    """

  @Test(arguments: [
    ("<a href=\"{{x}}\">", true), ("<a HREF = ' {{x}}'>", true), ("<a href=\"{{#x}}{{x}}{{/x}}\">", true),
    ("<a href=\"{{> part}}\">", true), ("<a href=\"{{! }}{{{x}}}\">", true),
    ("<a href=\"https://a.example/{{x}}\">", false),
    ("<a href=\"\" title=\"{{x}}\">", false), ("href: {{x}}", false),
  ])
  func `a value that begins a link is looked at, whatever stands between`(text: String, isLink: Bool) throws {
    let template = try Template(text, kind: .html, file: "t") { _ in ("part", "{{x}}") }
    let data = JSONValue.object([.init("x", .string("javascript:alert(1)"))])
    #expect(((try? template.rendered(data, as: .html)) == nil) == isLink)
  }

  @Test(arguments: ["<a HREF={{x}}>", "<a href= {{x}}>", "<a href={{#x}}{{x}}{{/x}}>"])
  func `a link without quotes is a mistake of the template`(text: String) {
    #expect(throws: TemplateError.self) { try Template(text, kind: .html, file: "t") { _ in nil } }
  }

  @Test(arguments: [
    ("Subject", false), ("Bcc", false), ("X-Id", true), ("content-type", false), ("X Id", false), ("", false),
  ])
  func `the header of the message's id is none that a mail has`(name: String, isGood: Bool) {
    #expect(MailHeader.isName(name) == isGood)
  }
}

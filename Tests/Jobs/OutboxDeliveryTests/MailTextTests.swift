import Foundation
import JobRuntime
import Messages
import TestSupport
import Testing

/// What a mail is made of, read back by Python's `email`.
@Suite(.timeLimit(.minutes(10))) struct MailTextTests {
  private func draft(subject: String = "Hello", text: String = "Hello\n", html: String? = nil) throws -> MailDraft {
    MailDraft(
      from: Mailbox(name: "Ada", address: "ada@example.org"), recipient: "bob@example.org", subject: subject,
      text: text,
      html: html, date: try #require(Timestamp(rfc3339: "2025-11-08T02:00:00Z")),
      id: "c46a902b-604b-50da-c37f-19de8002eb80", domain: "example.org")
  }

  @Test func `hostile texts in every place add no header, no recipient and no part, and come back as they were`()
    async throws
  {
    let hostile = [
      "a\r\nBcc: eve@example.org", "a\nSubject: b", "\0", "\r", "<script>", "\u{202E}gnirts", "👩‍👩‍👧‍👦 ünï", "=?utf-8?Q?x?=",
      String(repeating: "long ", count: 1000), String(repeating: "ü", count: 5000), ".\r\n.\r\n", "a=b= \t",
      "--=_c46a902b",
      "From here\n.\n", "\u{2028}x", "\u{FEFF}",
    ]
    let folder = try TemporaryFolder()
    for (number, text) in hostile.enumerated() {
      var draft = try draft(subject: text, text: text, html: number % 2 == 0 ? text : nil)
      draft.from.name = text
      try Data(draft.content).write(to: URL(filePath: "\(folder.path)/\(number).eml"))
    }
    let read = try await Binary(path: "/usr/bin/python3").run(["-c", Self.reader, folder.path, "\(hostile.count)"])
    #expect(read.exitCode == 0, "\(read.errors)")
    let mails = ResultLine(text: read.output).elements
    for (mail, text) in zip(mails, hostile) {
      let names = mail["headers"].elements.compactMap(\.string)
      #expect(Set(names).count == names.count && !names.contains("Bcc") && mail["to"].string == "bob@example.org")
      #expect(mail["defects"].count == 0 && (mail["longest"].int ?? 999) <= 998, "\(text.prefix(20))")
      #expect(mail["subject"].string == MailHeader.oneLine(text), "\(text.prefix(20))")
      let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
      #expect(mail["text"].string == lines + (lines.hasSuffix("\n") || lines.isEmpty ? "" : "\n"), "\(text.prefix(20))")
    }
    #expect(mails.count == hostile.count)
  }

  private static let reader = """
    import email, email.policy, json, sys
    mails = []
    for number in range(int(sys.argv[2])):
        raw = open(f"{sys.argv[1]}/{number}.eml", "rb").read()
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        mails.append({"headers": [name for name in mail.keys()], "to": str(mail["To"]), "subject": str(mail["Subject"]),
            "text": mail.get_body(preferencelist=("plain",)).get_content().replace("\\r\\n", "\\n"), "defects": [str(d) for d in mail.defects],
            "longest": max(len(line) for line in raw.split(b"\\r\\n"))})
    print(json.dumps(mails))
    """

  @Test func `the same row yields the same bytes, with both parts and one click to unsubscribe`() throws {
    var draft = try draft(html: "<p>Hello</p>")
    let link = "https://app.example.org/u?r=" + String(repeating: "x", count: 200)
    draft.unsubscribeURL = link
    draft.idHeader = "Resend-Idempotency-Key"
    #expect(draft.content == draft.content)
    let text = String(decoding: draft.content, as: UTF8.self)
    #expect(text.contains("Date: Sat, 08 Nov 2025 02:00:00 +0000\r\n"))
    #expect(text.contains("Message-ID: <c46a902b-604b-50da-c37f-19de8002eb80@example.org>\r\n"))
    #expect(text.contains("List-Unsubscribe: <\(link)>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"))
    #expect(text.contains("Resend-Idempotency-Key: c46a902b-604b-50da-c37f-19de8002eb80\r\n"))
  }

  @Test(arguments: [
    ("ada@example.org", true), ("\"a b\"@example.org", true), ("a@[192.0.2.1]", true), ("a@b", false), ("a", false),
    ("a@b@example.org", false), ("a b@example.org", false), ("a@example.org>", false), ("<a@example.org>", false),
    ("a,b@example.org", false), ("a@exa mple.org", false), ("a\r@example.org", false), ("ä@example.org", false),
    ("@example.org", false), (".a@example.org", false), ("a@-b.org", false), ("\"a\"b\"@example.org", false),
    ("", false),
  ])
  func `an address is looked at before libcurl gets it`(address: String, isGood: Bool) {
    #expect((MailAddress.problem(address) == nil) == isGood)
  }
}

public import JobRuntime

/// A mail, put together.
///
/// Its bytes depend on the row and the settings only: a second attempt is the same mail.
public struct MailDraft: Sendable {
  public var from: Mailbox
  public var replyTo: Mailbox?
  public var recipient: String
  public var subject: String
  public var text: String
  public var html: String?
  public var date: Timestamp
  /// What the Message-ID begins with.
  public var id: String
  public var domain: String
  public var idHeader: String?
  public var unsubscribeURL: String?

  public init(
    from: Mailbox, replyTo: Mailbox? = nil, recipient: String, subject: String, text: String, html: String? = nil,
    date: Timestamp, id: String, domain: String, idHeader: String? = nil, unsubscribeURL: String? = nil
  ) {
    (self.from, self.replyTo, self.recipient) = (from, replyTo, recipient)
    (self.subject, self.text, self.html) = (subject, text, html)
    (self.date, self.id, self.domain) = (date, id, domain)
    (self.idHeader, self.unsubscribeURL) = (idHeader, unsubscribeURL)
  }

  /// Headers and body, with CRLF at the end of each line.
  public var content: [UInt8] {
    var headers = [
      ("From", from.text(after: "From")), ("To", recipient), ("Subject", MailHeader.text(subject, after: "Subject")),
      ("Date", Self.date(date)),
      ("Message-ID", "<\(id)@\(domain)>"), ("MIME-Version", "1.0"), ("Auto-Submitted", "auto-generated"),
    ]
    if let replyTo { headers.insert(("Reply-To", replyTo.text(after: "Reply-To")), at: 1) }
    if let idHeader { headers.append((idHeader, id)) }
    if let unsubscribeURL {
      // RFC 8058. On one line each: some relays sign what they have unfolded.
      headers += [
        ("List-Unsubscribe", "<\(unsubscribeURL)>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
      ]
    }
    guard let html else {
      return Self.head(headers + Self.typed("text/plain")) + QuotedPrintable.encode(text)
    }
    // No text holds it: in quoted-printable no line begins with an equals sign and an underscore.
    let boundary = "=_\(id)"
    let parts = [("text/plain", text), ("text/html", html)].map { type, body in
      Array("--\(boundary)\r\n".utf8) + Self.head(Self.typed(type)) + QuotedPrintable.encode(body) + Array("\r\n".utf8)
    }
    return Self.head(headers + [("Content-Type", "multipart/alternative; boundary=\"\(boundary)\"")])
      + parts.joined() + Array("--\(boundary)--\r\n".utf8)
  }

  private static func typed(_ type: String) -> [(String, String)] {
    [("Content-Type", "\(type); charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")]
  }

  private static func head(_ headers: [(String, String)]) -> [UInt8] {
    Array((headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n").utf8)
  }

  /// RFC 5322, 3.3: `Sat, 08 Nov 2025 02:00:00 +0000`.
  static func date(_ moment: Timestamp) -> String {
    let text = moment.rfc3339
    let week = 7 * 86_400_000_000 as Int64
    // The first of January 1970 was a Thursday; what is before it is counted from the week's beginning, too.
    let sinceThursday = (moment.microseconds % week + week) % week
    let day = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(sinceThursday / 86_400_000_000)]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let month = months[(Int(text.dropFirst(5).prefix(2)) ?? 1) - 1]
    return "\(day), \(text.dropFirst(8).prefix(2)) \(month) \(text.prefix(4)) \(text.dropFirst(11).prefix(8)) +0000"
  }
}

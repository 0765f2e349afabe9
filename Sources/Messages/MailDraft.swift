public import JobRuntime

/// A mail, put together.
///
/// Its bytes depend on the row and the settings only: a second attempt is the same mail.
public struct MailDraft: Sendable {
  /// The sender, also of the envelope.
  public var from: Mailbox
  /// Where answers go; `nil` for the sender.
  public var replyTo: Mailbox?
  /// The only recipient's address, without a name.
  public var recipient: String
  /// The subject in any characters; the header encodes them.
  public var subject: String
  /// The plain text, with any line ends.
  public var text: String
  /// The same message as HTML; `nil` for a mail of text alone.
  public var html: String?
  /// The date that the mail shows.
  ///
  /// It comes from the row, so that a second attempt is the same mail.
  public var date: Timestamp
  /// What the Message-ID begins with.
  public var id: String
  /// The domain of the Message-ID.
  public var domain: String
  /// The name of a header that repeats the id, for providers that detect duplicates by it; `nil` for none.
  public var idHeader: String?
  /// The link for one-click unsubscription (RFC 8058); `nil` for mail without one.
  public var unsubscribeURL: String?

  /// - Parameters:
  ///   - replyTo: where answers go; `nil` for the sender.
  ///   - html: `nil` for a mail of text alone.
  ///   - date: from the row, not from a clock.
  ///   - id: what the Message-ID begins with; the same in each attempt.
  ///   - idHeader: the name of a header that repeats the id.
  ///   - unsubscribeURL: for one-click unsubscription (RFC 8058).
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

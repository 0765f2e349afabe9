import JobRuntime
import Messages
import Signing

extension Receiver {
  static func mail(source: String, _ env: inout Environment) -> Receiver? {
    let recipient: String? = env.custom(
      "DOCTOR_MAIL_TO", form: "address", default: nil,
      help: "Who gets mail about incidents: one address; for several people, that of a mailing list."
    ) { text in
      MailAddress.problem(text).map { .failure("is «\(text)», not an address: \($0)") } ?? .success(text)
    }
    let link = MailLink.read(&env, prefix: "DOCTOR_")
    let sender = env.mailbox("DOCTOR_MAIL_FROM", help: "The sender of mail about incidents; required for it.")
    guard let recipient else {
      if link.isSet { env.complain("DOCTOR_MAIL_URL", "is set without a valid DOCTOR_MAIL_TO") }
      return nil
    }
    if !link.isSet { env.complain("DOCTOR_MAIL_TO", "is set without a valid DOCTOR_MAIL_URL") }
    guard let sender else {
      env.complain("DOCTOR_MAIL_TO", "is set without a valid DOCTOR_MAIL_FROM")
      return nil
    }
    return mail(to: recipient, from: sender, by: link.relay(greetedAs: sender.domain), source: source)
  }

  /// One mail for several incidents.
  static func mail(to recipient: String, from sender: Mailbox, by relay: MailRelay, source: String) -> Receiver {
    let source = oneLine(source, atMost: longestName)
    return Receiver(
      name: "mail", setting: "DOCTOR_MAIL_TO", target: "\(relay.host):\(relay.port)", limit: .seconds(30),
      messages: { notices in
        groups(notices, of: 50).map { some in
          Message(
            id: identity(of: some), subject: "\(source): \(subject(of: some))",
            body: some.map { paragraph($0, source: source) }.joined(separator: "\n") + footer, notices: some)
        }
      },
      outgoing: { message, moment in
        let draft = MailDraft(
          from: sender, recipient: recipient, subject: message.subject, text: message.body, date: moment,
          id: message.id, domain: sender.domain)
        return .mail(Mail(from: sender.address, to: recipient, draft.content), relay)
      })
  }

  /// What the Message-ID is made of: the same for the same notices, so that mail sent twice is known by it.
  private static func identity(of notices: [Notice]) -> String {
    let names = notices.map { $0.identity(opened: "+", over: "-") }.joined()
    return hmacSHA256(of: Array(names.utf8), key: Array("incidents".utf8)).prefix(16)
      .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func subject(of notices: [Notice]) -> String {
    if let only = notices.first, notices.count == 1 {
      return "\(oneLine(only.part, atMost: longestPart)): \(only.kind)\(only.isOver ? " is over" : "")"
    }
    let over = notices.count { $0.isOver }
    let parts = [(notices.count - over, "began"), (over, over == 1 ? "is over" : "are over")]
    return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  private static func paragraph(_ notice: Notice, source: String) -> String {
    let place = "\(source): \(oneLine(notice.part, atMost: longestPart)): \(notice.kind)"
    if notice.isOver { return "\(place) is over\(notice.still.isEmpty ? "" : "; still \(oneLine(notice.still))")\n" }
    return "\(place) since \(notice.since.rfc3339)\n\(oneLine(notice.message))\n"
  }

  private static let footer = """

    -- 
    Sent by job-doctor. What is wrong now: oneshot health

    """
}

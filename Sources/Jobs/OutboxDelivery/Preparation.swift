import JSONReading
import JobRuntime
import Messages
import Postgres
import Templates

/// A message as it is sent.
enum Prepared: Sendable {
  case mail(Mail)
  case webhook(WebRequest)
}

/// Why a message cannot be sent, found before anything was.
struct Unsendable: Error {
  /// `nil` where no action is needed: the message is cancelled.
  var kind: LetterKind?
  var reason: String
}

extension OutboxDelivery.Settings {
  /// The largest data of a message, in bytes.
  static let largest = 1024 * 1024

  /// Puts a message together.
  ///
  /// Depends on the row and the settings only, and a webhook's on the time of the attempt.
  ///
  /// - Throws: `Unsendable`.
  func prepare(_ message: Message, at moment: Timestamp) throws(Unsendable) -> Prepared {
    guard !message.isTooLarge else { throw Unsendable(kind: .data, reason: "its data are larger than 1 MiB") }
    guard let template = message.template, !template.isEmpty else {
      throw Unsendable(kind: .template, reason: "it names no template")
    }
    switch message.channel {
    case .email: return .mail(try mail(message, template))
    case .webhook: return .webhook(try webhook(message, template, at: moment))
    }
  }

  private func mail(_ message: Message, _ template: String) throws(Unsendable) -> Mail {
    guard !message.recipient.isEmpty else {
      throw Unsendable(kind: .address, reason: "it has no recipient, or has lost it by DELIVERY_KEEP_DATA")
    }
    if let problem = MailAddress.problem(message.recipient) {
      throw Unsendable(kind: .address, reason: "its recipient is not a valid address: \(problem)")
    }
    guard let data = JSONValue(json: message.data ?? "{}"), case .object = data else {
      throw Unsendable(kind: .data, reason: "its data are not an object, or are nested too deeply")
    }
    let rendered: MessageTemplates.Rendered?
    do throws(TemplateError) {
      rendered = try templates.rendered(template, locale: message.locale, data)
    } catch {
      throw Unsendable(kind: .template, reason: "\(error)")
    }
    guard let rendered else { throw Unsendable(kind: .template, reason: "there is no template «\(template)»") }
    let unsubscribeURL =
      message.category == "transactional"
      ? nil : unsubscribing?.url(for: message.recipient, category: message.category)
    guard unsubscribeURL?.utf8.count ?? 0 <= MailHeader.longest - 30 else {
      throw Unsendable(kind: .data, reason: "its category is too long for a header")
    }
    let draft = MailDraft(
      from: sender, replyTo: replyTo, recipient: message.recipient, subject: rendered.subject, text: rendered.text,
      html: rendered.html, date: message.createdAt, id: message.id, domain: domain, idHeader: idHeader,
      unsubscribeURL: unsubscribeURL)
    let content = draft.content
    guard content.count <= Self.largest else {
      throw Unsendable(kind: .data, reason: "it is larger than 1 MiB once it is rendered")
    }
    return Mail(from: sender.address, to: message.recipient, content)
  }

  private func webhook(_ message: Message, _ type: String, at moment: Timestamp) throws(Unsendable) -> WebRequest {
    guard let endpoint = message.endpoint else {
      throw Unsendable(kind: .endpoint, reason: "its endpoint does not exist")
    }
    guard !endpoint.isDisabled else { throw Unsendable(kind: nil, reason: "its endpoint is disabled") }
    guard !endpoint.isUnwanted else { throw Unsendable(kind: nil, reason: "its endpoint does not take this type") }
    guard endpoint.url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      endpoint.url.hasPrefix("https://") || endpoint.url.hasPrefix("http://")
    else { throw Unsendable(kind: .endpoint, reason: "the URL of its endpoint is not a valid https URL") }
    guard webhooks.allowsHTTP || endpoint.url.hasPrefix("https://") else {
      throw Unsendable(kind: .endpoint, reason: "the URL of its endpoint is not https, and WEBHOOK_HTTP is not set")
    }
    let keys = endpoint.secrets.map(Webhook.key)
    guard !keys.isEmpty, !keys.contains(nil) else {
      throw Unsendable(
        kind: .endpoint, reason: "a secret of its endpoint is not whsec_ followed by base64 of 24 to 64 bytes")
    }
    guard message.data?.hasPrefix("{") ?? true else {
      throw Unsendable(kind: .data, reason: "its data are not an object")
    }
    let body = Webhook.body(type: type, at: message.createdAt, data: message.data ?? "{}")
    return Webhook.request(
      to: endpoint.url, id: message.id, at: moment, body: body, keys: keys.compactMap(\.self), webhooks)
  }
}

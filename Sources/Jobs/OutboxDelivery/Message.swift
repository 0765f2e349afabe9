import JobRuntime
import Postgres

/// A message that this run has claimed, with all that it is made of.
struct Message: Sendable {
  let id: String
  let channel: Channel
  let category: String
  let recipient: String
  let locale: String?
  let template: String?
  let data: String?
  let isTooLarge: Bool
  let holdsOnDoubt: Bool
  /// This attempt's number, from 1.
  let attempt: Int
  let createdAt: Timestamp
  let endpoint: Endpoint?

  /// Where a webhook goes.
  struct Endpoint: Sendable {
    var url: String
    /// The newest first.
    var secrets: [String]
    var isDisabled: Bool
    /// Whether it does not want messages of this type.
    var isUnwanted: Bool
  }

  /// - Parameter row: of `claim.sql`.
  init(_ row: Row) throws {
    id = try row.value("delivery_id")
    channel = try Channel(row.value("channel"))
    category = try row.value("category")
    recipient = try row.value("recipient")
    locale = try row.optional("locale")
    template = try row.optional("template")
    data = try row.optional("data")
    isTooLarge = try row.value("is_too_large")
    holdsOnDoubt = try row.value("on_doubt") == "hold"
    attempt = try row.value("attempts")
    createdAt = try row.value("created_at")
    endpoint =
      try row.value("has_endpoint")
      ? Endpoint(
        url: row.value("url"),
        secrets: [row.optional("secret"), row.optional("older_secret")].compactMap(\.self),
        isDisabled: row.value("is_disabled"), isUnwanted: row.value("is_unwanted"))
      : nil
  }

  var target: Target { Target(channel, recipient) }
}

extension Channel {
  init(_ text: String) throws(PostgresError) {
    guard let channel = Channel(rawValue: text) else { throw .decoding("channel is «\(text)»") }
    self = channel
  }
}

/// What fails or takes messages as a whole: a recipient's domain, or an endpoint.
struct Target: Hashable, Sendable {
  let name: String

  init(_ channel: Channel, _ recipient: String) {
    switch channel {
    case .email:
      let domain = recipient[
        (recipient.lastIndex(of: "@").map { recipient.index(after: $0) } ?? recipient.startIndex)...]
      // In ASCII alone, as the SQL has it.
      name = "domain:" + String(decoding: domain.utf8.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    case .webhook: name = "webhook:" + recipient
    }
  }

  init(_ relay: MailRelay) { name = "\(Self.relayPrefix)\(relay.host):\(relay.port)" }
  init(name: String) { self.name = name }

  static let relayPrefix = "smtp:"
  var isRelay: Bool { name.hasPrefix(Self.relayPrefix) }
}

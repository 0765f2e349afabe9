import JobRuntime
import Messages
import Operations

extension Receiver {
  static func webhook(source: String, _ env: inout Environment) -> Receiver? {
    let address = env.webAddress(
      "DOCTOR_WEBHOOK_URL",
      help: "The URL that each incident is posted to, signed as in Standard Webhooks 1.0; needs the trait Delivery.")
    let keys: [[UInt8]]? = env.secret(
      "DOCTOR_WEBHOOK_SECRET", form: "whsec_… (two, with a space, while it is changed)", isRequired: false,
      help: "The secret that signs webhooks to DOCTOR_WEBHOOK_URL: whsec_ and base64 of 24 to 64 bytes."
    ) { text in
      let keys = text.split(separator: " ").map { Webhook.key(String($0)) }
      guard (1...2).contains(keys.count), !keys.contains(nil) else {
        return .failure("is not whsec_ and base64 of 24 to 64 bytes, nor two of them with a space between")
      }
      return .success(keys.compactMap(\.self))
    }
    let rules = WebhookRules(from: &env, prefix: "DOCTOR_")
    guard let address, let keys else {
      if address != nil { env.complain("DOCTOR_WEBHOOK_URL", "is set without a valid DOCTOR_WEBHOOK_SECRET") }
      if keys != nil { env.complain("DOCTOR_WEBHOOK_SECRET", "is set without a valid DOCTOR_WEBHOOK_URL") }
      return nil
    }
    guard rules.allowsHTTP || address.target.hasPrefix("https://") else {
      env.complain("DOCTOR_WEBHOOK_URL", "is not https, and DOCTOR_WEBHOOK_HTTP is not set")
      return nil
    }
    return webhook(address, keys: keys, rules, source: source)
  }

  /// The version of `data` in a body (docs/incident.schema.json); members may be added without a new one.
  private static let version: Int64 = 1

  /// A request for each incident that begins or is over, whose `webhook-id` stays whenever it is sent.
  static func webhook(_ address: WebAddress, keys: [[UInt8]], _ rules: WebhookRules, source: String) -> Receiver {
    Receiver(
      name: "webhook", setting: "DOCTOR_WEBHOOK_URL", target: address.target, canGetEndAlone: true,
      messages: { notices in
        notices.map { notice in
          let type = notice.isOver ? "incident.resolved" : "incident.opened"
          let body = Webhook.body(type: type, at: notice.changedAt, data: data(of: notice, source: source).text)
          return Message(id: notice.identity(opened: ".opened", over: ".resolved"), body: body, notices: [notice])
        }
      },
      outgoing: { message, moment in
        .web(Webhook.request(to: address.url(), id: message.id, at: moment, body: message.body, keys: keys, rules))
      })
  }

  private static func data(of notice: Notice, source: String) -> JSON {
    [
      "version": .integer(version), "incident": .string(notice.id), "source": .string(source),
      "part": .string(notice.part), "instance": .string(notice.place.instance), "job": .string(notice.place.job),
      "variant": .string(notice.place.variant), "server": .string(notice.place.server),
      "shard": .integer(Int64(notice.place.shard)), "kind": .string(notice.kind),
      "severity": .string(notice.severity), "since": .string(notice.since.rfc3339),
      "message": .string(notice.message),
    ]
  }
}

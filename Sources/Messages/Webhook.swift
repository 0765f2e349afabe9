public import JobRuntime
import Signing

/// A webhook as Standard Webhooks 1.0 has it, signed with each of its endpoint's secrets.
public enum Webhook {
  /// The first part of every secret.
  private static let prefix = "whsec_"

  /// The key that a secret stands for; `nil` for one that is not `whsec_` and base64 of 24 to 64 bytes.
  public static func key(_ secret: String) -> [UInt8]? {
    guard secret.hasPrefix(prefix), let key = Base64.decode(String(secret.dropFirst(prefix.count))) else { return nil }
    return (24...64).contains(key.count) ? key : nil
  }

  /// - Parameter data: JSON, which is sent as it is.
  public static func body(type: String, at moment: Timestamp, data: String) -> String {
    JSON(members: [("type", .string(type)), ("timestamp", .string(moment.rfc3339)), ("data", .verbatim(data))]).text
  }

  /// - Parameters:
  ///   - id: the message's, the same in each attempt.
  ///   - moment: of this attempt.
  public static func request(
    to url: String, id: String, at moment: Timestamp, body: String, keys: [[UInt8]], _ rules: WebhookRules
  ) -> WebRequest {
    var request = WebRequest(url: url, headers: headers(id: id, at: moment, body: body, keys: keys), body: body)
    (request.settingForPrivate, request.avoidsProxy) = (rules.settingForPrivate, true)
    request.authorities = rules.authorities
    return request
  }

  private static func headers(id: String, at moment: Timestamp, body: String, keys: [[UInt8]]) -> [(
    name: String, value: String
  )] {
    let seconds = moment.microseconds / 1_000_000
    let signed = Array("\(id).\(seconds).\(body)".utf8)
    let signatures = keys.map { "v1," + Base64.encode(hmacSHA256(of: signed, key: $0)) }
    return [
      ("Content-Type", "application/json"), ("webhook-id", id), ("webhook-timestamp", "\(seconds)"),
      ("webhook-signature", signatures.joined(separator: " ")),
      // libcurl would wait a second for «100 Continue» before a large body.
      ("Expect", ""),
    ]
  }
}

/// Which receivers of webhooks are allowed.
public struct WebhookRules: Sendable {
  /// Those without TLS.
  public let allowsHTTP: Bool
  /// The setting that would allow those on this machine and in private networks; `nil` where it does.
  public let settingForPrivate: String?
  /// Authorities in PEM form, instead of the system's.
  public let authorities: String?

  /// - Parameter prefix: what the settings' names begin with.
  public init(from env: inout Environment, prefix: String = "") {
    allowsHTTP = env.bool(prefix + "WEBHOOK_HTTP", default: false, help: "Allows endpoints without TLS.")
    let setting = prefix + "WEBHOOK_PRIVATE"
    let allowsPrivate = env.bool(
      setting, default: false, help: "Allows endpoints on this machine and in private networks.")
    settingForPrivate = allowsPrivate ? nil : setting
    // An event, which somebody else may send, must not open the way to what is near.
    env.reserveForInstallers(prefix + "WEBHOOK_HTTP", setting)
    authorities = env.optionalPath(
      prefix + "WEBHOOK_CA_FILE",
      help: "Authorities in PEM form that endpoints' certificates are signed by, instead of the system's.")
  }
}

import JobRuntime
import Signing

/// How a person unsubscribes from a category: a link that the application verifies, by one click (RFC 8058).
struct Unsubscribing: Sendable {
  private let url: String
  private let secret: [UInt8]

  /// - Parameter secret: of 16 bytes at least; `nil` for a shorter one.
  init?(url: String, secret: String) {
    guard secret.utf8.count >= 16 else { return nil }
    (self.url, self.secret) = (url, Array(secret.utf8))
  }

  static func read(_ env: inout Environment) -> Unsubscribing? {
    let url: String? = env.custom(
      "UNSUBSCRIBE_URL", form: "https://…{recipient}…{category}…{token}", default: nil,
      help: "The application's URL for unsubscribing; mail of every category except transactional carries it."
    ) { text in
      let holes = ["{recipient}", "{category}", "{token}"]
      guard text.hasPrefix("https://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3E }),
        holes.allSatisfy({ text.contains($0) })
      else { return .failure("is not an https URL with {recipient}, {category} and {token} in it") }
      return .success(text)
    }
    let secret: String? = env.secret(
      "UNSUBSCRIBE_SECRET", form: "text", isRequired: false,
      help: "The key of {token}: HMAC-SHA256 of recipient, a line feed and category, in base64url."
    ) { $0.utf8.count >= 16 ? .success($0) : .failure("is shorter than 16 bytes") }
    if (url == nil) != (secret == nil) { env.complain("UNSUBSCRIBE_URL", "and UNSUBSCRIBE_SECRET go together") }
    guard let url, let secret else { return nil }
    return Unsubscribing(url: url, secret: secret)
  }

  func url(for recipient: String, category: String) -> String {
    let token = Base64.encode(hmacSHA256(of: Array("\(recipient)\n\(category)".utf8), key: secret))
      .map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" }
    var result = ""
    var rest = url[...]
    let holes = [("{recipient}", encoded(recipient)), ("{category}", encoded(category)), ("{token}", String(token))]
    while let character = rest.first {
      if let (hole, value) = holes.first(where: { rest.hasPrefix($0.0) }) {
        result += value
        rest = rest.dropFirst(hole.count)
      } else {
        result.append(character)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  private func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: String(Unicode.Scalar(byte))
      default: (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }
}

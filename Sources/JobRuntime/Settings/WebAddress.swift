extension Environment {
  /// A URL to deliver something to; it may hold secrets anywhere.
  ///
  /// A binary without the trait Delivery refuses it.
  package mutating func webAddress(_ name: String, help: String) -> WebAddress? {
    let address: WebAddress? = url(name, form: "https://…", isRequired: false, help: help) { text in
      guard WebDelivery.isBuiltIn else { return .failure(WebDelivery.isMissing) }
      return WebAddress(text).map { .success($0) } ?? .failure("is not a URL that begins with http:// or https://")
    }
    // Some servers repeat parts of it in their error pages.
    conceal(address?.secrets ?? [])
    return address
  }
}

/// A URL of http or https.
///
/// It may hold secrets anywhere, so only `target` may be shown.
package struct WebAddress: Sendable, Equatable {
  private let origin: String
  private let path: String
  private let query: String
  private let password: String?
  /// Scheme, host and port.
  package let target: String

  package init?(_ text: String) {
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    let scheme = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
    guard let scheme else { return nil }
    let rest = text.dropFirst(scheme.count).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    guard !place.isEmpty, !place.hasPrefix(":") else { return nil }
    let login = authority.lastIndex(of: "@").map { authority[..<$0] }
    password = login?.firstIndex(of: ":").flatMap { colon in login.map { String($0[$0.index(after: colon)...]) } }
    origin = scheme + authority
    target = scheme + place
    let tail = rest.dropFirst(authority.count)
    path = String(tail.prefix { $0 != "?" })
    query = String(tail.dropFirst(path.count))
  }

  /// The parts of it that may be a secret, or hold one: a token is part of the path, or a value of the query.
  ///
  /// Short parts are left out: they are ordinary words.
  var secrets: [String] {
    let pairs: [Substring] = query.dropFirst().split(separator: "&")
    let values = pairs.compactMap { pair in pair.firstIndex(of: "=").map { pair[pair.index(after: $0)...] } }
    let parts = (path.split(separator: "/") + values).filter { $0.utf8.count >= 8 }
    return [password, path].compactMap { $0 } + parts.map { String($0) }
  }

  /// The URL itself, or one below it; the part after a «?» stays at its end.
  ///
  /// - Parameter parts: parts of the path, each of any characters.
  package func url(_ parts: String...) -> String { url(parts) }

  package func url(_ parts: [String]) -> String {
    let base = parts.isEmpty || !path.hasSuffix("/") ? path : String(path.dropLast())
    return origin + base + parts.map { "/" + Self.percentEncoded($0) }.joined() + query
  }

  private static func percentEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        result.unicodeScalars.append(UnicodeScalar(byte))
      default: result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }
  }
}

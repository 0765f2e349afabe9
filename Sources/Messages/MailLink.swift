public import JobRuntime

/// What `MAIL_URL` says, or another setting that ends so: the relay, and how it is reached.
public struct MailLink: Sendable {
  private var parts: (host: String, port: Int, user: String?, password: String?, isTLS: Bool)?
  private var isPlain = false
  private var authorities: String?

  /// Whether a relay is set.
  public var isSet: Bool { parts != nil }

  /// - Parameter prefix: what the settings' names begin with.
  public static func read(_ env: inout Environment, prefix: String = "") -> MailLink {
    var link = MailLink()
    link.parts = env.url(
      prefix + "MAIL_URL", form: "smtp://USER:PASSWORD@HOST:587 or smtps://…:465", isRequired: false,
      help: "The relay that takes the mail, over STARTTLS or TLS; required for mail, and needs the trait Delivery."
    ) { text in
      guard WebDelivery.isBuiltIn else { return .failure(WebDelivery.isMissing) }
      return parse(text).map { .success($0) } ?? .failure("is not a URL such as smtp://user:password@relay:587")
    }
    env.conceal([link.parts?.password].compactMap(\.self))
    link.isPlain = env.bool(
      prefix + "MAIL_PLAINTEXT", default: false,
      help: "Allows a relay without TLS, on this host alone: localhost, 127.0.0.1, [::1].")
    env.reserveForInstallers(prefix + "MAIL_PLAINTEXT")
    link.authorities = env.optionalPath(
      prefix + "MAIL_CA_FILE",
      help: "Authorities in PEM form that the relay's certificate is signed by, instead of the system's.")
    if link.isPlain, let host = link.parts?.host, !["localhost", "127.0.0.1", "::1"].contains(host) {
      env.complain(prefix + "MAIL_PLAINTEXT", "is set, but the relay is on another host: \(host)")
    }
    return link
  }

  /// - Parameter name: how this side introduces itself.
  public func relay(greetedAs name: String) -> MailRelay {
    MailRelay(
      host: parts?.host ?? "", port: parts?.port ?? 0, user: parts?.user, password: parts?.password,
      security: parts?.isTLS == true ? .tls : isPlain ? .none : .startTLS, helloName: name, authorities: authorities)
  }

  private static func parse(
    _ text: String
  ) -> (host: String, port: Int, user: String?, password: String?, isTLS: Bool)? {
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    let isTLS = text.lowercased().hasPrefix("smtps://")
    guard isTLS || text.lowercased().hasPrefix("smtp://") else { return nil }
    var rest = text.dropFirst(isTLS ? 8 : 7)
    if rest.hasSuffix("/") { rest.removeLast() }
    var user: String?
    var password: String?
    if let at = rest.lastIndex(of: "@") {
      let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(decoded)
      guard !login.contains(nil) else { return nil }
      (user, password) = (login[0], login.count == 2 ? login[1] : nil)
      rest = rest[rest.index(after: at)...]
    }
    var host = rest
    var port = isTLS ? 465 : 587
    let colon = rest.lastIndex(of: ":")
    if let colon, rest.last != "]" {
      guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number) else { return nil }
      (host, port) = (rest[..<colon], number)
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty,
      host.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isLetter || ".:-_0123456789".utf8.contains($0) })
    else { return nil }
    return (String(host), port, user, password, isTLS)
  }

  /// A login's part without its percent signs; `nil` where one of them encodes nothing, or a NUL.
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), code != 0
      else {
        return nil
      }
      bytes.append(code)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension Environment {
  /// A name and an address.
  public mutating func mailbox(_ name: String, help: String) -> Mailbox? {
    custom(name, form: "Name <address>", default: nil, help: help) { text in
      Mailbox(text).map { .success($0) } ?? .failure("is not a mailbox such as Example <hello@example.org>")
    }
  }
}

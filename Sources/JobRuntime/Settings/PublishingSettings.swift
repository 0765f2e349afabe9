/// Where a run tells how it went, besides its result.
struct PublishingSettings: JobSettings {
  var metricsFile: String?
  var isEMF: Bool
  var statsD: HostAndPort?
  var pushgateway: WebAddress?
  var heartbeat: WebAddress?

  /// Whether this binary holds libcurl.
  #if Delivery
    static let hasDelivery = true
  #else
    static let hasDelivery = false
  #endif

  init(from env: inout Environment) {
    metricsFile = env.custom(
      "JOB_METRICS_FILE", form: "path", default: nil,
      help: "Metrics as Prometheus text for node_exporter's textfile collector, which reads *.prom."
    ) { .success($0) }
    isEMF = env.bool(
      "JOB_METRICS_EMF", default: false, help: "Metrics as one line of CloudWatch's Embedded Metric Format on stderr.")
    statsD = env.custom(
      "JOB_STATSD", form: "host:port or [v6]:port", default: nil, help: "Metrics by DogStatsD over UDP."
    ) { text in
      HostAndPort(text).map { .success($0) } ?? .failure("is «\(text)», not host:port or [v6]:port")
    }
    pushgateway = Self.webAddress(
      "JOB_PUSHGATEWAY_URL", "Metrics to a Prometheus Pushgateway; needs a binary built with the trait Delivery.", &env)
    heartbeat = Self.webAddress(
      "JOB_HEARTBEAT_URL",
      "Pings /start, nothing or /EXIT_CODE below this URL, as healthchecks.io takes them; needs the trait Delivery.",
      &env)
  }

  private static func webAddress(_ name: String, _ help: String, _ env: inout Environment) -> WebAddress? {
    let address: WebAddress? = env.secret(name, form: "https://…", isRequired: false, help: help) { text in
      guard hasDelivery else {
        return .failure("needs a binary built with the trait Delivery (swift build --traits Delivery)")
      }
      return WebAddress(text).map { .success($0) } ?? .failure("is no URL that begins with http:// or https://")
    }
    // Some servers repeat parts of it in their error pages.
    env.conceal(address?.secrets ?? [])
    return address
  }
}

/// `host:port`, or `[v6]:port`.
struct HostAndPort: Sendable, Equatable, CustomStringConvertible {
  var host: String
  var port: Int
  let description: String

  init?(_ text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let digits = text[text.utf8.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
      (1...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.utf8.contains(UInt8(ascii: ":")) {
      return nil
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    (self.host, self.port, description) = (String(host), port, text)
  }
}

/// A URL of http or https. It may hold secrets anywhere, so only `target` may be shown.
struct WebAddress: Sendable, Equatable {
  private let origin: String
  private let path: String
  private let query: String
  private let password: String?
  /// Scheme, host and port.
  let target: String

  init?(_ text: String) {
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

  /// What of it may be a secret, or hold one: a token is part of the path, or a value of the query. Short parts are
  /// ordinary words.
  var secrets: [String] {
    let pairs: [Substring] = query.dropFirst().split(separator: "&")
    let values = pairs.compactMap { pair in pair.firstIndex(of: "=").map { pair[pair.index(after: $0)...] } }
    let parts = (path.split(separator: "/") + values).filter { $0.utf8.count >= 8 }
    return [password, path].compactMap { $0 } + parts.map { String($0) }
  }

  /// The URL itself, or one below it; what follows a «?» stays at its end.
  ///
  /// - Parameter parts: parts of the path, each of any letters.
  func url(_ parts: String...) -> String {
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

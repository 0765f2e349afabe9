/// The text of `REDIS_URL`, parsed.
///
/// - `redis://[user[:password]@]host[:port][/number]`, or `rediss://…` with TLS
/// - `redis+sentinel://[user[:password]@]host[:port][,host[:port]…]/service[/number]`, or `rediss+sentinel://…`, with
///   `?sentinel_user=…&sentinel_password=…` where the Sentinels have users of their own
/// - `unix:///path[?db=number]`
///
/// Source: IANA's registration of the redis URI scheme, and redis-py's `unix://`. Messages do not repeat the text,
/// which may hold a password.
struct RedisURL {
  /// What is wrong, as the rest of a sentence that begins with the setting's name.
  struct Problem: Error {
    var text: String
    init(_ text: String) { self.text = text }
  }

  private enum Scheme: String {
    case redis, rediss, unix
    case sentinel = "redis+sentinel"
    case encryptedSentinel = "rediss+sentinel"
  }

  private let scheme: Scheme
  /// The text before the last «@».
  private let userInfo: Substring?
  private let hosts: Substring
  /// The text after the hosts, with its «/».
  private let path: Substring
  private let query: [(name: Substring, value: Substring)]

  static let form = "redis://host:6379/0, rediss://… (TLS), redis+sentinel://s1,s2/service/0 or unix:///path"

  init(_ text: String) throws(Problem) {
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw Problem("has a line break or another control character inside")
    }
    guard let mark = text.firstRange(of: "://") else {
      throw Problem("has no scheme; it reads \(Self.form)")
    }
    guard let scheme = Scheme(rawValue: String(text[..<mark.lowerBound])) else {
      throw Problem(
        "has an unknown scheme; known are redis://, rediss://, redis+sentinel://, rediss+sentinel:// and unix://")
    }
    self.scheme = scheme
    var rest = text[mark.upperBound...]
    var query = Substring()
    if let mark = rest.firstIndex(of: "?") { (rest, query) = (rest[..<mark], rest[rest.index(after: mark)...]) }
    self.query = try Self.items(of: query)
    // Only the path of a socket may hold an «@». Anywhere else, the text before the last one is user and password, even
    // with a «/» in it.
    let socket = scheme == .unix ? rest.firstIndex(of: "/") ?? rest.endIndex : rest.endIndex
    if let at = rest[..<socket].lastIndex(of: "@") {
      userInfo = rest[..<at]
      rest = rest[rest.index(after: at)...]
    } else {
      userInfo = nil
    }
    let end = rest.firstIndex(of: "/") ?? rest.endIndex
    hosts = rest[..<end]
    path = rest[end...]
  }

  func address() throws(Problem) -> RedisAddress {
    var address: RedisAddress
    var number = Substring()
    switch scheme {
    case .unix: address = RedisAddress(place: .unix(path: try socketPath()))
    case .redis, .rediss:
      guard !hosts.contains(",") else {
        throw Problem("names several hosts; of a cluster it names one, and Sentinels are redis+sentinel://…")
      }
      address = RedisAddress(place: try Self.place(hosts, port: 6379))
      number = path.dropFirst()
    case .sentinel, .encryptedSentinel:
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      address = RedisAddress(place: try service(parts.first ?? ""))
      number = parts.dropFirst().joined(separator: "/")[...]
    }
    address.isEncrypted = scheme == .rediss || scheme == .encryptedSentinel
    if let userInfo {
      let parts = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      address.user = parts.first.map(Self.percentDecoded).flatMap { $0.isEmpty ? nil : $0 }
      address.password = parts.count > 1 ? Self.percentDecoded(parts[1]) : nil
      // «:@», which says nothing.
      if address.user == nil, address.password == "" { address.password = nil }
    }
    for (name, value) in query {
      switch name {
      case "db": number = value
      case "password": address.password = Self.percentDecoded(value)
      case "sentinel_user" where !address.sentinels.isEmpty: address.sentinelUser = Self.percentDecoded(value)
      case "sentinel_password" where !address.sentinels.isEmpty:
        address.sentinelPassword = Self.percentDecoded(value)
      default: throw Self.unknown(name, in: query)
      }
    }
    if !number.isEmpty {
      guard let parsed = Int(number), (0...65_535).contains(parsed) else {
        throw Problem("names a database that is not a number")
      }
      address.database = parsed
    }
    return address
  }

  // MARK: Its parts

  private func socketPath() throws(Problem) -> String {
    let path = Self.percentDecoded(path)
    guard !path.isEmpty else { throw Problem("names no socket; it reads unix:///path/to/socket") }
    // The kernel's limit (sockaddr_un.sun_path), the ending NUL included.
    guard path.utf8.count <= 107 else { throw Problem("names a socket whose path is longer than 107 bytes") }
    return path
  }

  private func service(_ name: Substring) throws(Problem) -> RedisAddress.Place {
    // What Sentinels take as a name.
    guard !name.isEmpty,
      name.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x7A).contains($0) || $0 == 0x2E || $0 == 0x2D })
    else {
      throw Problem("names no service behind the Sentinels; it reads redis+sentinel://s1:26379,s2:26379/SERVICE/0")
    }
    var sentinels: [RedisAddress.Place] = []
    for host in hosts.split(separator: ",") { sentinels.append(try Self.place(host, port: 26_379)) }
    guard !sentinels.isEmpty else {
      throw Problem("names no Sentinel; it reads redis+sentinel://s1:26379,s2:26379/SERVICE/0")
    }
    return .service(name: String(name), sentinels: sentinels)
  }

  private static func place(_ text: Substring, port standard: Int) throws(Problem) -> RedisAddress.Place {
    var host = text
    var port = Substring()
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<end]
      port = text[text.index(after: end)...].dropFirst()
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
    }
    guard let number = port.isEmpty ? standard : Int(port), (1...65_535).contains(number) else {
      throw Problem("names a port that is not a number from 1 to 65535")
    }
    return .tcp(host: host.isEmpty ? "localhost" : percentDecoded(host), port: number)
  }

  private static func items(of query: Substring) throws(Problem) -> [(name: Substring, value: Substring)] {
    var items: [(name: Substring, value: Substring)] = []
    for item in query.split(separator: "&") {
      let pair = item.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { throw unknown("", in: [(item, "")]) }
      items.append((pair[0], pair[1]))
    }
    return items
  }

  /// - Parameters:
  ///   - name: empty where there is no «=»; then the part may be anything.
  ///   - all: all parts after the «?», which may be the rest of a password.
  private static func unknown(_ name: Substring, in all: [(name: Substring, value: Substring)]) -> Problem {
    if all.contains(where: { $0.name.contains("@") || $0.value.contains("@") }) {
      return Problem("has an unknown part after «?»; inside a password, «?» is written %3F")
    }
    let isWord = !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") }
    return Problem(
      "has an unknown part\(isWord ? " «\(name)»" : "") after «?»; known are db, password and, for Sentinels, "
        + "sentinel_user and sentinel_password")
  }

  /// Decodes characters written as `%2F`; what is not such a code stays as it is.
  private static func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2, rest.first != UInt8(ascii: "+"),
        let code = UInt8(Substring(rest.prefix(2)), radix: 16)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension RedisAddress {
  /// Reads `REDIS_URL`; see `RedisURL`.
  ///
  /// Returns `nil` and puts what is wrong into `problem`, which never repeats the text itself.
  package init?(url: String, problem: inout String) {
    do throws(RedisURL.Problem) {
      self = try RedisURL(url).address()
    } catch {
      problem = error.text
      return nil
    }
  }

  /// How `REDIS_URL` reads.
  package static var form: String { RedisURL.form }
}

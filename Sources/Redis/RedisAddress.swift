/// Where a Redis is and who we are there, read from `REDIS_URL`.
package struct RedisAddress: Sendable {
  package enum Place: Sendable, Equatable {
    case tcp(host: String, port: Int)
    case unix(path: String)
  }

  package var place: Place
  /// Whether the URL asks for TLS (`rediss://`).
  package var isEncrypted = false
  /// What TLS rests on; has to be set before an encrypted address is connected to.
  package var tls: TLSContext?
  package var user: String?
  package var password: String?
  /// The database number.
  package var database = 0

  /// Reads `redis://[user[:password]@]host[:port][/number]`, `rediss://…` or `unix:///path[?db=number]`.
  ///
  /// Source: IANA's registration of the redis URI scheme, and redis-py's `unix://`.
  /// Returns `nil` with what is wrong in `problem`; the text itself is never repeated in it, because it
  /// may hold a password.
  package init?(url: String, problem: inout String) {
    guard let scheme = url.range(of: "://") else {
      problem = "has no scheme; it reads redis://host:6379/0, rediss://… or unix:///path/to/socket"
      return nil
    }
    var rest = url[scheme.upperBound...]
    var query = Substring()
    if let mark = rest.firstIndex(of: "?") {
      query = rest[rest.index(after: mark)...]
      rest = rest[..<mark]
    }
    let isUnix = url[..<scheme.lowerBound] == "unix"
    switch url[..<scheme.lowerBound] {
    case "redis", "unix": break
    case "rediss": isEncrypted = true
    default:
      problem = "has an unknown scheme; known are redis://, rediss:// and unix://"
      return nil
    }

    let authorityEnd = rest.firstIndex(of: "/") ?? rest.endIndex
    var authority = rest[..<authorityEnd]
    var number = isUnix ? Substring() : rest[authorityEnd...].dropFirst()
    if let at = authority.lastIndex(of: "@") {
      let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      authority = authority[authority.index(after: at)...]
      user = parts.first.map(Self.percentDecoded).flatMap { $0.isEmpty ? nil : $0 }
      password = parts.count > 1 ? Self.percentDecoded(parts[1]) : nil
    }
    for item in query.split(separator: "&") {
      let pair = item.split(separator: "=", maxSplits: 1)
      switch (pair.first, pair.count) {
      case ("db", 2): number = pair[1]
      case ("password", 2): password = Self.percentDecoded(pair[1])
      default:
        problem = "has an unknown part after «?»; known are db and password"
        return nil
      }
    }
    if !number.isEmpty {
      guard let parsed = Int(number), (0...65_535).contains(parsed) else {
        problem = "names a database that is no number"
        return nil
      }
      database = parsed
    }

    if isUnix {
      place = .unix(path: Self.percentDecoded(rest[authorityEnd...]))
      // The kernel's limit (sockaddr_un.sun_path), the ending NUL included.
      if case .unix(let path) = place, path.isEmpty || path.utf8.count > 107 {
        problem =
          path.isEmpty
          ? "names no socket; it reads unix:///path/to/socket" : "names a socket whose path is longer than 107 bytes"
        return nil
      }
      return
    }
    var host = authority
    var port: Substring?
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = authority[authority.index(after: authority.startIndex)..<end]
      port = authority[authority.index(after: end)...].dropFirst()
    } else if let colon = authority.lastIndex(of: ":") {
      host = authority[..<colon]
      port = authority[authority.index(after: colon)...]
    }
    let number16 = port.flatMap { $0.isEmpty ? nil : $0 }.map { Int($0) ?? 0 } ?? 6379
    guard (1...65_535).contains(number16) else {
      problem = "names a port that is no number from 1 to 65535"
      return nil
    }
    place = .tcp(host: host.isEmpty ? "localhost" : Self.percentDecoded(host), port: number16)
  }

  /// What may be shown.
  package var target: String {
    switch place {
    case .tcp(let host, let port): "\(host):\(port)/\(database)"
    case .unix(let path): "\(path)/\(database)"
    }
  }

  /// How progress and ledger name this server: `target`, and names of hosts are the same in capitals.
  package var identity: String {
    switch place {
    case .tcp: target.lowercased()
    case .unix: target
    }
  }

  /// Letters written as `%2F`; what is no such code stays as it is.
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

extension RedisAddress: Equatable {
  package static func == (left: RedisAddress, right: RedisAddress) -> Bool {
    (left.place, left.isEncrypted, left.user, left.password, left.database)
      == (right.place, right.isEncrypted, right.user, right.password, right.database) && left.tls === right.tls
  }
}

extension String {
  /// The first place where a text stands in this one (the standard library has none without Foundation).
  fileprivate func range(of text: String) -> Range<String.Index>? {
    indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
  }
}

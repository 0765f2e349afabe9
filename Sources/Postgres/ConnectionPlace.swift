import Glibc

/// A place where the server may be, in libpq's terms.
struct ConnectionPlace: Equatable, Sendable {
  /// A name, a number, or the folder of a socket; `nil` is libpq's default.
  var host: String?
  /// The host's address as a number.
  ///
  /// With it libpq looks up no name, and still checks a certificate for the host.
  var address: String?
  var port: String?

  /// The places that a connection string names, in its order.
  ///
  /// - Parameter given: by libpq's keyword, several of a kind separated by commas.
  static func all(in given: [String: String]) throws(PostgresError) -> [ConnectionPlace] {
    func list(_ keyword: String) -> [String] {
      given[keyword]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    }
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
    let count = max(hosts.count, addresses.count, 1)
    guard ports.count <= 1 || ports.count == count else {
      throw .invalidStatement("DATABASE_URL names \(ports.count) ports for \(count) hosts")
    }
    return (0..<count).map { index in
      func one(_ list: [String]) -> String? { list.indices.contains(index) ? list[index] : nil }
      return ConnectionPlace(
        host: one(hosts), address: one(addresses), port: ports.count == 1 ? ports[0] : one(ports))
    }
  }

  /// The same place by each of its host's addresses.
  ///
  /// - Parameter lookUp: yields a name's addresses.
  func byAddress(_ lookUp: (String) throws(PostgresError) -> [String]) throws(PostgresError) -> [ConnectionPlace] {
    guard address == nil, let host, let first = host.first, first != "/", first != "@" else { return [self] }
    return try lookUp(host).map { ConnectionPlace(host: host, address: $0, port: port) }
  }

  var parameters: [(keyword: String, value: String)] {
    [("host", host), ("hostaddr", address), ("port", port)].compactMap { keyword, value in
      value.map { (keyword, $0) }
    }
  }

  /// The addresses of a host as numbers, in the order in which the system would try them.
  ///
  /// Blocks for as long as the name server does, as libpq would.
  static func addresses(of host: String) throws(PostgresError) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &found)
    guard code == 0 else {
      throw .connection("could not translate host name \"\(host)\" to address: \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(found) }
    var addresses: [String] = []
    var next = found
    while let entry = next?.pointee {
      next = entry.ai_next
      var number = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let code = getnameinfo(
        entry.ai_addr, entry.ai_addrlen, &number, socklen_t(number.count), nil, 0, NI_NUMERICHOST)
      if code == 0 {
        addresses.append(String(decoding: number.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
      }
    }
    return addresses
  }
}

import Glibc

/// One address that a socket can be connected to.
///
/// The name of a host may have several.
struct Endpoint {
  /// Its name in messages: the text in the URL.
  var name: String
  /// The kernel's form of it, `sockaddr_in` and the like.
  var address: [UInt8]

  /// `AF_INET` and the like, with which every form begins.
  var family: CInt { address.withUnsafeBytes { CInt($0.loadUnaligned(as: sa_family_t.self)) } }

  var isUnixSocket: Bool { family == AF_UNIX }

  /// A socket of this machine.
  init(unixSocket path: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    self.init(name: path, address: withUnsafeBytes(of: &address) { Array($0) })
  }

  private init(name: String, address: [UInt8]) { (self.name, self.address) = (name, address) }

  /// All addresses of a host, in the order in which they are to be tried.
  static func all(of host: String, port: Int) throws(RedisError) -> [Endpoint] {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &found)
    guard code == 0 else {
      throw .connection("the name \(host) cannot be resolved: \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(found) }
    var endpoints: [Endpoint] = []
    var next = found
    while let item = next?.pointee {
      next = item.ai_next
      let bytes = UnsafeRawBufferPointer(start: item.ai_addr, count: Int(item.ai_addrlen))
      endpoints.append(Endpoint(name: "\(host):\(port)", address: Array(bytes)))
    }
    return endpoints
  }

  /// Whether a host is written as an address, of either kind, and not as a name.
  static func isAddress(_ host: String) -> Bool {
    var room = in6_addr()
    return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1
  }
}

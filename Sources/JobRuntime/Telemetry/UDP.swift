import Glibc

/// Datagrams to one address.
enum UDP {
  /// Looks the name up and sends to the first of its addresses that takes them.
  ///
  /// Blocks for as long as the name server does.
  static func send(_ datagrams: [String], to address: HostAndPort) throws(Channel.Failure) {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address.host, String(address.port), &hints, &found)
    guard code == 0 else { throw Channel.Failure(String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(found) }
    var failure = Channel.Failure("the name has no address")
    var candidate = found
    while let place = candidate?.pointee {
      do {
        return try send(datagrams, to: place)
      } catch {
        failure = error
      }
      candidate = place.ai_next
    }
    throw failure
  }

  private static func send(_ datagrams: [String], to place: addrinfo) throws(Channel.Failure) {
    let descriptor = socket(place.ai_family, place.ai_socktype | CInt(SOCK_CLOEXEC.rawValue), place.ai_protocol)
    guard descriptor >= 0 else { throw lastError() }
    defer { close(descriptor) }
    guard connect(descriptor, place.ai_addr, place.ai_addrlen) == 0 else { throw lastError() }
    for var datagram in datagrams {
      let sent = datagram.withUTF8 { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT)) }
      guard sent >= 0 else { throw lastError() }
    }
    // UDP promises nothing, but this machine's own kernel reports at once when nobody listens.
    var refusal: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &refusal, &size) == 0, refusal == 0 else {
      throw Channel.Failure(String(cString: strerror(refusal)))
    }
  }

  private static func lastError() -> Channel.Failure { Channel.Failure(String(cString: strerror(errno))) }
}

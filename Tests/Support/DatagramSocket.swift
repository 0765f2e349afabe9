import Foundation

/// A UDP socket of this machine that keeps what it is sent until it is read.
package final class DatagramSocket: Sendable {
  private let descriptor: Int32
  package let port: Int

  /// - Parameter isV6: on `::1` instead of `127.0.0.1`.
  package init(isV6: Bool = false) throws {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(isV6 ? "::1" : "127.0.0.1", "0", &hints, &found) == 0, let place = found?.pointee else {
      throw TestFailure("no address of this machine")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(place.ai_family, place.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let isBound = bind(descriptor, place.ai_addr, place.ai_addrlen) == 0
    let isNamed = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) == 0 }
    }
    self.descriptor = descriptor
    guard isBound, isNamed else { throw TestFailure("no UDP socket: \(String(cString: strerror(errno)))") }
    // The port stands at the same place in both kinds of address.
    port = Int(UInt16(bigEndian: name.sin6_port))
  }

  deinit { close(descriptor) }

  /// The next datagram that is there already.
  package func next() -> String? {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}

import Foundation
import Synchronization

/// The system calls of the proxy, blocking.
package enum Socket {
  private static let stream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

  /// Listens on a port of 127.0.0.1 that the kernel chooses, or on a given one of another such address.
  ///
  /// - Parameter last: the last of the address's four numbers.
  static func listen(last: UInt32 = 1, port: Int = 0) throws -> (socket: Int32, port: Int) {
    let listener = socket(AF_INET, stream, 0)
    var address = loopback(last: last, port: port)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withSocketAddress(&address) { bind(listener, $0, size) == 0 && Foundation.listen(listener, 100) == 0 }
    guard isBound, withSocketAddress(&address, { getsockname(listener, $0, &size) }) == 0 else {
      let reason = errno
      close(listener)
      throw TestFailure("no port to listen on: errno \(reason)")
    }
    return (listener, Int(UInt16(bigEndian: address.sin_port)))
  }

  /// A port of this machine where nobody listens, and that the kernel gives to nobody who asks for any: a proxy of
  /// another test could have that by the time a server takes it.
  package static func freePort() throws -> Int {
    for _ in ports {
      let number = lent.add(1, ordering: .relaxed).newValue % ports.count
      guard let (listener, port) = try? listen(port: ports.lowerBound + number) else { continue }
      close(listener)
      return port
    }
    throw TestFailure("no port of \(ports) is free")
  }

  private static let ports = 12_000..<32_000
  private static let lent = Atomic<Int>(Int.random(in: ports))

  static func takesConnections(_ port: Int) -> Bool { takesConnections(.tcp(port: port)) }

  static func takesConnections(_ server: Proxy.Upstream) -> Bool {
    guard let server = connect(server) else { return false }
    close(server)
    return true
  }

  /// - Returns: `nil` when the listener was shut down.
  static func accept(_ listener: Int32) -> Int32? {
    let client = Foundation.accept(listener, nil, nil)
    guard client >= 0 else { return errno == EINTR || errno == ECONNABORTED ? accept(listener) : nil }
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    sendAtOnce(client)
    return client
  }

  /// - Returns: `nil` when nobody listens there.
  static func connect(_ upstream: Proxy.Upstream) -> Int32? {
    let server: Int32
    let code: Int32
    switch upstream {
    case .tcp(let port):
      server = socket(AF_INET, stream, 0)
      sendAtOnce(server)
      var address = loopback(port: port)
      code = withSocketAddress(&address) { Foundation.connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    case .unix(let path):
      server = socket(AF_UNIX, stream, 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      code = withSocketAddress(&address) { Foundation.connect(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    if code == 0 { return server }
    close(server)
    return nil
  }

  /// Waits until bytes, or an end, can be read from either.
  static func readable(_ first: Int32, _ second: Int32) -> [Int32] {
    var waited = [first, second].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    poll(&waited, 2, -1)
    return waited.filter { $0.revents != 0 }.map(\.fd)
  }

  /// - Returns: `nil` when the other side has closed.
  static func read(_ socket: Int32) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, count in
      count = max(0, recv(socket, buffer.baseAddress, buffer.count, 0))
    }
    return bytes.isEmpty ? nil : bytes
  }

  static func write(_ bytes: [UInt8], to socket: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  static func end(_ socket: Int32, _ ending: Proxy.Ending) {
    if ending == .reset {
      // Closing with a linger of zero sends RST.
      set(socket, SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
    }
    close(socket)
  }

  private static func sendAtOnce(_ socket: Int32) { set(socket, Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1)) }

  private static func set<Value: BitwiseCopyable>(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Value) {
    var value = value
    setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Value>.size))
  }

  private static func loopback(last: UInt32 = 1, port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = (0x7F00_0000 + last).bigEndian
    return address
  }

  private static func withSocketAddress<Address, Value>(
    _ address: inout Address, _ body: (UnsafeMutablePointer<sockaddr>) -> Value
  ) -> Value {
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
    }
  }
}

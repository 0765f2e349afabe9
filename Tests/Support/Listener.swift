package import Foundation
import Synchronization

/// A TCP port that takes connections and whatever is sent, and never says a word.
package final class Listener: Sendable {
  package let port: Int
  private let descriptor: Int32
  private let taken = Mutex<[Data]>([])

  /// What each connection has sent so far, in the order of the connections.
  package var received: [Data] { taken.withLock(\.self) }

  package init() async throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.descriptor = descriptor
    port = try bindToLoopback(descriptor)
    guard listen(descriptor, 100) == 0 else { throw TestFailure("listen: \(String(cString: strerror(errno)))") }
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0, let self else { return }
        let index = self.taken.withLock { taken in
          taken.append(Data())
          return taken.count - 1
        }
        Thread.detachNewThread { [weak self] in
          var bytes = [UInt8](repeating: 0, count: 4096)
          while case let count = recv(connection, &bytes, bytes.count, 0), count > 0 {
            self?.taken.withLock { $0[index] += bytes[..<count] }
          }
          close(connection)
        }
      }
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }
}

/// A TCP port of this machine where nobody listens.
package func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  return try bindToLoopback(descriptor)
}

/// - Returns: the port that the kernel chose.
func bindToLoopback(_ descriptor: Int32) throws -> Int {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
    }
  }
  guard isBound else { throw TestFailure("no free port: \(String(cString: strerror(errno)))") }
  return Int(address.sin_port.bigEndian)
}

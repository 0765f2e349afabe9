import Foundation

/// A server program of a test's own, on a free port of this machine, gone with this object.
package final class ServerProcess: Sendable {
  package let port: Int
  private let input = Pipe()

  /// Starts it and waits until it takes connections.
  ///
  /// - Parameter arguments: given the port.
  package init(_ path: String, _ arguments: (_ port: Int) -> [String]) async throws {
    let port = try Self.freePort()
    self.port = port
    // Ended by the end of its input, so also when this process is killed. Not by a signal from here: what
    // Foundation starts inherits the mask of a thread that blocks most of them.
    let script = "\"$@\" & cat >/dev/null; kill -9 $!; wait"
    let running = try Binary(path: "/bin/sh").start(["-c", script, "sh", path] + arguments(port), input: input)
    do { try await eventually { Self.takesConnections(port) } } catch {
      input.fileHandleForWriting.closeFile()
      throw await TestFailure("\(path) takes no connections: \(running.outcome().errors)")
    }
  }

  deinit { input.fileHandleForWriting.closeFile() }

  /// What it answers to GET.
  package func get(_ path: String) async throws -> String {
    let script = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())"
    let answer = try await Binary(path: "/usr/bin/python3").run(["-c", script, "http://127.0.0.1:\(port)\(path)"])
    guard answer.exitCode == 0 else { throw TestFailure("GET \(path): \(answer.errors)") }
    return answer.output
  }

  /// A port that nobody listens on.
  package static func freePort() throws -> Int {
    try withSocket(SOCK_STREAM) { descriptor in
      var address = loopback(0)
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      return try withUnsafeMutablePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          guard bind(descriptor, address, size) == 0, getsockname(descriptor, address, &size) == 0 else {
            throw TestFailure("no free port: \(String(cString: strerror(errno)))")
          }
        }
        return Int(UInt16(bigEndian: pointer.pointee.sin_port))
      }
    }
  }

  private static func takesConnections(_ port: Int) -> Bool {
    (try? withSocket(SOCK_STREAM) { descriptor in
      var address = loopback(port)
      return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
    }) ?? false
  }

  private static func withSocket<Value>(_ kind: __socket_type, _ body: (Int32) throws -> Value) throws -> Value {
    let descriptor = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestFailure("no socket: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    return try body(descriptor)
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}

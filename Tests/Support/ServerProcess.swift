import Foundation

/// A server program of a test's own, on a free port of this machine, gone with this object.
package final class ServerProcess: Sendable {
  package let port: Int
  private let input = Pipe()

  /// Starts it and waits until it takes connections.
  ///
  /// - Parameter arguments: given the port.
  package init(_ path: String, _ arguments: (_ port: Int) -> [String]) async throws {
    let port = try Socket.freePort()
    self.port = port
    // Ended by the end of its input, so also when this process is killed. Not by a signal from here: what
    // Foundation starts inherits the mask of a thread that blocks most of them.
    let script = "\"$@\" & cat >/dev/null; kill -9 $!; wait"
    let running = try Binary(path: "/bin/sh").start(["-c", script, "sh", path] + arguments(port), input: input)
    do { try await eventually { Socket.takesConnections(port) } } catch {
      input.fileHandleForWriting.closeFile()
      throw await TestFailure("\(path) takes no connections: \(running.outcome().errors)")
    }
  }

  deinit { try? input.fileHandleForWriting.close() }

  /// Kills it, and returns once nobody listens there any more.
  package func kill() async throws {
    try input.fileHandleForWriting.close()
    try await eventually { !Socket.takesConnections(port) }
  }

  /// What it answers to GET.
  package func get(_ path: String) async throws -> String {
    let script = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())"
    let answer = try await Binary(path: "/usr/bin/python3").run(["-c", script, "http://127.0.0.1:\(port)\(path)"])
    guard answer.exitCode == 0 else { throw TestFailure("GET \(path): \(answer.errors)") }
    return answer.output
  }
}

import Foundation
package import Redis

/// A Redis of a test's own, on a Unix socket; gone with this object.
package final class RedisServer: Sendable {
  package let folder: String
  package let connection: RedisConnection
  private let process: Binary.Running

  package var url: String { "unix://\(folder)/redis.sock" }

  /// - Parameters:
  ///   - options: as they stand on its command line.
  ///   - folder: of a server before it, whose data it is to load.
  package init(_ options: [String] = [], in folder: String? = nil) async throws {
    let folder = folder ?? FileManager.default.temporaryDirectory.appending(path: "oneshot-redis-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    self.folder = folder
    let socket = "\(folder)/redis.sock"
    var problem = ""
    guard let address = RedisAddress(url: "unix://\(socket)", problem: &problem) else { throw TestFailure(problem) }
    connection = RedisConnection(address, clientName: "tests")
    // Not as a daemon: Foundation notices the end of a process only once its last descendant is gone.
    process = try Binary(path: "/usr/bin/redis-server").start(
      ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", ""] + options)
    let connection = connection
    try await eventually {
      // An error is an answer too.
      (try? await connection.withSession { session in try session.pipeline([RedisCommand("PING")]) }) != nil
    }
  }

  deinit {
    process.send(SIGKILL)
    try? FileManager.default.removeItem(atPath: folder)
  }

  package func send(_ signal: Int32) { process.send(signal) }

  package func wait() async { _ = await process.outcome() }

  @discardableResult
  package func callAsFunction(_ words: String...) async throws -> RedisValue {
    let command = RedisCommand(words[0], bytes: words.dropFirst().map { Array($0.utf8) })
    return try await connection.withSession { session in try session.command(command) }
  }
}

import Foundation
package import Redis

/// A Redis of a test's own, on a Unix socket; gone with this object.
package final class RedisServer: Sendable {
  package let connection: RedisConnection
  package let address: RedisAddress
  private let folder: TemporaryFolder
  private let process: Binary.Running

  package var url: String { "unix://\(folder.path)/redis.sock" }

  /// - Parameters:
  ///   - options: as they stand on its command line.
  ///   - before: a server that is ended, and whose data this one loads.
  package init(_ options: [String] = [], takingOver before: RedisServer? = nil) async throws {
    before?.send(SIGKILL)
    await before?.wait()
    folder = try before?.folder ?? TemporaryFolder()
    let socket = "\(folder.path)/redis.sock"
    var problem = ""
    guard let address = RedisAddress(url: "unix://\(socket)", problem: &problem) else { throw TestFailure(problem) }
    self.address = address
    connection = RedisConnection(
      address, clientName: "tests", connectTimeout: .seconds(30), commandTimeout: .seconds(60))
    // Not as a daemon: Foundation notices the end of a process only once its last descendant is gone.
    process = try Binary(path: "/usr/bin/redis-server").start(
      ["--port", "0", "--unixsocket", socket, "--dir", folder.path, "--save", ""] + options)
    let connection = connection
    try await eventually {
      // An error is an answer too.
      (try? await connection.withSession { session in try session.pipeline([RedisCommand("PING")]) }) != nil
    }
  }

  deinit { process.send(SIGKILL) }

  package func send(_ signal: Int32) { process.send(signal) }

  private func wait() async { _ = await process.outcome() }

  @discardableResult
  package func callAsFunction(_ words: String...) async throws -> RedisValue {
    let command = RedisCommand(words[0], bytes: words.dropFirst().map { Array($0.utf8) })
    return try await connection.withSession { session in try session.command(command) }
  }
}

import Foundation

/// A Postgres and a Redis of the tests' own, started by `private-servers.sh` and gone with this process.
package final class PrivateServers: Sendable {
  package let databaseURL: String
  package let redisURL: String
  /// The folder with both servers' sockets, logs and data.
  package let folder: String
  private let keeper: Process

  /// The servers that all suites share; started when first asked for.
  package static let shared: Result<PrivateServers, any Error> = Result { try PrivateServers() }

  /// Starts servers that only one test uses, and may stop, pause and start again.
  package static func start() async throws -> PrivateServers { try await onThread { try PrivateServers() } }

  /// Starts both. They end when this object does, or when the process does, however it ends: the script
  /// waits for the end of its standard input.
  package init(postgresOptions: String = "-c fsync=off -c max_connections=200") throws {
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "private-servers.sh")
    process.arguments = ["sh", "-c", #"printf '%s\n%s\n%s\n' "$DATABASE_URL" "$REDIS_URL" "$ONESHOT_SERVERS"; cat"#]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["ONESHOT_POSTGRES_OPTIONS": postgresOptions], uniquingKeysWith: { $1 })
    process.standardInput = Pipe()
    process.standardOutput = output
    try process.run()
    keeper = process

    var said = Data()
    while said.count(where: { $0 == UInt8(ascii: "\n") }) < 3 {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw TestFailure("the private servers did not start: see above") }
      said += more
    }
    let lines = String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    (databaseURL, redisURL, folder) = (lines[0], lines[1], lines[2])
  }

  /// Where a proxy finds them.
  package var postgresSocket: Proxy.Upstream { .unix(path: "\(folder)/.s.PGSQL.5432") }
  package var redisSocket: Proxy.Upstream { .unix(path: "\(folder)/redis.sock") }

  deinit { (keeper.standardInput as? Pipe)?.fileHandleForWriting.closeFile() }
}

/// A failure of the tests' own machinery.
package struct TestFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

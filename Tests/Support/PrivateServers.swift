import Foundation

/// A Postgres and a Redis of the tests' own, started by `private-servers.sh` and gone with this process.
package final class PrivateServers: Sendable {
  package let databaseURL: String
  package let redisURL: String
  /// The folder with both servers' sockets, logs and data.
  package let folder: String
  /// The script's command: a shell that does what it is told on its standard input.
  private let keeper: Child
  private let input = Pipe()
  private let output = Pipe()
  private let conversing = NSLock()
  /// What places on them are made of.
  package let places: PlacePool

  /// The database that places are copied from: what `oneshot migrate` makes of an empty one.
  static let template = "oneshot_template"

  /// The servers that all suites share; started when first asked for.
  package static let shared: Result<PrivateServers, any Error> = Result {
    let servers = try PrivateServers(from: nil, postgresOptions: options, areShared: true)
    try servers.makeCluster()
    return servers
  }

  private static let options = "-c fsync=off -c max_connections=300"

  /// Starts servers that only one test uses, and may stop, pause and start again.
  package static func start() async throws -> PrivateServers { try await onThread { try PrivateServers() } }

  /// Starts both servers.
  ///
  /// They end when this object does, or when the process does, however it ends: the script waits for the end of its
  /// standard input.
  package convenience init(postgresOptions: String? = nil) throws {
    try self.init(from: Self.shared.get().cluster, postgresOptions: postgresOptions ?? Self.options, areShared: false)
  }

  /// - Parameter cluster: the folder of a Postgres that is copied, which takes a tenth of the time of a new one.
  private init(from cluster: String?, postgresOptions: String, areShared: Bool) throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "private-servers.sh").path
    keeper = try Child(
      [script, "sh"],
      environment: ProcessInfo.processInfo.environment.merging(
        ["ONESHOT_POSTGRES_OPTIONS": postgresOptions, "ONESHOT_CLUSTER": cluster ?? "", "ONESHOT_IN_MEMORY": "1"],
        uniquingKeysWith: { $1 }),
      input: input.fileHandleForReading.fileDescriptor, output: output.fileHandleForWriting.fileDescriptor,
      errors: STDERR_FILENO)
    try input.fileHandleForReading.close()
    try output.fileHandleForWriting.close()
    let question = #"printf '%s\n%s\n%s\n' "$DATABASE_URL" "$REDIS_URL" "$ONESHOT_SERVERS""#
    let answer = try Self.ask(question, lines: 3, input, output)
    (databaseURL, redisURL, folder) = (answer[0], answer[1], answer[2])
    places = PlacePool(databaseURL: databaseURL, keepsConnections: areShared)
  }

  /// Where a Postgres is, not running, that has the template.
  private var cluster: String { "\(folder)/cluster" }

  /// Makes the template by the real command, and keeps a copy of all there is then.
  private func makeCluster() throws {
    func url(_ database: String) -> String {
      databaseURL.replacing("postgresql:///postgres?", with: "postgresql:///\(database)?")
    }
    try shell("psql -X -q -d \"$DATABASE_URL\" -c 'create database \(Self.template)'")
    try shell("DATABASE_URL='\(url(Self.template))' '\(Binary("oneshot").url.path)' migrate")
    // The first connection leaves a file in a database that makes the first one to each copy fast.
    for database in [Self.template, "template1"] { try shell("psql -X -q -d '\(url(database))' -c 'select 1'") }
    try stopPostgres(.fast)
    try shell("cp -a \"$ONESHOT_SERVERS/data\" '\(cluster)'")
    try startPostgres()
  }

  /// Runs a line of shell beside the servers, and waits for its end.
  ///
  /// What it starts inherits nothing of this process: a daemon that held one of our pipes would keep others waiting for
  /// ever.
  package func shell(_ line: String) throws {
    let code = try conversing.withLock {
      try Self.ask(#"( \#(line) ) </dev/null >>"$ONESHOT_SERVERS/shell.log" 2>&1; echo $?"#, lines: 1, input, output)
    }
    guard code == ["0"] else { throw TestFailure("\(line): exit code \(code), see \(folder)/shell.log") }
  }

  private static func ask(_ line: String, lines: Int, _ input: Pipe, _ output: Pipe) throws -> [String] {
    try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    var said = Data()
    while said.count(where: { $0 == UInt8(ascii: "\n") }) < lines {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw TestFailure("the private servers have ended: see above") }
      said += more
    }
    return String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Where a proxy finds them.
  package var postgresSocket: Proxy.Upstream { .unix(path: "\(folder)/.s.PGSQL.5432") }
  package var redisSocket: Proxy.Upstream { .unix(path: "\(folder)/redis.sock") }

  deinit { input.fileHandleForWriting.closeFile() }
}

/// A failure of the tests' own machinery.
package struct TestFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

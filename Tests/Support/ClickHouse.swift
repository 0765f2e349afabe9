import Foundation

/// A ClickHouse of a test's own, on free ports of this machine; gone with this object.
package final class ClickHouse: Sendable {
  private let folder: TemporaryFolder
  private let server: ServerProcess

  private static let program = "/usr/sbin/clickhouse-server"

  /// One, or nothing where it is not installed, which is said.
  package static func ifInstalled() async throws -> ClickHouse? {
    guard FileManager.default.isExecutableFile(atPath: program) else {
      skipped(
        "rows from ClickHouse", because: "\(program) is not installed (Debian: apt-get install clickhouse-server)")
      return nil
    }
    return try await ClickHouse()
  }

  private init() async throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    let native = try Socket.freePort()
    try """
    <yandex><profiles><default></default></profiles><quotas><default></default></quotas>
    <users><default><password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota></default></users></yandex>
    """.write(toFile: "\(folder.path)/users.xml", atomically: true, encoding: .utf8)
    server = try await ServerProcess(Self.program) { port in
      let config = """
        <yandex><logger><level>none</level></logger>
        <http_port>\(port)</http_port><tcp_port>\(native)</tcp_port><listen_host>127.0.0.1</listen_host>
        <path>\(folder.path)/data/</path><tmp_path>\(folder.path)/tmp/</tmp_path>
        <users_config>\(folder.path)/users.xml</users_config><mark_cache_size>67108864</mark_cache_size>
        <default_profile>default</default_profile><default_database>default</default_database></yandex>
        """
      // Without it the server says so, and takes no connections.
      try? config.write(toFile: "\(folder.path)/config.xml", atomically: true, encoding: .utf8)
      return ["--config-file=\(folder.path)/config.xml"]
    }
  }

  /// Where it takes queries.
  package var url: String { "http://127.0.0.1:\(server.port)/" }

  /// Carries out a statement, and returns what it answers.
  @discardableResult
  package func query(_ sql: String) async throws -> String {
    let answer = try await Binary(path: "/usr/bin/curl").run(
      ["-sS", "--fail-with-body", "\(url)?wait_end_of_query=1", "--data-binary", sql])
    guard answer.exitCode == 0 else { throw TestFailure("ClickHouse: \(answer.output)\(answer.errors)") }
    return answer.output
  }
}

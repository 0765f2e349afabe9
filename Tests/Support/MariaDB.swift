import Foundation

/// A MariaDB of a test's own, on a free port of this machine; gone with this object.
///
/// Its own time zone is five hours ahead of UTC, so that whoever forgets to say which one is meant is found out.
package final class MariaDB: Sendable {
  package var port: Int { server.port }
  private let folder: TemporaryFolder
  private let server: ServerProcess

  private static let program = "/usr/sbin/mariadbd"

  /// Why there can be none here.
  private static var whyNot: String? {
    let isThere = FileManager.default.isExecutableFile(atPath: program)
    return isThere ? nil : "\(program) is not installed (Debian: apt-get install mariadb-server)"
  }

  /// One whose tables a place's Postgres can read through mysql_fdw; nothing where it cannot, which is said.
  package static func foreign(to place: Place) async throws -> MariaDB? {
    var whyNot = whyNot
    if try await place.value("select count(*) from pg_available_extensions where name = 'mysql_fdw'") == "0" {
      whyNot = "Postgres has no mysql_fdw here (Debian: postgresql-15-mysql-fdw)"
    }
    guard let whyNot else { return try await MariaDB() }
    skipped("MySQL through mysql_fdw", because: whyNot)
    return nil
  }

  /// One, or nothing where it is not installed, which is said.
  package static func ifInstalled() async throws -> MariaDB? {
    guard let whyNot else { return try await MariaDB() }
    skipped("rows from MySQL", because: whyNot)
    return nil
  }

  /// A client's program with the options that lead it here as root.
  package var client: String { "mariadb --no-defaults --user=root --socket=\(folder.path)/data/socket" }

  // It refuses to run as root, and Postgres' user is there wherever the tests run as root.
  private static let user = getuid() == 0 ? ["--user=postgres"] : []

  /// A folder of data as they are at first, made once, in the shared servers' folder: it goes with them.
  private static let installed = Task {
    let folder = try PrivateServers.shared.get().folder
    let made = try await Binary(path: "/usr/bin/mariadb-install-db").run(
      [
        "--no-defaults", "--datadir=\(folder)/mariadb", "--tmpdir=\(folder)",
        "--auth-root-authentication-method=normal", "--skip-test-db",
      ] + user)
    guard made.exitCode == 0 else { throw TestFailure("mariadb-install-db: \(made.output)\(made.errors)") }
    return "\(folder)/mariadb"
  }

  package init() async throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    let data = ["--datadir=\(folder.path)/data", "--tmpdir=\(folder.path)"]
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
    let copied = try await Binary(path: "/bin/cp").run(["-a", Self.installed.value, "\(folder.path)/data"])
    guard copied.exitCode == 0 else { throw TestFailure(copied.errors) }
    server = try await ServerProcess(Self.program) { port in
      [
        "--no-defaults", "--socket=\(folder.path)/data/socket", "--pid-file=\(folder.path)/data/pid",
        "--port=\(port)", "--bind-address=127.0.0.1", "--skip-name-resolve", "--default-time-zone=+05:00",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--log-output=TABLE",
      ] + data + Self.user
    }
    // It listens there a moment later.
    try await eventually { Socket.takesConnections(.unix(path: "\(folder.path)/data/socket")) }
  }

  /// Runs statements as root, and returns the lines that they answer, their columns parted by tabs.
  @discardableResult
  package func lines(_ sql: String) async throws -> [String] {
    let input = Pipe()
    let running = try Binary(path: "/usr/bin/mariadb").start(
      [
        "--no-defaults", "--user=root", "--socket=\(folder.path)/data/socket", "--batch", "--skip-column-names",
        "--raw",
      ],
      input: input)
    try await onThread {
      try input.fileHandleForWriting.write(contentsOf: Data("set time_zone = '+00:00';\n\(sql)".utf8))
      try input.fileHandleForWriting.close()
    }
    let done = await running.outcome()
    guard done.exitCode == 0 else { throw TestFailure("MariaDB: \(done.errors)") }
    return done.output.split(separator: "\n").map(String.init)
  }
}

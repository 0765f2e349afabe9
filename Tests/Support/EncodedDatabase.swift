package import Postgres

extension Place {
  /// Lends a database in an encoding other than the place's, with the project's tables.
  ///
  /// - Parameters:
  ///   - encoding: as Postgres calls it, such as `LATIN1`.
  ///   - body: is given a connection, and the settings with which binaries use it.
  package func withDatabase(
    in encoding: String, _ body: (Database, [String: String]) async throws -> Void
  ) async throws {
    let name = own("encoded")
    try await execute(
      "create database \(name) template template0 encoding '\(encoding)' lc_collate 'C' lc_ctype 'C'")
    let url = databaseURL.replacing(try await databaseName(), with: name)
    let settings = environment.merging(["DATABASE_URL": url]) { $1 }
    let migration = try await Binary("oneshot").run(["migrate"], settings)
    guard migration.exitCode == 0 else { throw TestFailure("\(migration.output)\(migration.errors)") }
    let database = try Database(ConnectionOptions(url: url, applicationName: "tests"))
    try await body(database, settings)
    await database.close()
    try await execute("drop database \(name) with (force)")
  }
}

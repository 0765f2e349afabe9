import JobRuntime
import Postgres

/// `oneshot migrate`: brings the database's schema up to date.
struct Migrate: Command {
  static let name = "migrate"
  static let summary = "bring the database's schema up to date"
  static let discussion =
    "Each step is applied once, in its own transaction; two that start at once do not harm each other. The role must own the schema."

  private let isPlan: Bool
  private let database: ConnectionOptions?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isPlan = arguments.flag("plan", help: "show what would be done, and do nothing")
    database = databaseOptions(from: &env)
  }

  func run(_ console: Console) async throws -> Int32 {
    try await withDatabase(database) { database in
      let migrator = Migrator(database: database, migrations: Migration.all)
      if isPlan {
        let applied = try await migrator.applied()
        let missing = Migration.all.filter { applied.done[$0.version] == nil }
        for migration in missing {
          try console.say("-- would apply \(migration.version) \(migration.name)\n\(migration.sql)\n")
        }
        try console.say(
          missing.isEmpty
            ? "up to date: version \(applied.newest)\n" : "\(missing.count) to apply; nothing was changed\n")
      } else {
        let done = try await migrator.migrate { try console.say("applying \($0.version) \($0.name)\n") }
        let version = Migration.all.last?.version ?? 0
        try console.say(
          done.isEmpty ? "up to date: version \(version)\n" : "applied \(done.count); now at version \(version)\n")
      }
      return 0
    }
  }
}

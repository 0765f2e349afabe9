import JobRuntime
import Postgres

/// Brings a database's schema up to date: each step once, in its own transaction.
struct Migrator {
  let database: Database
  let migrations: [Migration]

  /// Any number, the same for every migrator: "oneshot" as ASCII.
  private static let lockNumber: Int64 = 0x6F_6E_65_73_68_6F_74
  private static let limit = Duration.minutes(10)

  struct Applied: Sendable {
    var done: [Int: String] = [:]
    var newest: Int { done.keys.max() ?? 0 }
  }

  /// What has been applied, without changing anything.
  func applied() async throws -> Applied {
    try await database.transaction(readOnly: true) { session in
      guard
        try session.query("select to_regclass('oneshot.migrations') is not null as is_there").only().value("is_there")
      else { return Applied() }
      return try Self.read(session)
    }
  }

  /// Applies what is missing; a second migrator that starts meanwhile waits and finds it done.
  ///
  /// - Parameter tell: called before each step.
  /// - Returns: the steps this call applied.
  func migrate(_ tell: @Sendable (Migration) throws -> Void) async throws -> [Migration] {
    var done: [Migration] = []
    for migration in migrations {
      let isNew = try await database.transaction { session in
        // Held until the transaction ends; whoever waits here reads the table only afterwards.
        try session.query(Statement("select pg_advisory_xact_lock(\(Self.lockNumber))").limited(to: Self.limit))
        try session.execute(script: Self.bookkeeping, limit: Self.limit)
        let applied = try Self.read(session)
        if let name = applied.done[migration.version] {
          guard name == migration.name else {
            throw JobFailure(
              .misconfigured,
              "migration \(migration.version) of this database is «\(name)», this binary's is «\(migration.name)»",
              hint: "The schema «oneshot» belongs to something else; use another database.")
          }
          return false
        }
        try tell(migration)
        try session.execute(script: migration.sql, limit: Self.limit)
        try session.execute(
          "insert into oneshot.migrations (version, name) values (\(migration.version), \(migration.name))")
        return true
      }
      if isNew { done.append(migration) }
    }
    return done
  }

  private static func read(_ session: borrowing Session) throws -> Applied {
    var applied = Applied()
    for row in try session.query("select version, name from oneshot.migrations") {
      applied.done[try row.value("version")] = try row.value("name", as: String.self)
    }
    return applied
  }

  private static let bookkeeping = """
    create schema if not exists oneshot;
    create table if not exists oneshot.migrations (
      version integer primary key,
      name text not null,
      applied_at timestamptz not null default now()
    )
    """
}

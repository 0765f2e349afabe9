import Migrations
import TestSupport
import Testing

/// A role that may not do all that a migration does is told so before the first step, with what to grant.
@Suite(.timeLimit(.minutes(10))) struct DeniedMigrationTests {
  private let oneshot = Binary("oneshot")

  /// - Returns: the settings of a new role without any rights of its own, and its name.
  private func role(in place: Place) async throws -> (name: String, settings: [String: String]) {
    let name = place.own("migrates")
    try await place.execute("create role \(name) login")
    let url = place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(name)")
    return (name, ["DATABASE_URL": url])
  }

  /// The statements that a refusal names.
  private func grants(in errors: String) throws -> String {
    try String(#require(errors.firstMatch(of: /Grant it: (.*?)\. Nothing was changed\./)).1)
  }

  @Test func `with nothing to do it is 0 for a role that may only look`() async throws {
    let place = try await Place()
    let (name, settings) = try await role(in: place)
    let blind = try await oneshot.run(["migrate"], settings)
    #expect(blind.exitCode == 77 && blind.errors.contains("may not read oneshot.migrations"), "\(blind.errors)")
    try await place.execute(grants(in: blind.errors))
    let run = try await oneshot.run(["migrate"], settings)
    #expect(run.exitCode == 0 && run.output.hasPrefix("up to date"), "\(name): \(run.errors)")
  }

  @Test func `what is missing in an empty database is named at once, and is enough`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("revoke create on schema public from public")
    let (name, settings) = try await role(in: place)
    let plan = try await oneshot.run(["migrate", "--plan"], settings)
    #expect(plan.exitCode == 77 && plan.output.contains("core 1 ledger") && plan.errors.contains("grant create"))
    let run = try await oneshot.run(["migrate"], settings)
    #expect(run.exitCode == 77)
    let database = try await place.databaseName()
    #expect(
      try grants(in: run.errors)
        == "grant create on database \(database) to \(name); grant create on schema public to \(name)", "\(run.errors)")
    #expect(try await place.value("to_regnamespace('oneshot') is null") == "true")
    try await place.execute(grants(in: run.errors))
    let again = try await oneshot.run(["migrate"], settings)
    #expect(again.exitCode == 0, "\(again.errors)")
  }

  @Test func `a table that a later step gives a column, and that another role owns, is named before the first step`()
    async throws
  {
    let place = try await Place(migrated: false)
    let (name, settings) = try await role(in: place)
    let first = Migration.all.filter { $0.line == Migration.core && $0.number == 1 }
    _ = try await Migrator(place.database, first).migrate { _ in }
    let owner = "owns_ledger_\(name)"
    try await place.execute("create role \(owner); grant usage, create on schema oneshot to \(name), \(owner)")
    for table in try await place.rows("select tablename as a from pg_tables where schemaname = 'oneshot'") {
      try await place.execute("alter table oneshot.\(table[0]) owner to \(owner)")
    }
    try await place.execute("grant select, insert on oneshot.migrations to \(name)")
    let run = try await oneshot.run(["migrate", "--only", "core"], settings)
    #expect(
      run.exitCode == 77 && run.errors.contains("does not own oneshot.incidents, oneshot.job_runs"), "\(run.errors)")
    try await place.execute(grants(in: run.errors))
    let again = try await oneshot.run(["migrate", "--only", "core"], settings)
    #expect(again.exitCode == 0, "\(again.errors)")
  }

  @Test func `a function that a later step replaces, and that another role owns, is named before the first step`()
    async throws
  {
    let place = try await Place(migrated: false)
    let (name, settings) = try await role(in: place)
    let earlier = Migration.all.filter { $0.line != "search" || $0.number < 4 }
    _ = try await Migrator(place.database, earlier).migrate { _ in }
    try await place.execute(
      """
      create role owns_search_\(name); grant create on schema oneshot to owns_search_\(name);
      alter function oneshot.search_likeness() owner to owns_search_\(name);
      grant usage, create on schema oneshot, public to \(name);
      grant select, insert on oneshot.migrations to \(name);
      do $$ declare name text; begin
        for name in
          select oid::regprocedure from pg_proc
          where pronamespace = 'oneshot'::regnamespace and prokind = 'f' and proname <> 'search_likeness'
        loop
          execute format('alter function %s owner to %I', name, '\(name)');
        end loop;
        alter procedure oneshot.search_name_home() owner to \(name);
      end $$
      """)
    let run = try await oneshot.run(["migrate"], settings)
    #expect(run.exitCode == 77 && run.errors.contains("does not own oneshot.search_likeness()"), "\(run.errors)")
    #expect(run.errors.contains("grant owns_search_\(name) to \(name)."), "\(run.errors)")
    try await place.execute(grants(in: run.errors))
    let again = try await oneshot.run(["migrate"], settings)
    #expect(again.exitCode == 0, "\(again.errors)")
  }

  @Test func `lines that another role began are gone on with by grants alone`() async throws {
    let place = try await Place(migrated: false)
    let (name, settings) = try await role(in: place)
    #expect(try await oneshot.run(["migrate", "--only", "core"], place.environment).exitCode == 0)
    try await place.execute(
      """
      create role owns_events_\(name);
      create table metric_events (metric text, entity_type text, entity_id text, value float8, occurred_at timestamptz);
      alter table metric_events owner to owns_events_\(name);
      grant usage on schema oneshot to \(name); grant select on oneshot.migrations to \(name)
      """)
    let run = try await oneshot.run(["migrate"], settings)
    #expect(run.exitCode == 77, "\(run.errors)")
    for part in [
      "create on schema oneshot", "select, insert on oneshot.migrations", "select, references on oneshot.job_runs",
      "grant owns_events_\(name) to \(name)", "does not own public.metric_events",
    ] { #expect(run.errors.contains(part), "\(part): \(run.errors)") }
    let core = Migration.all.count { $0.line == Migration.core }
    #expect(try await place.value("select count(*) from oneshot.migrations") == "\(core)")
    try await place.execute(grants(in: run.errors))
    try await place.execute("grant create on schema public to owns_events_\(name)")
    let again = try await oneshot.run(["migrate"], settings)
    #expect(again.exitCode == 0, "\(again.errors)")
    #expect(try await place.value("select count(*) from oneshot.migrations") == "\(Migration.all.count)")
  }
}

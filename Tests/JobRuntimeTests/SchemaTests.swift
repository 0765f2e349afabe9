import Postgres
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct SchemaTests {
  private func missing(_ needs: [TableNeed], in place: Place, role: String? = nil) async throws -> [String] {
    try await place.database.transaction { session in
      if let role { try session.query(Statement(sql: "set local role \(role)")) }
      return try session.query(Schema.missing(needs)).map { try Missing($0) }
        .map { ($0.isPrivilege ? "denied: " : "") + $0.complaint }.sorted()
    }
  }

  /// Roles belong to the server, not to the database, hence a name for each test.
  private func place(role: String, grants: String) async throws -> Place {
    let place = try await Place()
    try await place.execute("drop role if exists \(role); create role \(role); \(grants)")
    return place
  }

  @Test func `in a migrated database nothing that the runtime needs is missing`() async throws {
    let place = try await Place()
    #expect(try await missing(Schema.runtimeTables, in: place).isEmpty)
  }

  @Test func `in an empty database every table is missing`() async throws {
    let place = try await Place(migrated: false)
    #expect(
      try await missing(Schema.runtimeTables, in: place)
        == ["dead_letters", "fences", "job_runs", "job_totals", "letter_kinds", "migrations"].map {
          "the table oneshot.\($0) does not exist"
        })
  }

  @Test func `missing columns are named and dropped ones too`() async throws {
    let place = try await Place()
    try await place.execute("create table t (a integer, b integer); alter table t drop column b")
    #expect(
      try await missing([TableNeed("t", columns: ["a", "b", "c", "ctid"], privileges: [.select])], in: place) == [
        "the column t.b does not exist", "the column t.c does not exist", "the column t.ctid does not exist",
      ])
  }

  @Test func `a view and a table of the search path are found`() async throws {
    let place = try await Place()
    try await place.execute("create view v as select 1 as a")
    #expect(
      try await missing(
        [
          TableNeed("v", columns: ["a"], privileges: [.select]),
          TableNeed("merchant_usage", columns: [], privileges: []),
        ],
        in: place
      ).isEmpty)
  }

  @Test func `missing privileges are named for the role that asks`() async throws {
    let place = try await place(
      role: "reader_of_t", grants: "create table t (a integer); grant select on t to reader_of_t")
    let needs = [TableNeed("t", columns: ["a"], privileges: [.select, .insert, .update, .delete])]
    #expect(
      try await missing(needs, in: place, role: "reader_of_t")
        == ["delete", "insert", "update"].map { "denied: the role reader_of_t may not \($0) t" })
    #expect(try await missing(needs, in: place).isEmpty)
  }

  @Test func `a role that may not even enter the schema is told so`() async throws {
    let place = try await place(role: "stranger_to_oneshot", grants: "")
    let complaints = try await missing(Schema.runtimeTables, in: place, role: "stranger_to_oneshot")
    #expect(complaints.contains { $0.hasPrefix("denied: ") && $0.contains("oneshot") }, "\(complaints)")
  }

  @Test func `a database without our tables has applied nothing`() async throws {
    let place = try await Place(migrated: false)
    let applied = try await place.database.withSession { session in try AppliedMigrations(session) }
    #expect(applied == AppliedMigrations())
    #expect(!Schema.isMissing(.connection("x")))
    let failure = try #require(applied.failure(needing: [MigrationNeed("core", 1), MigrationNeed("search", 2)]))
    #expect(failure.kind == .misconfigured)
    #expect(failure.message == "the database has not been migrated; this binary needs core 1, search 2")
  }

  @Test func `a database of the days before lines is told apart`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      "create schema oneshot; create table oneshot.migrations (version integer primary key, name text not null)")
    let applied = try await place.database.withSession { session in try AppliedMigrations(session) }
    #expect(applied == AppliedMigrations(isNumberedAsOne: true))
    #expect(applied.failure(needing: [MigrationNeed("core", 1)])?.message.contains("old numbering") == true)
  }

  @Test func `each line that ends too early is named with what is needed`() {
    let applied = AppliedMigrations(newest: ["core": 2, "search": 1])
    let needs = MigrationNeed.all(of: [
      MigrationNeed("search", 1), MigrationNeed("search", 3), MigrationNeed("usage", 1),
    ])
    #expect(needs == [MigrationNeed("core", 8), MigrationNeed("search", 3), MigrationNeed("usage", 1)])
    #expect(
      applied.failure(needing: needs)?.message == """
        the line core of this database is at 2; this binary needs 8; \
        the line search of this database is at 1; this binary needs 3; \
        the line usage of this database is not there; this binary needs 1
        """)
    #expect(applied.failure(needing: [MigrationNeed("core", 1), MigrationNeed("search", 1)]) == nil)
  }
}

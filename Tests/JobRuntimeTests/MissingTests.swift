import Postgres
import TestSupport
import Testing

@testable import JobRuntime

/// Where tables are that a run does not find, and who makes them.
@Suite(.timeLimit(.minutes(10))) struct MissingTests {
  private static let needs = [
    TableNeed("merchant_usage", columns: ["value"], privileges: [.select]),
    TableNeed(
      "users", columns: ["id"], privileges: [.select], origin: .application(otherwise: "leave users out of BOARDS")),
  ]

  /// What is told to a role of the place's own.
  private func failures(_ place: Place, _ path: String? = nil, isMigrated: Bool = true) async throws -> [JobFailure] {
    let role = place.own("seeker")
    return try await place.database.transaction { session in
      try session.query(Statement(sql: "set local role \(role)"))
      if let path { try session.query(Statement(sql: "set local search_path = \(path)")) }
      return try session.query(Schema.missing(Self.needs)).map {
        try Missing($0).failure(Self.needs, isMigrated: isMigrated)
      }.sorted { $0.message < $1.message }
    }
  }

  private func place(_ sql: String = "") async throws -> (place: Place, role: String) {
    let place = try await Place()
    let role = place.own("seeker")
    try await place.execute("create role \(role); grant select on merchant_usage to \(role); \(sql)")
    return (place, role)
  }

  @Test func `a table in a schema outside of search_path is named with it, and the statement puts it in`() async throws
  {
    let (place, role) = try await place(
      "create schema app; create table app.users (id integer); grant select on app.users to public")
    try await place.execute("grant usage on schema app to \(role)")
    let failures = try await failures(place)
    #expect(
      failures.map(\.message) == [
        #"the table users is in the schema app, which is not in the search_path ("$user", public)"#
      ])
    #expect(failures.map(\.kind) == [.misconfigured])
    #expect(
      failures.first?.hint == #"Run this in the database: alter role \#(role) set search_path = "$user", public, app;"#)
    #expect(try await self.failures(place, #""$user", public, app"#).isEmpty)
  }

  @Test(arguments: [nil, "public, app"]) func `a schema that may not be used is named, in search_path or not`(
    path: String?
  ) async throws {
    let (place, role) = try await place(
      "create schema app; create table app.users (id integer); grant select on app.users to public")
    let failures = try await failures(place, path)
    #expect(failures.map(\.message) == ["the table users is in the schema app, which the role \(role) may not use"])
    #expect(failures.map(\.kind) == [.denied])
    #expect(failures.first?.hint == "Run this in the database: grant usage on schema app to \(role);")
    try await place.execute("grant usage on schema app to \(role)")
    #expect(try await self.failures(place, "public, app").isEmpty)
  }

  @Test(arguments: [true, false]) func `a table of the application's is the application's to make`(isMigrated: Bool)
    async throws
  {
    let failures = try await failures(place().place, isMigrated: isMigrated)
    #expect(failures.map(\.message) == ["the table users does not exist"])
    #expect(
      failures.first?.hint
        == "Your application creates this table, not `oneshot migrate`. If you do not have it, leave users out of BOARDS."
    )
  }

  @Test func `only who has migrations left is sent to oneshot migrate`() async throws {
    let (place, _) = try await place("create table users (id integer); grant select on users to public")
    try await place.execute("alter table merchant_usage rename to usage_of_merchants")
    for (isMigrated, hint) in [
      (
        true,
        "A migration created it, and it was renamed or dropped since: undo that, or restore it from a backup."
      ),
      (false, "Run `oneshot migrate` with the owner's DATABASE_URL."),
    ] {
      let failures = try await failures(place, isMigrated: isMigrated)
      #expect(failures.map(\.message) == ["the table merchant_usage does not exist"])
      #expect(failures.first?.hint == hint)
    }
  }

  @Test func `a run that misses a table says where it is, as --check does`() async throws {
    let place = try await Place()
    // What the job reads goes to where its sessions do not look.
    try await place.execute("create schema elsewhere; alter table merchant_usage set schema elsewhere")
    let usage = Binary("usage-aggregation")
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    let environment = place.environment.merging(["JOB_SCHEDULED_AT": Usage.now]) { $1 }
    for arguments in [["--check"], [], ["--plan"]] {
      let run = try await usage.run(arguments, environment)
      #expect(run.exitCode == 78, "\(run.output)")
      let (message, hint) = (run.result["error", "message"].string ?? "", run.result["error", "hint"].string ?? "")
      #expect(message.contains("the table merchant_usage is in the schema elsewhere"), "\(message)")
      #expect(hint.contains("set search_path = \"$user\", public, elsewhere"), "\(hint)")
      #expect(!run.output.contains("oneshot migrate"))
    }
    let migrate = try await Binary("oneshot").run(["migrate", "--plan"], environment)
    #expect(migrate.exitCode == 0 && migrate.output.contains("up to date"), "\(migrate.output)\(migrate.errors)")
  }
}

import Migrations
import TestSupport
import Testing

/// `oneshot migrate`.
@Suite(.timeLimit(.minutes(10))) struct MigrateTests {
  private let oneshot = Binary("oneshot")

  @Test func `each step is applied once, and the plan shows it beforehand`() async throws {
    let place = try await Place(migrated: false)
    let plan = try await oneshot.run(["migrate", "--plan"], place.environment)
    #expect(plan.exitCode == 0)
    #expect(plan.output.contains("core 1 ledger") && plan.output.contains("nothing was changed"))
    #expect(!plan.output.contains("create table"))
    let sql = try await oneshot.run(["migrate", "--plan", "--sql"], place.environment)
    #expect(sql.exitCode == 0 && sql.output.contains("create table oneshot.fences"))
    #expect(try await place.value("to_regnamespace('oneshot') is null") == "true")
    let first = try await oneshot.run(["migrate"], place.environment)
    #expect(first.exitCode == 0 && first.output.hasPrefix("applying core 1 ledger\n"), "\(first.errors)")
    let second = try await oneshot.run(["migrate"], place.environment)
    #expect(second.exitCode == 0 && second.output == "up to date: \(Migration.ends(of: Migration.all))\n")
    #expect(try await oneshot.run(["migrate", "--plan"], place.environment).output.hasPrefix("up to date"))
  }

  @Test(arguments: [[], ["--only", "usage"]])
  func `what the plan shows as SQL does the same when psql is given all of it`(done: [String]) async throws {
    let place = try await Place(migrated: false)
    if !done.isEmpty { #expect(try await oneshot.run(["migrate"] + done, place.environment).exitCode == 0) }
    let plan = try await oneshot.run(["migrate", "--plan", "--sql"], place.environment)
    #expect(plan.exitCode == 0 && plan.output.contains("oneshot.migrations (line, number, name)"))
    #expect(try await place.paste(plan.output) == nil)
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode == 0 && run.output.hasPrefix("up to date"), "\(run.output)\(run.errors)")
    let made = Set(try await place.rows(Catalog.lines).map { $0[0] })
    let new = Set(try await Place().rows(Catalog.lines).map { $0[0] })
    #expect(made.count > 200 && made.symmetricDifference(new).isEmpty, "\(made.symmetricDifference(new))")
    let nothing = try await oneshot.run(["migrate", "--plan", "--sql"], place.environment)
    #expect(try await place.paste(nothing.output) == nil)
  }

  @Test func `lines are chosen by name, and the others left for later`() async throws {
    let place = try await Place(migrated: false)
    let chosen = Migration.all.filter { ["core", "boards", "usage"].contains($0.line) }
    let some = try await oneshot.run(["migrate", "--only", "usage,boards"], place.environment)
    #expect(some.exitCode == 0 && some.output.hasSuffix("now at \(Migration.ends(of: chosen))\n"), "\(some.errors)")
    #expect(
      try await place.value(
        "select string_agg(line || number, ' ' order by line <> 'core', line, number) from oneshot.migrations")
        == chosen.map { "\($0.line)\($0.number)" }.joined(separator: " "))
    let isLeft = "to_regclass('search_documents') is null and to_regclass('metric_events') is null"
    #expect(try await place.value(isLeft) == "true")
    let rest = try await oneshot.run(["migrate"], place.environment)
    #expect(rest.exitCode == 0 && !rest.output.contains("usage 1 counters"))
    #expect(try await place.value("select count(*) from oneshot.migrations") == "\(Migration.all.count)")
  }

  @Test func `several at once apply each step once`() async throws {
    let place = try await Place(migrated: false)
    let runs = try (0..<6).map { _ in try oneshot.start(["migrate"], place.environment) }
    var applied = 0
    for run in runs {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      applied += outcome.output.split(separator: "\n").count { $0.hasPrefix("applying") }
    }
    #expect(applied == Migration.all.count)
    #expect(try await place.value("select count(*) from oneshot.migrations") == "\(Migration.all.count)")
  }

  @Test(arguments: [
    ["migrat"], ["migrate", "x"], ["migrate", "--plan", "x"], ["migrate", "--sql"],
    ["migrate", "--only", "usage,nothing"], ["migrate", "--only", ""],
  ])
  func `unknown arguments are 64`(arguments: [String]) async throws {
    #expect(try await oneshot.run(arguments).exitCode == 64)
  }

  @Test func `a missing or unreadable URL is 78 and is not repeated`() async throws {
    #expect(try await oneshot.run(["migrate"]).exitCode == 78)
    let run = try await oneshot.run(["migrate"], ["DATABASE_URL": "postgres//u:s3cr3t@h/x"])
    #expect(run.exitCode == 78 && !run.errors.contains("s3cr3t"))
  }
}

import Postgres
import TestSupport
import Testing

@testable import Oneshot

/// `oneshot migrate`.
@Suite(.timeLimit(.minutes(10))) struct MigrateTests {
  private let oneshot = Binary("oneshot")

  @Test func `each step is applied once, and the plan shows it beforehand`() async throws {
    let place = try await Place(migrated: false)
    let plan = try await oneshot.run(["migrate", "--plan"], place.environment)
    #expect(plan.exitCode == 0)
    #expect(plan.output.contains("create table oneshot.fences") && plan.output.contains("nothing was changed"))
    #expect(try await place.value("to_regnamespace('oneshot') is null") == "true")
    let first = try await oneshot.run(["migrate"], place.environment)
    #expect(first.exitCode == 0 && first.output.contains("applying 1 ledger"))
    let second = try await oneshot.run(["migrate"], place.environment)
    #expect(second.exitCode == 0 && second.output.hasPrefix("up to date"))
    #expect(try await oneshot.run(["migrate", "--plan"], place.environment).output.hasPrefix("up to date"))
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

  @Test func `a step that fails leaves nothing of itself, and the ones before it`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table merchant_usage (other text)")
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode != 0)
    #expect(run.errors.contains("merchant_usage"))
    #expect(try await place.value("select string_agg(version::text, ',') from oneshot.migrations") == "1")
    #expect(try await place.value("to_regclass('oneshot.usage_days') is null") == "true")
  }

  @Test func `totals begin with what the ledger still knows`() async throws {
    let place = try await Place()
    try await place.execute(
      """
      drop table oneshot.job_totals;
      delete from oneshot.migrations where version = 3;
      insert into oneshot.job_runs (run_id, job, shard, shard_count, scheduled_at, scheduled_by, forced, status, attempt,
        fence, started_at, finished_at, errors_total, host, version)
      select gen_random_uuid(), run.job, run.shard, 2, now(), 'clock', false, run.status, 1, run.fence, now(),
        '2025-11-01 00:00:00Z'::timestamptz + make_interval(secs => run.fence), run.errors, 'h', '1'
      from (values ('a', 0, 1, 'succeeded', 2), ('a', 0, 2, 'failed', null), ('a', 0, 3, 'succeeded', 0),
        ('a', 0, 4, 'partial', 5), ('a', 0, 5, 'interrupted', 1), ('a', 0, 6, 'running', null),
        ('a', 1, 1, 'failed', null), ('b', 0, 9, 'running', null)) as run (job, shard, fence, status, errors)
      """)
    #expect(try await oneshot.run(["migrate"], place.environment).exitCode == 0)
    let columns = "job, shard, succeeded, partial, failed, interrupted, dead_letters, consecutive_failures"
    #expect(
      try await place.value(
        """
        select string_agg(concat_ws(' ', \(columns), extract(second from last_succeeded_at)::integer), ', ' order by shard)
        from oneshot.job_totals
        """) == "a 0 2 1 1 1 8 2 3, a 1 0 0 1 0 0 1")
  }

  @Test(arguments: [["migrat"], ["migrate", "x"], ["migrate", "--plan", "x"]])
  func `unknown arguments are 64`(arguments: [String]) async throws {
    #expect(try await oneshot.run(arguments).exitCode == 64)
  }

  @Test func `a missing or unreadable URL is 78 and is not repeated`() async throws {
    #expect(try await oneshot.run(["migrate"]).exitCode == 78)
    let run = try await oneshot.run(["migrate"], ["DATABASE_URL": "postgres//u:s3cr3t@h/x"])
    #expect(run.exitCode == 78 && !run.errors.contains("s3cr3t"))
  }
}

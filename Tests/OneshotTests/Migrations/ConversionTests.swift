import Foundation
import Migrations
import Postgres
import TestSupport
import Testing

/// A database of the days when all migrations had one numbering, 1 to 11, becomes one of lines.
@Suite(.timeLimit(.minutes(10))) struct ConversionTests {
  private let oneshot = Binary("oneshot")

  /// - Returns: a place as the binaries of commit 3590569 left it.
  private func oldPlace() async throws -> Place {
    let place = try await Place(migrated: false)
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Databases/migrations_1_to_11.sql")
    try await place.execute(String(contentsOf: file, encoding: .utf8))
    // The file leaves settings of its own behind.
    await place.database.close()
    return place
  }

  @Test func `no row is lost, and the schema is that of a new database`() async throws {
    let place = try await oldPlace()
    try await place.execute(
      """
      create schema kept;
      do $$ declare name text; begin
        for name in
          select oid::regclass from pg_class
          where relnamespace in ('oneshot'::regnamespace, 'public'::regnamespace) and relkind = 'r'
            and oid <> 'oneshot.migrations'::regclass
        loop
          execute format('create table kept.%I as select * from %s', name, name);
        end loop;
      end $$
      """)
    let plan = try await oneshot.run(["migrate", "--plan"], place.environment)
    #expect(plan.exitCode == 0 && plan.output.hasPrefix("from numbers to lines\n"), "\(plan.output)")
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.hasSuffix("now at \(Migration.ends(of: Migration.all))\n"))
    #expect(try await oneshot.run(["migrate"], place.environment).output.hasPrefix("up to date"))

    // Tables that were tracked are still, wherever they are written.
    #expect(try await place.value("select tgenabled from pg_trigger where tgname = 'search_asset_applied'") == "R")
    #expect(
      try await place.rows("select entity as a, relation as b, id_column as c from oneshot.search_tracked")
        == [["asset", "public.assets", "id"]])

    // What a job does by its defaults has no name any more.
    try await place.execute(
      """
      update kept."oneshot.job_runs" set variant = ''
      where (job, variant) in (('reindex', 'changed'), ('metrics-rollups', 'hourly,daily,weekly,monthly'))
      """)
    let kept = try await place.rows(
      """
      select c.relname as a, string_agg(format('%I::text', attname), ', ' order by attnum) as b
      from pg_class c join pg_attribute on attrelid = c.oid and attnum > 0
      where relnamespace = 'kept'::regnamespace group by 1 order by 1
      """)
    #expect(kept.count > 30)
    // What is not lost, but has no name any more.
    try await place.execute(
      """
      update kept."oneshot.job_runs" set variant = ''
      where (job, variant) in (('reindex', 'changed'), ('metrics-rollups', 'hourly,daily,weekly,monthly'))
      """)
    for table in kept {
      let (before, after) = ("select \(table[1]) from kept.\"\(table[0])\"", "select \(table[1]) from \(table[0])")
      let differences = try await place.value(
        "select count(*) from ((\(before) except all \(after)) union all (\(after) except all \(before))) as d")
      #expect(differences == "0", "\(table[0])")
    }
    #expect(try await place.value("select string_agg(entity_id, ' ') from found_elephants") == "1")
    #expect(try await place.value("select string_agg(distinct key_prefix, ' ') from top_stats_history") == "top:")

    // What an application has beside ours.
    try await place.execute(
      """
      drop view found_elephants;
      drop table users, feeds, feed_likes, feed_comments, feed_views, follows, assets, creators, projects, licenses, blog_posts
      """)
    let made = try await place.rows(Catalog.lines).map { $0[0] }.sorted()
    let new = try await Place().rows(Catalog.lines).map { $0[0] }.sorted()
    #expect(made.count > 200 && Set(made).symmetricDifference(new).isEmpty, "\(Set(made).symmetricDifference(new))")
  }

  @Test func `psql brings it over by the SQL of the plan`() async throws {
    let place = try await oldPlace()
    let plan = try await oneshot.run(["migrate", "--plan", "--sql"], place.environment)
    #expect(try await place.paste(plan.output) == nil)
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode == 0 && run.output.hasPrefix("up to date"), "\(run.output)\(run.errors)")
  }

  @Test func `the jobs go on where those of before stopped`() async throws {
    let place = try await oldPlace()
    #expect(try await oneshot.run(["migrate"], place.environment).exitCode == 0)
    try await place.redis("SET", "usage:bad:2025-11-07:n", "3")
    let later = place.environment.merging(["JOB_SCHEDULED_AT": "2025-11-08T05:00:00Z"]) { $1 }
    // What was written before there were servers gets the one that it was, as docs/operate.md says.
    let server = try #require(try await Binary("usage-aggregation").run(["--check"], later).result["server"].string)
    let adopt = try Page("docs/operate.md").code("adopt").replacing("cache:6379/0", with: server)
    // Also where a run of that Redis has been meanwhile: what it has stays, once.
    try await place.execute(
      """
      create table twin as select * from oneshot.dead_letters where job = 'usage-aggregation' and server = '' limit 1;
      update twin set server = '\(server)'; insert into oneshot.dead_letters select * from twin; \(adopt);
      delete from oneshot.dead_letters where job = 'usage-aggregation' and server = ''
      """)
    let usage = try await Binary("usage-aggregation").run([], later)
    #expect(usage.exitCode == 0, "\(usage.output)")
    #expect(
      try await place.rows(
        "select item as a, state as b from oneshot.dead_letters where job = 'usage-aggregation' order by 1")
        == [["usage:bad:2025-11-07:n", "resolved"], ["usage:worse:2025-11-06:n", "discarded"]])
    #expect(try await Binary("top-stats").run([], later.merging(["TOP_STATS_HISTORY": "true"]) { $1 }).exitCode == 0)
    let health = try await oneshot.run(["health"], place.environment)
    #expect(!health.output.isEmpty && !health.errors.contains("42"), "\(health.errors)")
  }

  @Test func `rights that were granted are still granted`() async throws {
    let place = try await oldPlace()
    let role = place.own("app")
    try await place.execute(
      """
      create role \(role); grant usage on schema oneshot to \(role);
      grant select on oneshot.migrations, oneshot.dead_letters to \(role);
      revoke execute on function search from public; grant execute on function search to \(role)
      """)
    #expect(try await oneshot.run(["migrate"], place.environment).exitCode == 0)
    let rights = try await place.value(
      """
      select concat_ws(' ', has_table_privilege('\(role)', 'oneshot.migrations', 'select'),
        has_table_privilege('\(role)', 'oneshot.dead_letters', 'select'),
        has_function_privilege('\(role)', 'search(text, text[], integer)', 'execute'),
        has_function_privilege('\(role)', 'oneshot.search(text, text[], integer)', 'execute'),
        has_function_privilege('public', 'search(text, text[], integer)', 'execute'),
        has_function_privilege('public', 'oneshot.search(text, text[], integer)', 'execute'))
      """)
    #expect(rights == "true true true true false false" || rights == "t t t t f f", "\(rights)")
  }

  @Test func `several at once bring it over once`() async throws {
    let place = try await oldPlace()
    let runs = try (0..<4).map { _ in try oneshot.start(["migrate"], place.environment) }
    var outputs = ""
    for run in runs {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      outputs += outcome.output
    }
    #expect(outputs.components(separatedBy: "applying from numbers to lines").count == 2)
  }

  @Test func `one that ends before 11 is refused with what to do`() async throws {
    let place = try await oldPlace()
    try await place.execute("delete from oneshot.migrations where version > 9")
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode == 78)
    #expect(run.errors.contains("end at 9") && run.errors.contains("of commit 3590569 first"), "\(run.errors)")
    #expect(try await place.value("select count(version) from oneshot.migrations") == "9")
  }

  @Test func `a search_path that leads elsewhere is refused`() async throws {
    let place = try await oldPlace()
    try await place.execute("create schema elsewhere")
    let url = place.databaseURL + "&options=-csearch_path%3Delsewhere"
    let run = try await oneshot.run(["migrate"], ["DATABASE_URL": url])
    #expect(run.exitCode == 78 && run.errors.contains("not in the schema elsewhere"), "\(run.errors)")
    #expect(try await place.value("select count(version) from oneshot.migrations") == "11")
  }

  @Test func `a job that meets it unconverted says what to do`() async throws {
    let place = try await oldPlace()
    for arguments in [[], ["--plan"], ["--check"]] {
      let run = try await Binary("reindex").run(arguments, place.environment)
      #expect(run.exitCode == 78 && run.result["error", "hint"].string?.contains("oneshot migrate") == true)
    }
  }
}

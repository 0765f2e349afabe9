import Migrations
import Operations
import TestSupport
import Testing

/// An older version of everything in a database that a newer one has migrated.
///
/// Binaries of an earlier commit take too long to build. Those of this commit are the older ones here: the database gets
/// a migration of each line that this commit does not have, which adds what migrations may add.
@Suite(.timeLimit(.minutes(10))) struct RollbackTests {
  private let needed = NeededMigrationsTests()

  /// What a later version may do to each table of a line: a column that may be empty, one with a default, an index.
  private static let future = """
    do $$
    declare
      place text;
    begin
      for place in
        select c.oid::regclass from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind in ('r', 'p') and not relispartition and (nspname = 'oneshot' or relname in (
          'merchant_usage', 'metric_events', 'metric_rollups', 'search_documents', 'search_pending', 'top_stats_history'))
      loop
        execute format('alter table %s add column from_the_future text', place);
        execute format('alter table %s add column later integer not null default 7', place);
        execute format('create index on %s (from_the_future)', place);
      end loop;
    end $$;
    create table oneshot.of_the_future (id bigint primary key);
    """

  private func newerPlace(for job: String? = nil) async throws -> Place {
    let all = Dictionary(Migration.all.map { ($0.line, $0.number) }, uniquingKeysWith: max)
    let place = try await needed.place(with: all, for: job)
    try await place.execute(Self.future)
    for line in Migration.lines {
      try await place.execute("insert into oneshot.migrations (line, number, name) values ('\(line)', 1000, 'future')")
    }
    #expect(Int(try await place.value("select count(*) from pg_attribute where attname = 'later'")) ?? 0 > 40)
    return place
  }

  @Test(arguments: JobNames.all)
  func `a job works in a database that is newer than itself`(job: String) async throws {
    guard let binary = NeededMigrationsTests.binary(job) else { return }
    let (place, folder) = (try await newerPlace(for: job), try TemporaryFolder())
    for own in NeededMigrationsTests.settings[job] ?? [[:]] {
      let settings = place.environment
        .merging(NeededMigrationsTests.folders(folder.path)) { $1 }.merging(own) { $1 }
        .merging(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]) { $1 }
      // It would put another table in the place of this one, and lose what a newer version keeps there.
      let wouldLose = own["REINDEX_MODE"] == "rebuild"
      for words in [["--check"], []] {
        let run = try await binary.run(words, settings)
        #expect(run.exitCode == (wouldLose ? 78 : 0), "\(own) \(words): \(run.output)")
        #expect(run.output.contains("what is in its column from_the_future") == wouldLose)
      }
    }
  }

  @Test func `an older migrate says which steps it does not know, and changes nothing`() async throws {
    let place = try await newerPlace()
    let before = try await place.rows(Catalog.lines)
    for words in [["migrate", "--plan"], ["migrate"], ["migrate", "--only", "usage"]] {
      let run = try await Operator.oneshot.run(words, place.environment)
      #expect(run.exitCode == 0, "\(run.errors)")
      let said = "this database is newer than this version of oneshot, and stays as it is: boards 1000 future, core"
      #expect(run.output.hasPrefix(said), "\(run.output)")
      #expect(run.output.contains("\nup to date: core "), "\(run.output)")
    }
    let sql = try await Operator.oneshot.run(["migrate", "--plan", "--sql"], place.environment)
    #expect(sql.output.hasPrefix("-- this database is newer"))
    #expect(try await place.paste(sql.output) == nil)
    #expect(try await place.rows(Catalog.lines) == before)
  }

  @Test(arguments: [["runs"], ["locks"], ["dead-letters", "list"]])
  func `the operator's command works in a newer database, too`(words: [String]) async throws {
    let place = try await newerPlace()
    let run = try await Operator.oneshot.run(words, place.environment)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
  }
}

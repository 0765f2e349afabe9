import Foundation
import TestSupport
import Testing

/// The operator's checks of `FRAUD_CHECKS_DIR`, good and bad.
@Suite(.timeLimit(.minutes(10))) struct OwnCheckTests {
  private let folder: TemporaryFolder
  private let signups: Signups

  init() async throws {
    folder = try TemporaryFolder()
    signups = try await Signups(["FRAUD_CHECKS_DIR": folder.path, "FRAUD_CHECK_TIMEOUT": "300ms"])
    try await signups.add(
      "id, email, created_at",
      "select g, 'user' || g || '@mail.org', timestamptz '2025-11-07' from generate_series(1, 30) g")
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
  }

  private func signals() async throws -> [String] {
    try await signups.place.rows(
      "select entry_id || ' ' || check_name || ' ' || points || ' ' || evidence as a from oneshot.fraud_signals order by 1"
    ).map { $0[0] }
  }

  @Test func `of several points for an entry the greatest count, those of others and none at all do not`() async throws
  {
    try write(
      "odd",
      """
      select id as entry_id, points, evidence
      from (values (1, 60, '{"n": 1}'::jsonb), (1, 70, '{"n": 3}'), (1, 70, '{"n": 2}'), (2, null, null), (3, 0, '{}'), (4, 55, null),
        (null, 90, '{}'), (99, 90, '{}')) as v (id, points, evidence)
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("entries") == 30, "\(run.output)\(run.errors)")
    #expect(try await signals() == ["1 odd 70 {\"n\": 2}", "4 odd 55 {}"])
  }

  @Test func `a check that writes, never ends, or yields what it may not is a dead letter, and the rest goes on`()
    async throws
  {
    try await signups.place.execute(
      """
      create function scribble() returns bigint language plpgsql as $$
        begin update oneshot.fraud_reviews set state = 'approved'; insert into waitlist_entries (id) values (777); return 1; end $$
      """)
    try write("a_writer", "select scribble() as entry_id, 90 as points, '{}'::jsonb as evidence")
    try write("b_sleeper", "select 1 as entry_id, 90 as points, pg_sleep(3600)::text as evidence")
    try write("c_negative", "select 1 as entry_id, -5 as points, '{}'::jsonb as evidence")
    try write("d_much", "select 1 as entry_id, 1000000000000 as points, '{}'::jsonb as evidence")
    try write("e_columns", "select 1 as entry_id, 50 as points")
    try write(
      "f_two", "select 1 as entry_id, 50 as points, '{}'::jsonb as evidence) union select 1, 1, '{}' from (select 1")
    try write("g_good", "select unnest(:entries::bigint[]) as entry_id, 20 as points, '{}'::jsonb as evidence")
    let run = try await signups.run([], ["FRAUD_BATCH": "10"])
    #expect(run.exitCode == 65 && run.count("failed") == 6 && run.count("entries") == 30, "\(run.output)\(run.errors)")
    #expect(
      try await signups.place.value(
        "select string_agg(distinct check_name || ' ' || points, ', ') || ' ' || count(*) from oneshot.fraud_signals")
        == "g_good 20 30")
    #expect(try await signups.place.value("select count(*) from waitlist_entries where id = 777") == "0")
    #expect(
      try await signups.place.value(
        "select string_agg(item, ', ' order by item) from oneshot.dead_letters where state = 'pending'")
        == "check a_writer, check b_sleeper, check c_negative, check d_much, check e_columns, check f_two")
    let check = try await signups.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains("e_columns.sql"), "\(check.output)")
  }

  @Test func `a check that has failed stays a dead letter until a recheck, which makes up for it`() async throws {
    try await signups.place.execute("create table patterns (pattern text)")
    try write(
      "pattern",
      """
      select e.id as entry_id, 60 as points, '{}'::jsonb as evidence
      from waitlist_entries as e cross join patterns where e.id = any (:entries) and e.email ~ pattern
      """)
    try await signups.place.execute("insert into patterns values ('user7@')")
    #expect(try await signups.run().exitCode == 0)
    #expect(try await signals() == ["7 pattern 60 {}"])
    try await signups.place.execute("update patterns set pattern = '('")
    try await signups.add("id, email, created_at", "values (70, 'user7@mail.org', timestamptz '2025-11-07')")
    let failed = try await signups.run()
    #expect(failed.exitCode == 65 && failed.count("entries") == 1, "\(failed.output)")
    #expect(try await signals() == ["7 pattern 60 {}"])
    try await signups.place.execute("update patterns set pattern = 'user7@'")
    try await signups.add("id, email, created_at", "values (71, 'user71@mail.org', timestamptz '2025-11-07')")
    #expect(try await signups.run().exitCode == 0)
    let pending = "select count(*) from oneshot.dead_letters where state = 'pending'"
    #expect(try await signups.place.value(pending) == "1")
    #expect(try await signups.run([], ["FRAUD_MODE": "recheck", "FRAUD_BATCH": "7"]).exitCode == 0)
    #expect(try await signups.place.value(pending) == "0")
    #expect(try await signals() == ["7 pattern 60 {}", "70 pattern 60 {}"])
  }
}

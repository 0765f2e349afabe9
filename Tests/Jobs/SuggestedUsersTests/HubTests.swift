import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import SuggestedUsers

/// What an account costs that thousands follow, or that follows thousands: counted in rows of `follows` that Postgres
/// reads, in the table and in its indexes.
@Suite(.timeLimit(.minutes(10))) struct HubTests {
  private static let hub = 20_000

  /// 1 follows 2 and 3, who both follow 4 and some hundred others.
  ///
  /// Users from 1000 on follow one another.
  private func graph() async throws -> People {
    let people = try await People(["SUGGEST_COLD_START": "none", "SUGGEST_MODE": "users", "SUGGEST_USERS": "1"])
    try await people.place.execute(
      """
      insert into users select g, null, null, true, timestamptz '\(People.now)'
      from generate_series(1, \(1000 + 2 * Self.hub)) g;
      insert into follows
      select a, b, timestamptz '\(People.now)' - b * interval '1 minute' from (values (1, 2), (1, 3)) as one (a, b)
      union all
      select a, b, timestamptz '\(People.now)' - b * interval '1 minute'
      from generate_series(2, 3) a, generate_series(4, 110) b
      union all
      select a, 1000 + (a + n * n) % \(2 * Self.hub), timestamptz '\(People.now)' - n * interval '1 day'
      from generate_series(1000, \(999 + 2 * Self.hub)) a, generate_series(1, 2) n;
      analyze
      """)
    return people
  }

  /// Rows of `follows` that the list of user 1 reads, by the job's own statement.
  private func rowsRead(_ people: People) async throws -> Int {
    var env = Environment(["SUGGEST_COLD_START": "none"])
    let moment = try #require(Timestamp(rfc3339: People.now))
    let suggestions = Suggestions(
      SuggestedUsers.Settings(from: &env),
      Standing(
        idType: "bigint", columns: Set(Standing.optionalColumns), tables: Set(Standing.optionalTables), untracked: [],
        hasPairsOnce: true, collations: nil, countedAt: nil),
      at: moment, from: moment, for: Shard(index: 0, count: 1))
    let batch = try suggestions.batch(["1"], popular: [])
    return try await people.place.database.snapshot { session in
      #expect(try session.query(batch).count == 20)
      return try session.query(
        """
        select sum(pg_stat_get_xact_tuples_returned(id))::bigint as rows
        from (
          select 'follows'::regclass::oid as id
          union all select indexrelid from pg_index where indrelid = 'follows'::regclass) as relations
        """
      ).only().value("rows")
    }
  }

  @Test func `an account that thousands follow, or that follows thousands, costs what one with a hundred does`()
    async throws
  {
    let people = try await graph()
    #expect(try await people.run().exitCode == 0)
    let usual = try await rowsRead(people)
    #expect(usual > 200, "the newest hundred follows of two people")

    // 2 follows thousands more, and thousands follow 4.
    try await people.place.execute(
      """
      insert into follows
      select 2, g, timestamptz '\(People.now)' - g * interval '1 minute' from generate_series(1000, \(999 + Self.hub)) g
      union all
      select g, 4, timestamptz '\(People.now)' - g * interval '1 minute' from generate_series(1000, \(999 + Self.hub)) g;
      delete from oneshot.suggestion_hubs;
      update oneshot.suggestion_state set counted_at = null;
      analyze follows
      """)
    let most = Suggestions.mostCounted
    let uncounted = try await rowsRead(people)
    #expect((usual + most...usual + 3 * most).contains(uncounted), "\(uncounted) after \(usual)")

    #expect(try await people.run().exitCode == 0)
    #expect(
      try await people.place.value("select count(*) from oneshot.suggestion_hubs where user_id in ('2', '4')") == "2")
    let counted = try await rowsRead(people)
    #expect(counted <= usual, "\(counted) after \(usual)")
  }
}

import TestSupport
import Testing

@testable import SuggestedUsers

/// What an account costs that thousands follow, or that follows thousands: counted in rows of `follows` that Postgres
/// reads, in the table and in its indexes.
@Suite(.timeLimit(.minutes(10))) struct HubTests {
  private static let hub = 20_000
  private static let before = "2025-09-01T00:00:00Z"

  /// 1 follows 2 and 3, who both follow 4 and some hundred others.
  ///
  /// Users from 1000 on follow one another.
  private func graph() async throws -> People {
    let people = try await People(["SUGGEST_COLD_START": "none", "SUGGEST_MODE": "users", "SUGGEST_USERS": "1"])
    // Longer ago than a month: else those who have gained most followers have rows among the hubs, too.
    try await people.place.execute(
      """
      insert into users select g, null, null, true, timestamptz '\(People.now)'
      from generate_series(1, \(999 + Self.hub)) g;
      insert into follows
      select a, b, timestamptz '\(Self.before)' - b * interval '1 minute' from (values (1, 2), (1, 3)) as one (a, b)
      union all
      select a, b, timestamptz '\(Self.before)' - b * interval '1 minute'
      from generate_series(2, 3) a, generate_series(4, 110) b
      union all
      select a, 1000 + a % \(Self.hub), timestamptz '\(Self.before)'
      from generate_series(1000, \(999 + Self.hub)) a;
      analyze
      """)
    return people
  }

  /// Rows of `follows` that a run reads which makes one user's list.
  private func rowsRead(_ people: People, user: Int = 1) async throws -> Int {
    let start = try await counted(people)
    let run = try await people.run([], ["SUGGEST_USERS": "\(user)"])
    #expect(run.exitCode == 0 && run.count("users") == 1 && run.count("empty") == 0, "\(run.output)\(run.errors)")
    return try await counted(people) - start
  }

  /// What the server has counted since the table was made.
  private func counted(_ people: People) async throws -> Int {
    try await people.place.untilAlone()
    let rows = try await people.place.value(
      """
      select sum(seq_tup_read) + (select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'follows')
      from pg_stat_user_tables where relname = 'follows'
      """)
    return try #require(Int(rows))
  }

  @Test func `an account that thousands follow, or that follows thousands, costs what one with a hundred does`()
    async throws
  {
    let people = try await graph()
    #expect(try await people.run().exitCode == 0, "hubs are counted, which is done once an hour")
    let usual = try await rowsRead(people)
    #expect(usual > 200, "the newest hundred follows of two people")

    // 2 follows thousands more, and thousands follow 4.
    try await people.place.execute(
      """
      insert into follows
      select 2, g, timestamptz '\(Self.before)' - g * interval '1 minute' from generate_series(1000, \(999 + Self.hub)) g
      union all
      select g, 4, timestamptz '\(Self.before)' - g * interval '1 minute' from generate_series(1000, \(999 + Self.hub)) g;
      delete from oneshot.suggestion_hubs;
      analyze follows
      """)
    let most = Suggestions.mostCounted
    let uncounted = try await rowsRead(people)
    #expect((usual + most...usual + 3 * most).contains(uncounted), "\(uncounted) after \(usual)")

    try await people.place.execute("update oneshot.suggestion_state set counted_at = null")
    #expect(try await people.run().exitCode == 0)
    #expect(
      try await people.place.value("select count(*) from oneshot.suggestion_hubs where user_id in ('2', '4')") == "2")
    let counted = try await rowsRead(people)
    #expect(counted <= usual, "\(counted) after \(usual)")
  }

  @Test func `a user who follows ten hubs costs at most three times one who follows ten people with a hundred follows`()
    async throws
  {
    let people = try await graph()
    // 5 follows the hubs 11 to 20, and 6 the people 21 to 30.
    try await people.place.execute(
      """
      insert into follows
      select 5, g, timestamptz '\(Self.before)' from generate_series(11, 20) g
      union all
      select 6, g, timestamptz '\(Self.before)' from generate_series(21, 30) g
      union all
      select h, g, timestamptz '\(Self.before)' - g * interval '1 minute'
      from generate_series(11, 20) h, generate_series(1000, \(999 + Self.hub)) g
      union all
      select g, h, timestamptz '\(Self.before)' - g * interval '1 minute'
      from generate_series(11, 20) h, generate_series(1000, \(999 + Self.hub)) g
      union all
      select p, g, timestamptz '\(Self.before)' - g * interval '1 minute'
      from generate_series(21, 30) p, generate_series(1000 + p % 5 * 100, 1099 + p % 5 * 100) g;
      analyze
      """)
    #expect(try await people.run().exitCode == 0, "hubs are counted, which is done once an hour")
    let usual = try await rowsRead(people, user: 6)
    let hubs = try await rowsRead(people, user: 5)
    #expect(usual > 1000, "the newest hundred follows of ten people")
    #expect(hubs <= 3 * usual, "\(hubs) against \(usual)")
  }
}

import Postgres

/// How `follows` is read where the server does not keep a pair from standing there twice: one friend would be two.
extension Suggestions {
  private func fragment(once: String, distinct: String) -> SQLFragment {
    SQLFragment(sql: standing.hasPairsOnce ? once : distinct)
  }

  /// Each pair, and when it came about last.
  var follows: SQLFragment {
    fragment(
      once: "follows",
      distinct: """
        (select follower_id, followee_id, max(created_at) as created_at from follows
            where num_nulls(follower_id, followee_id) = 0 group by follower_id, followee_id)
        """)
  }

  /// `cs`, the newest of those whom `d.f` follows, and `number`, how many rows were read for that.
  var newestFollowees: SQLFragment {
    let newest = """
      select followee_id from follows where follower_id = d.f
          order by created_at desc, followee_id limit :hop
      """
    return fragment(
      once: """
        select cs, cardinality(cs) as number from (select array(
          \(newest)) as cs offset 0) as own
        """,
      distinct: """
        select coalesce(array_agg(distinct followee_id) filter (where num_nulls(followee_id) = 0), '{}') as cs,
          count(*) as number
        from (
          \(newest)) as newest
        """)
  }

  /// Those whom `d.f` follows, up to some number.
  var allFollowees: SQLFragment { distinct("followee_id", of: "follower_id = d.f") }

  /// Those who follow `d.c`, up to some number.
  var allFollowers: SQLFragment { distinct("follower_id", of: "followee_id = d.c") }

  private func distinct(_ column: String, of condition: String) -> SQLFragment {
    fragment(
      once: "select from follows where \(condition) limit :counted",
      distinct: """
        select distinct \(column) from (
          select \(column) from follows where \(condition) and num_nulls(\(column)) = 0 limit :counted) as newest
        """)
  }
}

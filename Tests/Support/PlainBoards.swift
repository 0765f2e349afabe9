/// Each board by a query that is slow and obviously right: join everything, keep what counts, group, order.
package enum PlainBoards {
  private static let now = Leaderboards.now.replacing("T", with: " ").replacing("Z", with: "")

  package static func query(_ board: String, days: Int, deletes: Bool = true, inMySQL: Bool = false) -> String {
    let (start, end) =
      inMySQL
      ? ("timestamp '\(now)' - interval \(days) day", "timestamp '\(now)'")
      : ("timestamptz '\(now)+00' - interval '\(days) days'", "timestamptz '\(now)+00'")
    let window = { (column: String) in "\(column) >= \(start) and \(column) < \(end)" }
    let lives = { (tables: String...) in deletes ? tables.map { " and \($0).deleted_at is null" }.joined() : "" }
    switch board {
    case "users_liked":
      return """
        select author.id as member, count(*) as score from feed_likes l
        join users liker on liker.id = l.user_id join feeds on feeds.id = l.feed_id
        join users author on author.id = feeds.user_id
        where \(window("l.created_at"))\(lives("liker", "feeds", "author")) group by 1
        """
    case "comments", "feeds_liked":
      return """
        select feeds.id as member, count(*) as score from \(board == "comments" ? "feed_comments" : "feed_likes") e
        join users on users.id = e.user_id join feeds on feeds.id = e.feed_id
        where \(window("e.created_at"))\(lives("users", "feeds")) group by 1
        """
    case "feeds_viewed":
      return """
        select feeds.id as member, count(*) as score from feed_views v join feeds on feeds.id = v.feed_id
        where \(window("v.viewed_at"))\(lives("feeds")) group by 1
        """
    case "users_followed":
      return """
        select followee.id as member, count(*) as score from follows f
        join users follower on follower.id = f.follower_id join users followee on followee.id = f.followee_id
        where \(window("f.created_at"))\(lives("follower", "followee")) group by 1
        """
    default:
      return """
        select users.id as member, count(*) as score from (
          select l.user_id, l.created_at from feed_likes l join feeds on feeds.id = l.feed_id where true\(lives("feeds"))
          union all
          select c.user_id, c.created_at from feed_comments c join feeds on feeds.id = c.feed_id where true\(lives("feeds"))
          union all
          select user_id, created_at from feeds where true\(lives("feeds"))) deeds
        join users on users.id = deeds.user_id where \(window("deeds.created_at"))\(lives("users")) group by 1
        """
    }
  }

  /// The board's lines as an API reads them; equal scores by their ids' bytes, from the last to the first.
  package static func lines(
    _ board: String, days: Int, limit: Int = 1000, deletes: Bool = true, in place: Place
  ) async throws -> [String] {
    try await place.rows(
      """
      select member || ' ' || score as a from (\(query(board, days: days, deletes: deletes))) b
      order by score desc, member::text collate "C" desc limit \(limit)
      """
    ).map { $0[0] }
  }

  /// The same, asked of MySQL.
  package static func lines(
    _ board: String, days: Int, deletes: Bool = true, in server: MariaDB
  ) async throws -> [String] {
    try await server.lines(
      """
      use app;
      select concat(member, ' ', score) from (\(query(board, days: days, deletes: deletes, inMySQL: true))) b
      order by score desc, cast(member as binary) desc limit 1000;
      """)
  }
}

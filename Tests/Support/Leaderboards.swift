import Redis

/// A place with an application's feeds and what happens on them, and the real binary that ranks them.
package struct Leaderboards: JobFixture {
  package static let job = "top-stats"

  package let place: Place

  package static let names = [
    "users_liked", "comments", "feeds_viewed", "feeds_liked", "users_followed", "users_active",
  ]

  /// - Parameter deletes: whether users and feeds have a `deleted_at`.
  package init(deletes: Bool = true, on servers: PrivateServers? = nil) async throws {
    place = try await Place(on: servers)
    let deleted = deletes ? ", deleted_at timestamptz" : ""
    try await place.execute(
      """
      create table users (id bigint primary key, username text\(deleted));
      create table feeds (
        id bigint primary key, user_id bigint not null, content text, created_at timestamptz not null\(deleted));
      create table feed_likes (
        id bigserial primary key, feed_id bigint not null, user_id bigint not null, created_at timestamptz not null);
      create table feed_comments (
        id bigserial primary key, feed_id bigint not null, user_id bigint not null, created_at timestamptz not null);
      create table feed_views (feed_id bigint not null, viewed_at timestamptz not null);
      create table follows (
        follower_id bigint not null, followee_id bigint not null, created_at timestamptz not null);
      """)
  }

  /// Fills all tables: few feeds get most of it, scores tie often, some likes are taken back, some users and
  /// feeds are gone (with a row that says so, or without any row), and events stand on both edges of each window.
  package func fill(seed: Double = 0.5, deletes: Bool = true) async throws {
    let gone = deletes ? ", case when g % 11 = 0 then timestamptz '2025-11-01' end" : ""
    let moment = "timestamptz '\(Self.now)'"
    let someFeed = "1 + floor(power(random(), 3) * 420)"
    let someUser = "1 + floor(power(random(), 2) * 130)"
    // Every seventh at an edge: the first instant of a window, the last before it, or its end.
    let time = """
      case when g % 7 = 0 then \(moment) - (array[0, 1, 7, 30])[1 + g / 7 % 4] * interval '1 day'
          - (g / 28 % 2) * interval '1 microsecond'
        else \(moment) + interval '1 day' - random() * interval '40 days' end
      """
    try await place.execute(
      """
      select setseed(\(seed));
      insert into users select g, 'user ' || g\(gone) from generate_series(1, 120) g;
      insert into feeds select g, \(someUser), 'text', \(time)\(gone) from generate_series(1, 400) g;
      insert into feed_likes (feed_id, user_id, created_at)
        select \(someFeed), \(someUser), \(time) from generate_series(1, 6000) g;
      delete from feed_likes where id % 13 = 0;
      insert into feed_comments (feed_id, user_id, created_at)
        select \(someFeed), \(someUser), \(time) from generate_series(1, 2000) g;
      insert into feed_views select \(someFeed), \(time) from generate_series(1, 3000) g;
      insert into follows select \(someUser), \(someUser), \(time) from generate_series(1, 1500) g;
      """)
  }

  /// A board as an API reads it: "id score", the best first.
  package func board(_ key: String) async throws -> [String] {
    let answer = try await place.redis("ZREVRANGE", "top:" + key, "0", "-1", "WITHSCORES").elements
    return stride(from: 0, to: answer.count, by: 2).map { "\(answer[$0].text ?? "") \(answer[$0 + 1].text ?? "")" }
  }

  /// What is told of a board.
  package func about(_ key: String) async throws -> [String: String] {
    let answer = try await place.redis("HGETALL", "top:meta:" + key).elements.compactMap(\.text)
    return Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: answer.count - 1, by: 2).map { (answer[$0], answer[$0 + 1]) })
  }
}

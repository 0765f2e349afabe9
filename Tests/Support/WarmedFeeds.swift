import Glibc
package import JobRuntime
import Redis

/// A place with an application's posts and readers, and the real binary that keeps their feeds.
///
/// WarmedFeeds live by the clock, so its moment is the present one, whole seconds; and for an hour, on a machine that may stand
/// still.
package struct WarmedFeeds: JobFixture {
  package static let job = "cache-warmer"

  package let place: Place
  package let moment: Timestamp
  package let more: [String: String]

  package var settings: [String: String] {
    ["JOB_SCHEDULED_AT": moment.rfc3339, "JOB_FORCE": "true"].merging(more) { $1 }
  }

  /// - Parameters:
  ///   - settings: what each run is told besides.
  ///   - id: the type of ids of users.
  package init(_ settings: [String: String] = [:], id: String = "bigint", on servers: PrivateServers? = nil)
    async throws
  {
    more = ["WARM_TTL": "1h"].merging(settings) { $1 }
    place = try await Place(on: servers)
    try await place.execute(
      """
      create table users (id \(id) primary key, deleted_at timestamptz);
      create table feeds (id bigint primary key, user_id \(id), created_at timestamptz not null, deleted_at timestamptz);
      create table feed_likes (feed_id bigint, user_id \(id), created_at timestamptz not null);
      create table feed_comments (feed_id bigint, user_id \(id), created_at timestamptz not null);
      create table feed_views (feed_id bigint, user_id \(id), viewed_at timestamptz not null);
      create table follows (follower_id \(id), followee_id \(id), created_at timestamptz);
      create table blocks (user_id \(id), target_id \(id));
      create table mutes (user_id \(id), target_id \(id));
      """)
    moment = Timestamp(seconds: Int64(time(nil)))
  }

  /// Readers 1 to 60, of whom every eleventh is gone, and what they did: some follow themselves or somebody twice, posts
  /// stand at both edges of a week, and after the moment.
  package func fill(seed: Double = 0.5) async throws {
    let moment = "timestamptz '\(moment.rfc3339)'"
    let someUser = "1 + floor(power(random(), 2) * 62)"
    let somePost = "1 + floor(power(random(), 2) * 620)"
    let time = """
      case when g % 9 = 0 then \(moment) - (array[0, 7])[1 + g / 9 % 2] * interval '1 day'
          - (g / 18 % 2) * interval '1 microsecond'
        else \(moment) + interval '1 day' - random() * interval '9 days' end
      """
    try await place.execute(
      """
      select setseed(\(seed));
      insert into users select g, case when g % 11 = 0 then now() end from generate_series(1, 60) g;
      insert into feeds select g, \(someUser), \(time), case when g % 13 = 0 then now() end from generate_series(1, 600) g;
      insert into feed_likes select \(somePost), \(someUser), \(time) from generate_series(1, 3000) g;
      insert into feed_comments select \(somePost), \(someUser), \(time) from generate_series(1, 700) g;
      insert into feed_views select \(somePost), \(someUser), \(time) from generate_series(1, 4000) g;
      insert into follows select \(someUser), \(someUser), \(time) from generate_series(1, 700) g;
      insert into blocks select \(someUser), \(someUser) from generate_series(1, 60) g;
      insert into mutes select \(someUser), \(someUser) from generate_series(1, 60) g;
      """)
  }

  /// Readers from 1 on, active within the last minute, who all follow an author, 0, with a few posts, the youngest an
  /// hour old: everybody has the same feed.
  package func fillPlainly(users: Int, posts: Int = 3) async throws {
    let moment = "timestamptz '\(moment.rfc3339)'"
    try await place.execute(
      """
      insert into users select g from generate_series(0, \(users)) g;
      insert into feeds select g, 0, \(moment) - g * interval '1 hour' from generate_series(1, \(posts)) g;
      insert into follows select g, 0, \(moment) from generate_series(1, \(users)) g;
      insert into feed_likes select 1, g, \(moment) - interval '1 minute' from generate_series(1, \(users)) g;
      """)
  }

  /// What one query for a single reader yields: another way to the same feed.
  package func plain(_ user: Int, limit: Int, authorMost: Int) async throws -> [String] {
    let moment = "timestamptz '\(moment.rfc3339)'"
    let within = { (column: String) in "\(column) >= \(moment) - interval '7 days' and \(column) < \(moment)" }
    return try await place.rows(
      """
      select id::text as id from (
        select p.id, score, row_number() over (
          partition by p.user_id order by score desc, p.id::text collate "C" desc) as of_author
        from feeds as p
        cross join lateral (
          select (1 + (select count(distinct e.user_id) from feed_likes as e where e.feed_id = p.id and \(within("e.created_at")))
              + 2 * (select count(*) from feed_comments as e where e.feed_id = p.id and \(within("e.created_at"))))
            * round(1e9::float8 * power(0.95::float8, extract(epoch from \(moment) - p.created_at)::float8 / 3600))::bigint
            as score) as scored
        where \(within("p.created_at")) and p.deleted_at is null and p.user_id <> \(user)
          and p.user_id in (select followee_id from follows where follower_id = \(user))
          and p.user_id in (select id from users where deleted_at is null)
          and p.user_id not in (select target_id from blocks where user_id = \(user))
          and p.user_id not in (select user_id from blocks where target_id = \(user))
          and p.user_id not in (select target_id from mutes where user_id = \(user))
          and p.id not in (select feed_id from feed_views where user_id = \(user) and \(within("viewed_at")))) as q
      where of_author <= \(authorMost)
      order by score desc, id::text collate "C" desc
      limit \(limit)
      """
    ).compactMap(\.first)
  }

  /// What a model in Python makes of all rows: a feed for each user who is there.
  package func model(limit: Int, authorMost: Int) async throws -> [String: [String]] {
    // Whole microseconds before the moment.
    let age = { (column: String) in
      "(extract(epoch from timestamptz '\(moment.rfc3339)' - \(column)) * 1000000)::bigint"
    }
    func rows(_ object: String, _ table: String) -> String {
      "(select coalesce(json_agg(\(object)), '[]') from \(table))"
    }
    func events(_ table: String, _ column: String) -> String {
      rows("json_build_object('post', feed_id, 'user', user_id, 'age', \(age(column)))", table)
    }
    let object = try await place.value(
      """
      select json_build_object(
        'limit', \(limit), 'author_max', \(authorMost), 'horizon', 7 * 86400 * 1000000::bigint,
        'users', \(rows("id", "users where deleted_at is null")),
        'posts', \(rows(
          "json_build_object('id', id, 'author', user_id, 'age', \(age("created_at")))", "feeds where deleted_at is null")),
        'likes', \(events("feed_likes", "created_at")), 'comments', \(events("feed_comments", "created_at")),
        'views', \(events("feed_views", "viewed_at")),
        'follows', \(rows("json_build_array(follower_id, followee_id)", "follows")),
        'blocks', \(rows("json_build_array(user_id, target_id)", "blocks")),
        'mutes', \(rows("json_build_array(user_id, target_id)", "mutes")))
      """)
    return try await PythonModel.answer(of: "feeds.py", object)
  }

  /// A feed as a reader of `WARM_FORM=string` has it.
  package func feed(_ user: String, prefix: String = "feed:") async throws -> [String]? {
    guard let text = try await place.redis("GET", prefix + user).text else { return nil }
    let object = ResultLine(text: text)
    guard object["at"].string == moment.rfc3339 else { throw TestFailure("not a feed of the moment: \(text)") }
    return object["ids"].elements.compactMap(\.string)
  }

  package func feed(_ user: Int) async throws -> [String]? { try await feed("\(user)") }

  /// Writes keys that the job finds, as an application would, or as a run before it.
  package func put(_ text: String, for users: some Sequence<Int>, left milliseconds: Int) async throws {
    try await place.redis(
      all: users.map { RedisCommand("SET", "feed:\($0)", text, "PX", "\(milliseconds)") })
  }

  package func left(_ user: Int) async throws -> Int {
    Int(try await place.redis("PTTL", "feed:\(user)").integer ?? -3)
  }
}

import Foundation
import JobRuntime
import Redis

/// A place with an application's users and whom they follow, and the real binary that makes their lists.
package struct People: JobFixture {
  package static let job = "suggested-users"

  package let place: Place
  package var more: [String: String]

  package var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"].merging(more) { $1 } }

  /// - Parameters:
  ///   - settings: what each run is given besides.
  ///   - id: the type of users' ids.
  package init(_ settings: [String: String] = [:], id: String = "bigint", on servers: PrivateServers? = nil)
    async throws
  {
    more = settings
    place = try await Place(on: servers)
    try await place.execute(
      """
      create table users (
        id \(id) primary key, deleted_at timestamptz, suspended_at timestamptz, discoverable boolean,
        last_seen_at timestamptz);
      create table follows (
        follower_id \(id) not null, followee_id \(id) not null, created_at timestamptz not null,
        primary key (follower_id, followee_id));
      create index on follows (follower_id, created_at desc, followee_id);
      create index on follows (followee_id, created_at desc, follower_id);
      create table blocks (user_id \(id), target_id \(id), primary key (user_id, target_id));
      create index on blocks (target_id);
      create table mutes (like blocks including all);
      create table suggestion_dismissals (like blocks including all);
      create table follow_requests (follower_id \(id), followee_id \(id));
      select oneshot.suggest_track();
      """)
  }

  /// Users of whom some are gone, suspended, not to be found or idle, and a graph in which few are followed by many.
  package func fill(seed: Double = 0.5, users: Int = 80, follows: Int = 1200) async throws {
    let someUser = "1 + floor(random() * \(users))::int"
    let somebody = "1 + floor(power(random(), 2) * \(users))::int"
    try await place.execute(
      """
      select setseed(\(seed));
      insert into users select g, case when g % 13 = 0 then timestamptz '\(Self.now)' end,
        case when g % 17 = 0 then timestamptz '\(Self.now)' end, nullif(g % 11, 0) is not null and g % 7 <> 0,
        timestamptz '\(Self.now)' - case when g % 19 = 0 then interval '40 days' else interval '1 day' end
      from generate_series(1, \(users)) g;
      insert into follows
      select a, b, timestamptz '\(Self.now)' - floor(random() * 60 * 86400) * interval '1 second'
      from (select \(someUser) as a, \(somebody) as b from generate_series(1, \(follows)) g) as pairs
      where a <> b on conflict do nothing;
      insert into blocks select \(someUser), \(somebody) from generate_series(1, \(users)) g on conflict do nothing;
      insert into mutes select \(someUser), \(somebody) from generate_series(1, \(users)) g on conflict do nothing;
      insert into suggestion_dismissals select \(someUser), \(somebody) from generate_series(1, \(users)) g
      on conflict do nothing;
      insert into follow_requests select \(someUser), \(somebody) from generate_series(1, \(users)) g;
      """)
  }

  // MARK: Lists

  /// All lists that are in Redis, by user.
  package func lists(prefix: String = "suggested_users:") async throws -> [String: String] {
    let keys = try await place.redis("KEYS", prefix + "*").elements.compactMap(\.text)
    var lists: [String: String] = [:]
    for key in keys { lists[String(key.dropFirst(prefix.count))] = try await place.redis("GET", key).text }
    return lists
  }

  /// Whom a list suggests, in its order.
  package func suggested(to user: String) async throws -> [String] {
    guard let list = try await place.redis("GET", "suggested_users:" + user).text else { return [] }
    return try Self.entries(list).map(\.id)
  }

  package struct Entry: Decodable {
    package var id: String
    package var score: Int
    package var via: [String]
    package var reason: String
  }

  package static func entries(_ list: String) throws -> [Entry] {
    try JSONDecoder().decode([Entry].self, from: Data(list.utf8))
  }

  /// Lists that name somebody they must not, as Postgres has it now: `USER PERSON`.
  package func forbidden() async throws -> [String] {
    let lists = try await lists()
    var found: [String] = []
    for (user, list) in lists {
      for entry in try Self.entries(list) {
        let isHidden = try await place.value(
          """
          select exists (
            select from (
              select user_id, target_id from blocks union select target_id, user_id from blocks
              union select user_id, target_id from mutes union select user_id, target_id from suggestion_dismissals
              union select follower_id, followee_id from follows) as hidden
            where user_id::text = '\(user)' and target_id::text = '\(entry.id)')
          """)
        if isHidden == "true" || user == entry.id { found.append("\(user) \(entry.id)") }
      }
    }
    return found
  }

  // MARK: Model

  /// What a model in Python makes of all rows.
  package func model(limit: Int = 20, damping: Double = 0.5, minCommon: Int = 2, coldStart: Bool = true) async throws
    -> [String: String]
  {
    let rows = try await place.value(
      """
      select json_build_object(
        'limit', \(limit), 'damping', \(damping), 'min_common', \(minCommon), 'cold_start', \(coldStart),
        'month', 30 * 86400,
        'users', (select json_agg(json_build_object(
          'id', id, 'deleted', deleted_at is not null, 'suspended', suspended_at is not null,
          'discoverable', coalesce(discoverable, false),
          'idle', coalesce(last_seen_at < timestamptz '\(Self.now)' - interval '30 days', false))) from users),
        'follows', (select coalesce(json_agg(json_build_object('follower', follower_id, 'followee', followee_id,
          'age', extract(epoch from timestamptz '\(Self.now)' - created_at)::bigint)), '[]') from follows),
        'hidden', (select coalesce(json_agg(json_build_array(kind, user_id, target_id)), '[]') from (
          select 'block' as kind, * from blocks union all select 'mute', * from mutes
          union all select 'dismissal', * from suggestion_dismissals
          union all select 'request', * from follow_requests) as hidden))
      """)
    return try await PythonModel.answer(of: "suggestions.py", rows)
  }
}

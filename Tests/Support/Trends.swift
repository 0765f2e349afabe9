import Foundation
import JobRuntime
import Redis

/// A place with an application's posts and what happens to them, and the real binary that ranks them.
package struct Trends: JobFixture {
  package static let job = "trending"

  package let place: Place

  package init(on servers: PrivateServers? = nil) async throws {
    place = try await Place(on: servers)
    try await place.execute(
      """
      create table users (id bigint primary key, created_at timestamptz, deleted_at timestamptz);
      create table feeds (
        id bigint primary key, user_id bigint not null, created_at timestamptz not null, deleted_at timestamptz);
      create table feed_likes (feed_id bigint, user_id bigint, created_at timestamptz);
      create table feed_comments (feed_id bigint, user_id bigint, created_at timestamptz);
      create table feed_shares (feed_id bigint, user_id bigint, created_at timestamptz);
      create table feed_views (feed_id bigint, user_id bigint, viewed_at timestamptz);
      """)
  }

  /// Fills all tables at random: few posts get most of it, users repeat themselves, some users and posts are gone, with
  /// a row that says so or without any, and events stand on both edges of each window and of many minutes.
  package func fill(seed: Double = 0.5, users: Int = 60, posts: Int = 300, events: Int = 12_000) async throws {
    let someone = "1 + floor(power(random(), 1.5) * \(users + 5))"
    let some = "1 + floor(power(random(), 3) * \(posts + 20))"
    let time = """
      case g % 5
        when 0 then timestamptz '\(Self.now)' - (array[0, 1, 24, 168])[1 + g / 5 % 4] * interval '1 hour'
          - (g / 20 % 2) * interval '1 microsecond'
        when 1 then timestamptz '\(Self.now)' - floor(random() * 300) * interval '1 minute' - (g / 5 % 3 - 1) * interval '1 microsecond'
        else timestamptz '\(Self.now)' + interval '1 hour' - power(random(), 3) * interval '9 days' end
      """
    func insert(_ table: String, _ share: Double) -> String {
      "insert into \(table) select \(some), \(someone), \(time) from generate_series(1, \(Int(share * Double(events)))) g;"
    }
    try await place.execute(
      """
      select setseed(\(seed));
      insert into users select g, timestamptz '2025-01-01', case when g % 11 = 0 then timestamptz '2025-11-01' end
        from generate_series(1, \(users)) g;
      insert into feeds select g, \(someone), timestamptz '\(Self.now)' - random() * interval '40 days',
        case when g % 13 = 0 then timestamptz '2025-11-01' end from generate_series(1, \(posts)) g;
      \(insert("feed_views", 0.6))\(insert("feed_likes", 0.25))\(insert("feed_comments", 0.1))\(insert("feed_shares", 0.05))
      """)
  }

  /// A list as an API reads it: "id score", the best first.
  package func list(_ window: String) async throws -> [String] {
    let answer = try await place.redis("ZREVRANGE", "trending:" + window, "0", "-1", "WITHSCORES").elements
    return stride(from: 0, to: answer.count, by: 2).map {
      "\(answer[$0].text ?? "") \(Self.decimal(answer[$0 + 1].text))"
    }
  }

  /// Redis 7.0 prints doubles with 17 digits; the sixth decimal is what is published.
  private static func decimal(_ text: String?) -> String {
    String(format: "%.6f", text.flatMap(Double.init) ?? .nan)
  }

  package func about(_ window: String) async throws -> [String: String] {
    let answer = try await place.redis("HGETALL", "trending:meta:" + window).elements.compactMap(\.text)
    return Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: answer.count - 1, by: 2).map { (answer[$0], answer[$0 + 1]) })
  }

  // MARK: Model

  /// The settings that the model reads, as it reads them.
  package struct Rules: Sendable {
    package var limit: Int
    package var perUser: Int
    package var perAuthor: Int
    package var people: Int
    package var decay: [String: Double]
    package var weights: String

    package init(
      limit: Int = 50, perUser: Int = 1, perAuthor: Int = 3, people: Int = 3,
      decay: [String: Double] = ["1h": 0.95, "24h": 0.95, "7d": 0.95],
      weights: String = "view=0.1,like=2,comment=3,share=5"
    ) {
      (self.limit, self.perUser, self.perAuthor, self.people) = (limit, perUser, perAuthor, people)
      (self.decay, self.weights) = (decay, weights)
    }

    package var settings: [String: String] {
      [
        "TRENDING_LIMIT": "\(limit)", "TRENDING_PER_USER": "\(perUser)", "TRENDING_PER_AUTHOR": "\(perAuthor)",
        "TRENDING_MIN_USERS": "\(people)", "TRENDING_WEIGHTS": weights,
        "TRENDING_DECAY": decay.map { "\($0.value)@\($0.key)" }.sorted().joined(separator: ","),
      ]
    }
  }

  /// What a model in Python makes of all rows.
  package func model(_ rules: Rules = Rules()) async throws -> [String: [String]] {
    try await PythonModel.answer(of: "trending.py", rows(rules))
  }

  /// Ages are whole microseconds before the run's moment.
  private func rows(_ rules: Rules) async throws -> String {
    let age = "(extract(epoch from timestamptz '\(Self.now)' - %@) * 1000000)::bigint"
    func events(_ table: String, _ kind: String, _ moment: String) -> String {
      """
      select json_build_object('post', feed_id, 'user', user_id, 'kind', '\(kind)',
        'age', \(age.replacing("%@", with: moment))) as event from \(table)
      """
    }
    let windows = rules.decay.map { window, decay in
      let length = (DurationText.parse(window) ?? .zero) / .microseconds(1)
      return "'\(window)', json_build_object('length', \(length)::bigint, 'decay', \(decay))"
    }
    let weights = rules.weights.split(separator: ",").map { "\"\($0.replacing("=", with: "\": "))" }
    return try await place.value(
      """
      select json_build_object(
        'limit', \(rules.limit), 'per_user', \(rules.perUser), 'per_author', \(rules.perAuthor),
        'min_users', \(rules.people), 'post_age', 30 * 86400000000::bigint,
        'weights', '{\(weights.joined(separator: ", "))}'::json,
        'windows', json_build_object(\(windows.joined(separator: ", "))),
        'users', (select json_agg(json_build_object('id', id, 'deleted', deleted_at is not null)) from users),
        'posts', (select json_agg(json_build_object('id', id, 'author', user_id, 'deleted', deleted_at is not null,
          'age', \(age.replacing("%@", with: "created_at")))) from feeds),
        'events', (select json_agg(event) from (
          \(events("feed_views", "view", "viewed_at")) union all \(events("feed_likes", "like", "created_at"))
          union all \(events("feed_comments", "comment", "created_at"))
          union all \(events("feed_shares", "share", "created_at"))) as e))
      """)
  }
}

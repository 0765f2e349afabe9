import TestSupport

/// A place with users, rewards and codes, and the real binary that brings them together.
struct Earned: JobFixture {
  static let job = "reward-delivery"

  let place: Place
  var more: [String: String] = [:]

  init(_ more: [String: String] = [:]) async throws {
    (place, self.more) = (try await Place(), more)
    try await place.execute(
      """
      create table users (id bigint primary key, email text, locale text, name text);
      create table rewards (
        id bigint primary key, user_id bigint, campaign_id bigint, type text, method text, status text, earned_at timestamptz,
        expires_at timestamptz);
      insert into users select g, 'u' || g || '@example.org', null, 'User ' || g from generate_series(1, 20) g;
      insert into oneshot.webhook_endpoints (endpoint_id, url, secrets) values ('crm', 'https://crm.example.org', '{}');
      insert into oneshot.reward_types (reward_type, needs_code, endpoint_id, low_codes) values
        ('coffee', true, null, 1), ('badge', false, 'crm', 0)
      """)
  }

  var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"].merging(more) { $1 } }

  /// Adds rewards that are due, for users 1 to 20 in turn, each earned a second after the one before.
  func add(_ ids: ClosedRange<Int>, type: String = "coffee", method: String = "email") async throws {
    try await place.execute(
      """
      insert into rewards (id, user_id, campaign_id, type, method, status, earned_at)
      select g, 1 + (g - 1) % 20, 7, '\(type)', '\(method)', 'due', '2025-11-07T00:00Z'::timestamptz + g * interval '1 second'
      from generate_series(\(ids.lowerBound), \(ids.upperBound)) g
      """)
  }

  /// Loads codes `SECRET-00017`.
  func load(_ numbers: ClosedRange<Int>, type: String = "coffee") async throws {
    try await place.execute(
      """
      insert into oneshot.reward_codes (reward_type, code)
      select '\(type)', 'SECRET-' || lpad(g::text, 5, '0') from generate_series(\(numbers.lowerBound), \(numbers.upperBound)) g
      """)
  }

  /// `ID STATE`, or `ID STATE CODE`, of all rewards.
  func outcomes(_ condition: String = "true") async throws -> [String] {
    try await place.rows(
      """
      select concat_ws(' ', r.id, d.state, c.code) as a
      from rewards r left join oneshot.reward_deliveries d on d.reward_id = r.id::text
      left join oneshot.reward_codes c on c.reward_id = r.id::text
      where \(condition) order by r.id
      """
    ).map { $0[0] }
  }

  /// What is not as it has to be whatever has happened.
  func mistakes() async throws -> [String] {
    try await place.rows(
      """
      select 'message without its code or outcome ' || m.dedup_key as a
      from oneshot.deliveries m
      left join oneshot.reward_deliveries d on m.dedup_key in ('reward:' || d.reward_id, 'reward:' || d.reward_id || ':2')
      left join oneshot.reward_codes c on c.reward_id = d.reward_id
      where d.reward_id is null or m.data ->> 'code' is distinct from c.code
      union all
      select 'outcome without its message ' || d.reward_id from oneshot.reward_deliveries d
      where d.state in ('queued', 'delivered', 'held')
        and not exists (select from oneshot.deliveries m where m.delivery_id = d.delivery_id)
      union all
      select 'a code that was given without a message ' || c.reward_id from oneshot.reward_codes c
      where c.reward_id is not null and not exists (
        select from oneshot.deliveries m where m.data ->> 'code' = c.code and m.data ->> 'reward_id' = c.reward_id)
      union all
      select 'a code in two rewards'' messages ' || min(data ->> 'reward_id') from oneshot.deliveries
      where data ->> 'code' is not null
      group by data ->> 'type', data ->> 'code' having count(distinct data ->> 'reward_id') > 1
      union all
      select 'reward ' || r.id || ' says ' || r.status || ' and its outcome ' || coalesce(d.state, 'none')
      from rewards r left join oneshot.reward_deliveries d on d.reward_id = r.id::text
      where r.status is distinct from coalesce(d.state, 'due') and r.status <> 'revoked'
      """
    ).map { $0[0] }
  }

  /// `ITEM KIND STATE: MESSAGE`.
  func letters() async throws -> [String] {
    try await place.rows(
      "select item || ' ' || error_kind || ' ' || state || ': ' || error_message as a from oneshot.dead_letters order by length(item), item"
    ).map { $0[0] }
  }
}

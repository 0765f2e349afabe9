import TestSupport

/// A place with users and items that wait for a digest, and the real binary that makes them.
struct Digests: JobFixture {
  static let job = "notification-digest"

  let place: Place
  var more: [String: String] = [:]

  init(_ more: [String: String] = [:]) async throws {
    (place, self.more) = (try await Place(), more)
    try await place.execute(
      """
      create table users (id bigint primary key, email text, locale text, timezone text);
      create table notifications (
        id bigint primary key, user_id bigint not null, type text not null default 'comment', category text default 'social',
        title text, body text, data jsonb, created_at timestamptz not null);
      create table digest_preferences (
        user_id bigint, frequency text, hour text, minute text, weekday text, timezone text, enabled boolean)
      """)
  }

  /// Nine in the morning, UTC; a Saturday.
  static let now = "2025-11-08T09:00:00Z"

  var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"].merging(more) { $1 } }

  func addUsers(_ ids: ClosedRange<Int>) async throws {
    try await place.execute(
      "insert into users select g, 'u' || g || '@example.org', null, 'UTC' from generate_series(\(ids.lowerBound), \(ids.upperBound)) g"
    )
  }

  /// Adds items, one after the other for users 1, 2, … and from 1 again.
  func add(
    _ ids: ClosedRange<Int>, users: Int = 1, frequency: String = "daily", at moment: String = "2025-11-08T01:00:00Z"
  ) async throws {
    try await place.execute(
      """
      with made as (
        insert into notifications (id, user_id, category, title, created_at)
        select g, 1 + g % \(users), (array['social', 'news'])[1 + g % 2], 'title ' || g, '\(moment)'::timestamptz + g * interval '1 second'
        from generate_series(\(ids.lowerBound), \(ids.upperBound)) g returning id, user_id)
      insert into oneshot.digest_items select user_id::text, '\(frequency)', id::text, '\(moment)' from made
      """)
  }

  func run(at moment: String) async throws -> Binary.Outcome { try await run([], ["JOB_SCHEDULED_AT": moment]) }

  /// `USER DUE ITEMS` of the digests that were made.
  func made() async throws -> [String] {
    try await place.rows(
      """
      select user_id || ' ' || to_char(due_at, 'MM-DD HH24:MI') || ' ' || items as a
      from oneshot.digests order by due_at, length(user_id), user_id
      """
    ).map { $0[0] }
  }

  /// What is not as it has to be whatever has happened.
  func mistakes() async throws -> [String] {
    try await place.rows(
      """
      select 'digest ' || d.digest_id || ' has ' || count(i) || ' of ' || d.items || ' items' as a
      from oneshot.digests d left join oneshot.digest_items i using (digest_id)
      group by d.digest_id having count(i) <> d.items
      union all
      select 'digest without a mail ' || digest_id from oneshot.digests d
      where not exists (select from oneshot.deliveries where delivery_id = d.delivery_id and (data ->> 'total')::integer = d.items)
      union all
      select 'mail without a digest ' || dedup_key from oneshot.deliveries where delivery_id not in (select delivery_id from oneshot.digests)
      union all
      select 'item of no digest ' || notification_id from oneshot.digest_items
      where digest_id is not null and digest_id not in (select digest_id from oneshot.digests)
      """
    ).map { $0[0] }
  }

  func letters() async throws -> [String] {
    try await place.rows(
      "select item || ' ' || error_kind || ' ' || state || ': ' || error_message as a from oneshot.dead_letters order by 1"
    ).map { $0[0] }
  }
}

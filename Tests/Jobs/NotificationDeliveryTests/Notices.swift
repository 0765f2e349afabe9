import TestSupport

/// A place with an application's users and notifications, and the real binary that decides about them.
struct Notices: JobFixture {
  static let job = "notification-delivery"

  let place: Place
  var more: [String: String] = [:]

  /// - Parameter id: the type of the application's ids.
  init(_ more: [String: String] = [:], id: String = "bigint") async throws {
    (place, self.more) = (try await Place(), more)
    try await place.execute(
      """
      create table users (id \(id) primary key, email text, locale text, timezone text);
      create table notifications (
        id \(id) primary key, user_id \(id) not null, type text not null default 'comment', category text default 'social',
        title text default 'a title', body text default 'a body', data jsonb,
        created_at timestamptz not null default '\(Self.now)', collapse_key text, expires_at timestamptz);
      create table notification_preferences (user_id \(id), category text, channel text, mode text);
      create index on notification_preferences (user_id);
      select oneshot.notifications_track()
      """)
  }

  var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"].merging(more) { $1 } }

  func addUsers(_ ids: ClosedRange<Int>) async throws {
    try await place.execute(
      """
      insert into users select g, 'u' || g || '@example.org', 'de', 'UTC'
      from generate_series(\(ids.lowerBound), \(ids.upperBound)) g
      """)
  }

  /// Adds notifications, one after the other to users 1, 2, … and from 1 again.
  func add(_ ids: ClosedRange<Int>, users: Int = 1, category: String = "social", more: String = "null") async throws {
    try await place.execute(
      """
      insert into notifications (id, user_id, category, collapse_key)
      select g, 1 + g % \(users), '\(category)', \(more)
      from generate_series(\(ids.lowerBound), \(ids.upperBound)) g
      """)
  }

  /// What was decided for the e-mails: `1 immediate`.
  func mails() async throws -> [String] {
    try await place.rows(
      """
      select notification_id || ' ' || outcome as a from oneshot.notification_outcomes
      where channel = 'email' order by length(notification_id), 1
      """
    ).map { $0[0] }
  }

  /// What is not as it has to be whatever has happened: something that is decided and still waits, or neither; something
  /// that is shown twice or not; an outcome without what it says, or more than that.
  func mistakes() async throws -> [String] {
    try await place.rows(
      """
      with known as (
        select n.id::text as id, n.user_id::text as user_id,
          exists (select from oneshot.notification_pending p where p.notification_id = n.id::text) as waits,
          (select count(*) from oneshot.notification_inbox i where i.notification_id = n.id::text) as shown,
          (select count(*) from oneshot.notification_outcomes o where o.notification_id = n.id::text) as outcomes,
          (select outcome from oneshot.notification_outcomes o where o.notification_id = n.id::text and channel = 'email') as mail,
          (select count(*) from oneshot.deliveries d where d.dedup_key = 'notification:' || n.id || ':email') as requested,
          (select count(*) from oneshot.digest_items i where i.notification_id = n.id::text) as items
        from notifications n)
      select id || ': waits ' || waits || ', shown ' || shown || ', outcomes ' || outcomes || ', mail ' || coalesce(mail, '-')
        || ', requested ' || requested || ', items ' || items as a
      from known
      where case when waits then (shown, outcomes, requested, items) <> (0, 0, 0, 0)
        else shown <> 1 or outcomes <> 2 or requested <> (mail in ('immediate', 'quiet'))::integer
          or items <> (mail in ('daily', 'weekly', 'overflow'))::integer end
      """
    ).map { $0[0] }
  }

  func letters() async throws -> [String] {
    try await place.rows(
      "select item || ' ' || error_kind || ' ' || state || ': ' || error_message as a from oneshot.dead_letters order by 1"
    ).map { $0[0] }
  }
}

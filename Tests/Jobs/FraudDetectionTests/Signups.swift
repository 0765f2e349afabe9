import TestSupport

/// A place with sign-ups of a waitlist, and the real binary that checks them.
struct Signups: JobFixture {
  static let job = "fraud-detection"

  let place: Place
  var more: [String: String] = [:]

  init(_ more: [String: String] = [:]) async throws {
    (place, self.more) = (try await Place(), more)
    try await place.execute(Self.table)
  }

  static let table = """
    create table waitlist_entries (
      id bigint primary key, campaign_id bigint not null default 1, email text, referred_by bigint, ip inet,
      device_fingerprint text, user_agent text default 'Mozilla/5.0', form_ms integer, honeypot text, verified_at timestamptz,
      created_at timestamptz);
    create index on waitlist_entries (created_at);
    """

  var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"].merging(more) { $1 } }

  /// Adds entries: `select` yields some of the columns, by their names.
  func add(_ columns: String, _ select: String) async throws {
    try await place.execute("insert into waitlist_entries (\(columns)) \(select)")
  }

  /// What is known of each entry: `17 held 85`.
  func states() async throws -> [String] {
    try await place.rows(
      "select entry_id || ' ' || state || ' ' || score as a from oneshot.fraud_reviews order by entry_id"
    ).map { $0[0] }
  }

  /// All that was found, evidence and all, without the times.
  func findings() async throws -> [String] {
    try await place.rows(
      """
      select entry_id || ' ' || check_name || ' ' || points || ' ' || evidence as a from oneshot.fraud_signals
      union all select entry_id || ' ' || state || ' ' || score from oneshot.fraud_reviews
      order by 1
      """
    ).map { $0[0] }
  }

  /// Types and entries of the events, in the order in which they were written.
  func events() async throws -> [String] {
    try await place.rows(
      "select (event ->> 'type') || ' ' || (event -> 'data' ->> 'entry_id') as a from oneshot.events order by seq"
    ).map { $0[0] }
  }
}

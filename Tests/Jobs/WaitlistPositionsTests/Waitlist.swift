import TestSupport

/// A place with a waitlist, and the real binary that places its entries.
struct Waitlist: JobFixture {
  static let job = "waitlist-positions"

  let place: Place
  var more: [String: String] = [:]

  init(_ more: [String: String] = [:], on servers: PrivateServers? = nil) async throws {
    (place, self.more) = (try await Place(on: servers), more)
    try await place.execute(
      """
      create table waitlist_campaigns (id bigint primary key, status text not null, points_per_referral integer);
      create table waitlist_entries (
        id bigint primary key, campaign_id bigint not null, referred_by bigint, original_position bigint, position bigint,
        verified_at timestamptz, status text default 'active');
      insert into waitlist_campaigns (id, status) values (1, 'live')
      """)
  }

  var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"].merging(more) { $1 } }

  /// A run for the night some days later.
  func run(day: Int, _ more: [String: String] = [:]) async throws -> Binary.Outcome {
    try await run([], ["JOB_SCHEDULED_AT": "2025-11-\(day < 10 ? "0" : "")\(day)T02:00:00Z"].merging(more) { $1 })
  }

  /// Adds verified entries without a place, in the order of their ids, each at its id.
  func add(_ ids: ClosedRange<Int>, to campaign: Int = 1) async throws {
    try await place.execute(
      """
      insert into waitlist_entries (id, campaign_id, original_position, verified_at)
      select g, \(campaign), g, '2025-11-01' from generate_series(\(ids.lowerBound), \(ids.upperBound)) g
      """)
  }

  /// Adds verified entries that an entry has referred.
  func refer(_ ids: ClosedRange<Int>, by referrer: Int) async throws {
    try await place.execute(
      """
      insert into waitlist_entries (id, campaign_id, original_position, verified_at, referred_by)
      select g, 1, g, '2025-11-01', \(referrer) from generate_series(\(ids.lowerBound), \(ids.upperBound)) g
      """)
  }

  /// The ids of a campaign's entries in the order of their places; each with its place where it is not its rank.
  func order(_ campaign: Int = 1) async throws -> [String] {
    try await place.rows(
      """
      select id || case when position = row_number() over (order by position, id) then '' else ':' || position end as a
      from waitlist_entries where campaign_id = \(campaign) and position is not null order by position, id
      """
    ).map { $0[0] }
  }

  /// Entry, old place and new place of all events, in the order in which they were written.
  func events() async throws -> [String] {
    try await place.rows(
      """
      select concat_ws(' ', data ->> 'entry_id', data ->> 'from', data ->> 'to', data ->> 'top') as a
      from (select seq, event -> 'data' as data from oneshot.events) as e order by seq
      """
    ).map { $0[0] }
  }

  func letters() async throws -> [String] {
    try await place.rows("select error_kind || ' ' || item || ' ' || state as a from oneshot.dead_letters order by 1")
      .map { $0[0] }
  }
}

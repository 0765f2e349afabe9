import TestSupport

/// A place with posts that wait for their time, and the real binary that publishes them.
struct Editorial: JobFixture {
  static let job = "publish-scheduled"

  let place: Place
  var more: [String: String] = [:]

  /// - Parameters:
  ///   - type: of the columns that hold a time.
  init(_ more: [String: String] = [:], type: String = "timestamptz", on servers: PrivateServers? = nil) async throws {
    (place, self.more) = (try await Place(on: servers), more)
    try await place.execute(Self.table(type: type))
  }

  static func table(_ name: String = "posts", type: String = "timestamptz") -> String {
    """
    create table \(name) (
      id bigint primary key, status text not null default 'scheduled', publish_at \(type), published_at \(type),
      unpublish_at \(type), picture text);
    create index on \(name) (publish_at, id) where status = 'scheduled';
    """
  }

  var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"].merging(more) { $1 } }

  /// Schedules posts, one in each interval up to and with the moment that runs are for.
  func add(_ ids: ClosedRange<Int>, every interval: String = "1 second", until moment: String = Self.now) async throws {
    try await place.execute(
      """
      insert into posts (id, publish_at)
      select g, timestamptz '\(moment)' - (\(ids.upperBound) - g) * interval '\(interval)'
      from generate_series(\(ids.lowerBound), \(ids.upperBound)) g
      """)
  }

  func statuses() async throws -> [String] {
    try await place.rows("select id || ' ' || status as a from posts order by id").map { $0[0] }
  }

  /// Types and posts of the events, in the order in which they were written.
  func events() async throws -> [String] {
    try await place.rows(
      "select (event ->> 'type') || ' ' || (event -> 'data' ->> 'id') as a from oneshot.events order by seq"
    ).map { $0[0] }
  }

  /// What is not as it has to be whatever has happened: published posts without their one event, events of posts that are
  /// not published, an event that stands before one that was due earlier.
  func mistakes() async throws -> [String] {
    try await place.rows(
      """
      with written as (
        select event -> 'data' ->> 'id' as id, (event -> 'data' ->> 'scheduled_for')::timestamptz as due_at, seq
        from oneshot.events where event ->> 'type' = 'post.published'
      )
      select 'post ' || p.id || ' is ' || status || ', and has ' || count(w.id) || ' events' as a
      from posts p left join written w on w.id = p.id::text
      group by p.id, status having count(w.id) <> (status = 'published')::integer
      union all
      select 'event ' || id || ' has number ' || by_number || ', and was due as number ' || by_time
      from (
        select id, row_number() over (order by seq) as by_number, row_number() over (order by due_at, id::bigint) as by_time
        from written) as ordered
      where by_number <> by_time
      """
    ).map { $0[0] }
  }

  func letters() async throws -> [String] {
    try await place.rows("select error_kind || ' ' || item || ' ' || state as a from oneshot.dead_letters order by 1")
      .map { $0[0] }
  }
}

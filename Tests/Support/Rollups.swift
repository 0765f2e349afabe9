/// A place with raw metric events, and the real binary that rolls them up.
package struct Rollups: JobFixture {
  package static let job = "metrics-rollups"
  package static let levels = ["hourly", "daily", "weekly", "monthly"]

  package let place: Place

  /// - Parameter zone: where days begin.
  package let zone: String

  package init(zone: String = "UTC", on servers: PrivateServers? = nil) async throws {
    (self.zone, place) = (zone, try await Place(on: servers))
  }

  /// Of days that a test empties, the rollups go.
  package var settings: [String: String] {
    [
      "JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true", "ROLLUPS_TIMEZONE": zone, "ROLLUPS_ON_EMPTIED": "remove",
    ]
  }

  /// Adds events of three metrics and seven entities, this many of them, one in each interval before a moment.
  ///
  /// Values are whole quarters.
  package func add(_ count: Int, every interval: String = "7 minutes", before moment: String = Self.now) async throws {
    try await place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'metric ' || g % 3, 'user', 'user ' || g % 7, (g % 101 - 30) / 4.0, timestamptz '\(moment)' - g * interval '\(interval)'
      from generate_series(1, \(count)) g
      """)
  }

  /// Adds more events than one transaction takes of several days, so that this day is done alone.
  package func addBusy(_ day: String) async throws {
    try await place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'busy', 'user', 'x', 1, timestamptz '\(day) 10:00+00' + g * interval '0.1 seconds' from generate_series(1, 110000) g
      """)
  }

  /// Adds one event.
  package func add(_ metric: String, _ value: Double = 1, at moment: String) async throws {
    try await place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      values ('\(metric)', 'user', 'x', \(value), '\(moment)')
      """)
  }

  /// What rollups should be, by a plain query over the raw events and nothing of ours.
  package func plain(in zone: String? = nil) -> String {
    Self.levels.map { level in
      let unit = ["hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"][level] ?? ""
      return """
        select '\(level)', date_trunc('\(unit)', occurred_at, '\(zone ?? self.zone)'), metric, entity_type, entity_id,
          count(*), sum(value::text::numeric)::double precision, min(value), max(value), sum(value::text::numeric)
        from metric_events group by 2, 3, 4, 5
        """
    }.joined(separator: " union all ")
  }

  /// The same for a zone whose clocks change by half an hour or over midnight.
  ///
  /// A day begins when the clock first shows its date, and hours are counted from there.
  ///
  /// It models events within some months.
  package var modelled: String {
    """
    with days as (
      select day, min(at) as start
      from (
        select at, (at at time zone '\(zone)')::date as day
        from generate_series(
          (select date_trunc('day', min(occurred_at), 'UTC') - interval '45 days' from metric_events),
          (select max(occurred_at) + interval '45 days' from metric_events), interval '15 minutes') as at) as clock
      group by day
    ), spans as (select day, start, lead(start) over (order by day) as until from days),
    placed as (
      select event.*, start, start + floor(extract(epoch from occurred_at - start) / 3600) * interval '1 hour' as hour,
        (select start from days as monday where monday.day = date_trunc('week', spans.day::timestamp)::date) as week,
        (select start from days as first where first.day = date_trunc('month', spans.day::timestamp)::date) as month
      from metric_events as event join spans on occurred_at >= start and occurred_at < until
    )
    select level, bucket, metric, entity_type, entity_id, count(*), sum(value::text::numeric)::double precision, min(value),
      max(value), sum(value::text::numeric)
    from placed
    cross join lateral (values ('hourly', hour), ('daily', start), ('weekly', week), ('monthly', month)) as buckets (level, bucket)
    group by 1, 2, 3, 4, 5
    """
  }

  package static let stored = """
    select granularity, bucket_start, metric, entity_type, entity_id, count, sum, min, max, sum_exact from metric_rollups
    where source = 'metric_events'
    """

  /// Rows that stand only in what is stored, or only in what a plain query yields; at most a few.
  ///
  /// - Parameter model: another query that says what is right.
  package func differences(in zone: String? = nil, from model: String? = nil) async throws -> [String] {
    let plain = model ?? plain(in: zone)
    return try await place.rows(
      """
      select 'too much: ' || line as a from (select row(a.*)::text as line from (\(Self.stored) except all (\(plain))) a limit 5) b
      union all
      select 'missing: ' || line from (select row(a.*)::text as line from ((\(plain)) except all \(Self.stored)) a limit 5) b
      """
    ).map { $0[0] }
  }

  /// The stored rows with the transaction that last wrote each.
  package func versions() async throws -> [[String]] {
    try await place.rows(
      "select r.xmin::text || ' ' || r.ctid || ' ' || r.tableoid as a, r::text as b from metric_rollups r order by 2")
  }

  package func queued() async throws -> Int {
    Int(try await place.value("select count(*) from oneshot.rollup_queue")) ?? -1
  }
}

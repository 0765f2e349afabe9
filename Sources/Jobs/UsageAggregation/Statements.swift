import JobRuntime
import Postgres

/// The job's SQL with its values bound; the texts are in `sql/`.
enum Statements {
  static func days(
    _ settings: UsageAggregation.Settings, only dates: [CalendarDay]?, reading: String, _ run: JobRun
  ) throws -> Statement {
    try Statement(
      file: "days.sql", PackageResources.days_sql,
      binding: [
        "scheduled_at": run.scheduledAt, "started_at": run.startedAt, "timezone": settings.timeZone,
        "unit": settings.format.time.unit == .month ? "month" : "day", "dates": dates ?? settings.days.dates,
        "offsets": dates == nil ? settings.days.offsets : [],
        "by_default": dates == nil && settings.days.isOpen, "with_completed": settings.mode == .status,
        "include_today": dates == nil && settings.includesToday,
        // Half a day more of life is another day to check.
        "retention_days": Int((settings.retention.inMilliseconds + 86_399_999) / 86_400_000),
        "settle_seconds": Double(settings.settle.inMilliseconds) / 1000,
        "recheck": settings.recheck && settings.merchant == nil,
        "life_seconds": Double(settings.lifeAfterDay.inMilliseconds) / 1000,
        "instance": run.instance, "server": run.server, "key_prefix": settings.source,
        "shard": run.shard.index, "shard_count": run.shard.count, "reading": reading,
      ])
  }

  static let rejections: Statement = """
    select r ->> 'item' as item, r ->> 'kind' as kind, r ->> 'message' as message, (r -> 'payload')::text as payload
    from staged_counters, lateral (select rejection::jsonb as r) parsed
    where rejection is not null
    """

  static let stagedDays: Statement = """
    select distinct usage_date as day from staged_counters where rejection is null order by 1
    """

  static func isUnwritten(_ day: CalendarDay, in table: CounterTable) -> Statement {
    "select not exists (select from \(identifier: table.name) where usage_date = \(day)) as is_unwritten"
  }

  static func insert(_ day: CalendarDay, into table: CounterTable, within limit: Duration) throws -> Statement {
    try table.fragment("insert_day.sql", PackageResources.insert_day_sql, ["day": day]).statement().limited(to: limit)
  }

  static func rejected(_ day: CalendarDay) -> Statement {
    "select count(*) as rejected from staged_counters where usage_date = \(day) and rejection is not null"
  }

  /// Finds the differing counters and, when writing, writes them; counts both.
  ///
  /// May take as long as the run.
  static func merge(
    _ day: CalendarDay, into table: CounterTable, writing: Bool, within limit: Duration
  ) throws -> Statement {
    let write = table.fragment("write_changed.sql", PackageResources.write_changed_sql, ["day": day])
    return try table.fragment("merge.sql", PackageResources.merge_sql, ["day": day])
      .filling(["written": writing ? write : .empty]).statement().limited(to: limit)
  }

  /// How many counters of a day were staged; those that were read twice count once.
  static func exactKeys(_ day: CalendarDay, of table: CounterTable, within limit: Duration) throws -> Statement {
    try table.fragment("exact_keys.sql", PackageResources.exact_keys_sql, ["day": day]).statement().limited(to: limit)
  }

  /// Creates the view that a user's file reads: the counters of a day.
  static func showStaged(_ day: CalendarDay, of table: CounterTable) throws -> [Statement] {
    [
      "select set_config('oneshot.usage_day', \(day.description), true)",
      try table.fragment("staged_usage.sql", PackageResources.staged_usage_sql, [:]).statement(),
    ]
  }

  /// Brings the sums of a day up to its hours.
  static func sumHours(of day: CalendarDay, overwriting: Bool, within limit: Duration) throws -> Statement {
    try Statement(
      file: "sum_hours.sql", PackageResources.sum_hours_sql, binding: ["day": day, "overwrite": overwriting]
    ).limited(to: limit)
  }

  /// The sums that are smaller than the stored values.
  static func smallerSums(of day: CalendarDay, limit: Int, within time: Duration) throws -> Statement {
    try Statement(
      file: "smaller_sums.sql", PackageResources.smaller_sums_sql, binding: ["day": day, "limit": limit]
    ).limited(to: time)
  }

  /// Records that a completed day was read again, although none of its counters is left.
  static func noteReading(
    of day: CalendarDay, _ settings: UsageAggregation.Settings, _ run: JobRun
  ) throws -> Statement {
    try Statement(
      file: "note_reading.sql", PackageResources.note_reading_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.source, "day": day,
        "shard": run.shard.index, "shard_count": run.shard.count, "read_for": min(run.scheduledAt, run.startedAt),
      ])
  }

  /// Records that a completed day has changed, and will be completed again.
  static func noteChange(of day: CalendarDay, _ settings: UsageAggregation.Settings, _ run: JobRun) -> Statement {
    """
    update oneshot.usage_days set changed_at = now()
    where instance = \(run.instance) and server = \(run.server) and key_prefix = \(settings.source)
      and usage_date = \(day) and shard_count = \(run.shard.count) and shard = \(run.shard.index)
    """
  }

  /// Whether all shards have completed a day.
  static func isCompletedByAll(
    _ day: PlannedDay, _ settings: UsageAggregation.Settings, _ run: JobRun
  ) -> Statement {
    """
    select count(*) = \(run.shard.count) as is_completed from oneshot.usage_days
    where instance = \(run.instance) and server = \(run.server) and key_prefix = \(settings.source)
      and usage_date = \(day.date) and shard_count = \(run.shard.count) and reading = \(day.reading)
    """
  }

  static func regressed(
    _ day: CalendarDay, in table: CounterTable, limit: Int, within time: Duration
  ) throws -> Statement {
    try table.fragment("regressed.sql", PackageResources.regressed_sql, ["day": day, "limit": limit])
      .statement().limited(to: time)
  }

  static func overwriteRegressed(
    _ day: CalendarDay, in table: CounterTable, within limit: Duration
  ) throws -> Statement {
    try table.fragment("overwrite_regressed.sql", PackageResources.overwrite_regressed_sql, ["day": day])
      .statement().limited(to: limit)
  }

  /// The dead letters that a day resolves.
  static func resolved(_ day: CalendarDay, _ settings: UsageAggregation.Settings) -> SQLFragment {
    settings.table.fragment(
      "resolve.sql", PackageResources.resolve_sql, ["day": day, "key_prefix": settings.source])
  }

  static func complete(
    _ day: PlannedDay, _ report: DayReport, _ settings: UsageAggregation.Settings, _ run: JobRun
  ) throws -> Statement {
    try Statement(
      file: "complete_day.sql", PackageResources.complete_day_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.source, "day": day.date,
        "shard": run.shard.index, "shard_count": run.shard.count, "reading": day.reading,
        "keys": report.keys, "run_id": run.id, "read_for": min(run.scheduledAt, run.startedAt),
        "has_changed": report.hasChanged,
      ])
  }

  /// For each of these days, how many rows have no counter any more; a day without rows is left out.
  static func lostRows(_ days: [PlannedDay], _ settings: UsageAggregation.Settings, _ run: JobRun) throws -> Statement {
    try settings.table.fragment(
      "lost_rows.sql", PackageResources.lost_rows_sql,
      [
        "instance": run.instance, "server": run.server, "key_prefix": settings.source, "days": days.map(\.date),
        "merchant": settings.merchant, "is_whole": run.shard.isWhole, "known_keys": days.map(\.knownKeys),
      ]
    ).statement().limited(to: run.timeLeft)
  }

  static func status(_ day: CalendarDay, _ settings: UsageAggregation.Settings, _ run: JobRun) throws -> Statement {
    try settings.table.fragment(
      "status.sql", PackageResources.status_sql,
      ["day": day, "merchant": settings.merchant, "is_whole": run.shard.isWhole]
    ).statement().limited(to: run.timeLeft)
  }

  /// The parts of the keys of a day's staged counters, from a block of the table on.
  static func writtenKeys(_ day: CalendarDay, of table: CounterTable, fromBlock block: Int) throws -> Statement {
    try table.fragment(
      "written_keys.sql", PackageResources.written_keys_sql,
      ["day": day, "first": "(\(block),0)", "end": "(\(block + blocksAPage),0)"]
    ).statement()
  }

  /// About seven thousand keys.
  static let blocksAPage = 64

  static let stagedBlocks: Statement = """
    select pg_relation_size('staged_counters') / current_setting('block_size')::bigint as blocks
    """
}

import JobRuntime
import Postgres

/// The job's SQL with its values bound; the texts stand in `sql/`.
enum Statements {
  static func days(
    _ settings: UsageAggregation.Settings, only dates: [CalendarDay]?, _ run: JobRun
  ) throws -> Statement {
    try Statement(
      file: "days.sql", PackageResources.days_sql,
      binding: [
        "scheduled_at": run.scheduledAt, "started_at": run.startedAt, "timezone": settings.timeZone,
        "unit": settings.format.time.unit == .month ? "month" : "day", "dates": dates ?? settings.days.dates,
        "offsets": dates == nil ? settings.days.offsets : [],
        "by_default": dates == nil && settings.days.isOpen, "with_completed": settings.mode == .status,
        "include_today": dates == nil && settings.includesToday,
        // Half a day of life more is a day to look at.
        "retention_days": Int((settings.retention.inMilliseconds + 86_399_999) / 86_400_000),
        "settle_seconds": Double(settings.settle.inMilliseconds) / 1000,
        "recheck": settings.recheck && settings.merchant == nil,
        "life_seconds": Double(settings.lifeAfterDay.inMilliseconds) / 1000,
        "instance": run.instance, "server": run.server, "key_prefix": settings.format.name,
        "shard": run.shard.index, "shard_count": run.shard.count,
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

  static func isUnwritten(_ day: CalendarDay) -> Statement {
    "select not exists (select from merchant_usage where usage_date = \(day)) as is_unwritten"
  }

  static func insert(_ day: CalendarDay, within limit: Duration) throws -> Statement {
    try Statement(file: "insert_day.sql", PackageResources.insert_day_sql, binding: ["day": day]).limited(to: limit)
  }

  static func rejected(_ day: CalendarDay) -> Statement {
    "select count(*) as rejected from staged_counters where usage_date = \(day) and rejection is not null"
  }

  /// Finds what differs and, when writing, writes it; counts both. As long as the run may last.
  static func merge(_ day: CalendarDay, writing: Bool, within limit: Duration) throws -> Statement {
    let inputs = ["day": day]
    let write = SQLFragment("write_changed.sql", PackageResources.write_changed_sql, inputs)
    return try SQLFragment("merge.sql", PackageResources.merge_sql, inputs)
      .filling(["written": writing ? write : .empty]).statement().limited(to: limit)
  }

  static func exactKeys(_ day: CalendarDay, within limit: Duration) -> Statement {
    let statement: Statement = """
      select count(*) as keys from (
        select from staged_counters where usage_date = \(day) and rejection is null
        group by merchant_id, metric_type) distinct_keys
      """
    return statement.limited(to: limit)
  }

  static func regressed(
    _ day: CalendarDay, limit: Int, within time: Duration
  ) throws -> Statement {
    try Statement(
      file: "regressed.sql", PackageResources.regressed_sql,
      binding: ["day": day, "limit": limit]
    ).limited(to: time)
  }

  static func overwriteRegressed(_ day: CalendarDay, within limit: Duration) throws -> Statement {
    try Statement(file: "overwrite_regressed.sql", PackageResources.overwrite_regressed_sql, binding: ["day": day])
      .limited(to: limit)
  }

  /// Which dead letters a day resolves.
  static func resolved(_ day: CalendarDay, _ settings: UsageAggregation.Settings) -> SQLFragment {
    SQLFragment("resolve.sql", PackageResources.resolve_sql, ["day": day, "key_prefix": settings.format.name])
  }

  static func complete(
    _ day: CalendarDay, _ report: DayReport, _ settings: UsageAggregation.Settings, _ run: JobRun
  ) throws -> Statement {
    try Statement(
      file: "complete_day.sql", PackageResources.complete_day_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.format.name, "day": day,
        "shard": run.shard.index, "shard_count": run.shard.count,
        "keys": report.keys, "run_id": run.id, "read_for": min(run.scheduledAt, run.startedAt),
        "has_changed": report.hasChanged,
      ])
  }

  /// How many rows of a day have lost their counters, where it has none any more.
  static func lostRows(_ day: PlannedDay, _ settings: UsageAggregation.Settings, _ run: JobRun) throws -> Statement {
    try Statement(
      file: "lost_rows.sql", PackageResources.lost_rows_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.format.name, "day": day.date,
        "merchant": settings.merchant, "is_whole": run.shard.isWhole, "completed_keys": day.completedKeys,
      ]
    ).limited(to: run.timeLeft)
  }

  static func status(_ day: CalendarDay, _ settings: UsageAggregation.Settings, _ run: JobRun) throws -> Statement {
    try Statement(
      file: "status.sql", PackageResources.status_sql,
      binding: ["day": day, "merchant": settings.merchant, "is_whole": run.shard.isWhole]
    ).limited(to: run.timeLeft)
  }

  /// What the keys name that were staged of a day, from so many blocks of the table on.
  static func writtenKeys(_ day: CalendarDay, fromBlock block: Int) throws -> Statement {
    try Statement(
      file: "written_keys.sql", PackageResources.written_keys_sql,
      binding: ["day": day, "first": "(\(block),0)", "end": "(\(block + blocksAPage),0)"])
  }

  /// About seven thousand keys.
  static let blocksAPage = 64

  static let stagedBlocks: Statement = """
    select pg_relation_size('staged_counters') / current_setting('block_size')::bigint as blocks
    """
}

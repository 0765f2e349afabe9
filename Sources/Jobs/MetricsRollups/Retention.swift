import JobRuntime
import Postgres

/// How long each level is kept, counted back from the run's scheduled time, or from now if that is in the future.
struct Keeping: Sendable {
  var raw: Duration?
  var levels: [Granularity: Duration] = [:]

  var isOff: Bool { raw == nil && levels.isEmpty }

  /// A level must not be kept longer than the levels above it: otherwise a late event would recreate a removed bucket
  /// from the parts that are left.
  init(from env: inout Environment) {
    raw = env.optionalDuration(
      "ROLLUPS_KEEP_RAW", in: .days(1) ... .days(36_525),
      help:
        "Age at which raw events leave metric_events. Hours before that are closed: no source is counted there any more."
    )
    env.reserveForInstallers("ROLLUPS_KEEP_RAW")
    var shorter = ("ROLLUPS_KEEP_RAW", raw)
    for granularity in Granularity.allCases {
      let name = "ROLLUPS_KEEP_\(granularity.rawValue.uppercased())"
      let made = granularity == .weekly || granularity == .monthly
      let age = env.optionalDuration(
        name, in: .days(1) ... .days(36_525), help: "Age at which \(granularity.rawValue) rollups are removed.")
      env.reserveForInstallers(name)
      levels[granularity] = age
      guard !made else { continue }
      if let age, shorter.1.map({ $0 > age }) ?? true {
        env.complain(
          name, "needs \(shorter.0) to be set, and to be no longer: rollups made of a part have to outlive it")
      }
      shorter = (name, age)
    }
    let ages = [("raw", raw)] + Granularity.allCases.map { ($0.rawValue, levels[$0]) }
    env.select(
      ages.map { "ROLLUPS_KEEP_\($0.0.uppercased())" }, as: "keep",
      ages.compactMap { name, age in age.map { "\(name)_\(DurationText.format($0))" } }, unlike: [])
  }
}

extension RollupPass {
  private static let batch = 5000

  /// Removes what is older than its time to be kept, in small batches, and never events that have not been rolled up.
  mutating func removeOld() async throws {
    guard !settings.keeping.isOff else { return }
    for known in sources {
      // The rest that an earlier run has not removed is removed before its border moves on.
      if known.source.isOurTable { try await removeRaw(known.source) }
      guard let borders = try await moveBorders(known) else { continue }
      try await warnOfHeldBack(known.source)
      if known.source.isOurTable { try await removeRaw(known.source) }
      for granularity in Granularity.allCases where settings.keeping.levels[granularity] != nil {
        if let before = borders[granularity] { try await remove(granularity, of: known.source, before: before) }
      }
    }
  }

  /// Moves borders back that lie beyond the present day, week or month: all events before such a border would count as
  /// too late, for as long as it is ahead.
  static func bringBackBorders(of ahead: [String], _ run: JobRun) async throws {
    run.log.warning(
      "\(closedAhead); they are opened from the end of the present day on",
      ["sources": .array(ahead.map { .string($0) })])
    guard !run.isDryRun else { return }
    let statement = try Statement(
      file: "bring_back_borders.sql", PackageResources.bring_back_borders_sql, binding: ["sources": ahead])
    try await run.transaction { tx in try tx.execute(statement) }
  }

  private static let closedAhead = "a wrong clock has closed hours that are yet to come"

  /// The failure of a check for a source with such a border.
  static func borderAhead(_ source: String) -> JobFailure {
    JobFailure(
      .misconfigured, "\(closedAhead): a border of \(source) in oneshot.rollup_positions lies after the present day",
      hint:
        "Correct the clocks. The next run other than a verification opens them from the end of the present day on."
    )
  }

  /// The warning of a run that writes nothing: its comparison is correct, but events to come would count as too late.
  func warnOfBordersAhead() {
    guard !ahead.isEmpty else { return }
    run.log.warning(
      "\(Self.closedAhead); the next run other than a verification opens them",
      ["sources": .array(ahead.map { .string($0) })])
  }

  /// - Returns: for each level, the time from which it is kept.
  private func moveBorders(_ known: SourceState) async throws -> [Granularity: Timestamp]? {
    let keeping = settings.keeping
    let moment = min(run.scheduledAt, run.startedAt)
    var values: [String: any PostgresEncodable] = [
      "source": known.source.name, "zone": settings.timezone, "moment": moment,
      "raw_before": keeping.raw.map { moment - $0 },
      // The hours that every run calculates again stay open.
      "calendar_start": Bucket.allEvents.start, "recent_from": known.kind == .recent ? moment - settings.lookback : nil,
    ]
    for granularity in Granularity.allCases {
      // Not by subscript, which would remove the key of a nil value.
      values.updateValue(keeping.levels[granularity].map { moment - $0 }, forKey: "\(granularity.rawValue)_before")
    }
    let statement = try Statement(file: "move_borders.sql", PackageResources.move_borders_sql, binding: values)
    return try await run.transaction { tx in
      guard let row = try tx.query(statement).first else { return nil }
      var borders: [Granularity: Timestamp] = [:]
      for granularity in Granularity.allCases { borders[granularity] = try row.optional(granularity.rawValue) }
      return borders
    }
  }

  /// A level that no schedule calculates holds back for ever what is kept for it.
  private func warnOfHeldBack(_ source: Source) async throws {
    let (name, levels) = (source.name, settings.levels.map(\.rawValue))
    let oldest: [(level: String, start: Timestamp)] = try await run.reading { session in
      try session.query(
        """
        select granularity, min(bucket_start) as oldest from oneshot.rollup_queue
        where source = \(name) and granularity <> all (\(levels)::text[]) group by granularity order by granularity
        """
      ).map { (try $0.value("granularity"), try $0.value("oldest")) }
    }
    for (level, start) in oldest {
      let part = Granularity(rawValue: level)?.child
      let kept = part.map { settings.keeping.levels[$0] ?? nil } ?? settings.keeping.raw
      guard let kept, start < min(run.scheduledAt, run.startedAt) - kept else { continue }
      run.log.warning(
        "what is older than it is to be kept stays for \(level) rollups, which this schedule does not calculate",
        ["source": .string(name), "oldest": .string(start.rfc3339)])
    }
  }

  private mutating func removeRaw(_ source: Source) async throws {
    let remove = try Statement(
      file: "remove_raw.sql", PackageResources.remove_raw_sql,
      binding: ["source": source.name, "batch": Self.batch, "calendar_start": Bucket.allEvents.start])
    report.rawRemoved += try await inBatches { tx in
      // Their rollups stay.
      try tx.query("select set_config('oneshot.keep_rollups', 'on', true)")
      return try tx.execute(remove)
    }
    let name = source.name
    try await run.transaction { tx in
      try tx.execute(
        """
        update oneshot.rollup_positions set raw_removed_until = raw_from
        where source = \(name) and raw_from is distinct from raw_removed_until
        """)
    }
  }

  private mutating func remove(_ granularity: Granularity, of source: Source, before: Timestamp) async throws {
    let remove = try Statement(
      file: "remove_rollups.sql", PackageResources.remove_rollups_sql,
      binding: ["source": source.name, "granularity": granularity.rawValue, "before": before, "batch": Self.batch])
    report.rollupsRemoved += try await inBatches { tx in try tx.execute(remove) }
  }

  private func inBatches(_ remove: @Sendable (borrowing Transaction) throws -> Int) async throws -> Int {
    var total = 0
    while true {
      try Task.checkCancellation()
      let removed = try await run.transaction(remove)
      guard removed > 0 else { return total }
      total += removed
    }
  }
}

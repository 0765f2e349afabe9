import JobRuntime
import Postgres

/// Brings what was staged to where it is kept, a day in a transaction.
extension UsageAggregation {
  /// Writes one day, or makes it a dead letter where Postgres refuses it for a cause of its own.
  ///
  /// - Returns: `nil` when it was refused.
  func writeOrReject(_ day: PlannedDay, hasRejected: Bool, _ run: JobRun) async throws -> WrittenDay? {
    do {
      return try await write(day, hasRejected: hasRejected, run)
    } catch {
      guard let failure = failure(of: day.date, error, run) else { throw error }
      try await run.transaction { tx in try tx.reject([failure]) }
      return nil
    }
  }

  /// Writes one day in one transaction: only rows that are new or greater than what is stored.
  ///
  /// - Parameter hasRejected: whether the pass rejected anything, of whatever day.
  func write(_ day: PlannedDay, hasRejected: Bool, _ run: JobRun) async throws -> WrittenDay {
    let (settings, item) = (settings, item(of: day.date, run.shard))
    let written = try await run.transaction { tx in
      var written = WrittenDay(report: try Self.take(day.date, settings, run, tx))
      if day.completedKeys != nil {
        written.report.late = written.report.inserted + written.report.updated + written.report.written
      }
      // Before new failures are told: one that fails again is opened again.
      if !run.isDryRun {
        // The planner takes them for a single row whatever their number, and would read the whole staged table once for
        // each, so nested loops are ruled out meanwhile.
        try tx.query("set local enable_nestloop = off")
        try tx.resolve(where: Statements.resolved(day.date, settings), limit: run.timeLeft)
        try tx.query("set local enable_nestloop = on")
        if written.report.keys > 0 { try tx.resolve([item]) }
      }
      if written.report.regressed > 0 {
        written.regressedItems = try Self.handleRegressed(day.date, settings, run, tx)
        written.report.hasOverwritten = settings.onRegression == .overwrite
      }
      if settings.target == nil, settings.table.isHourly, written.report.keys > 0, !run.isDryRun {
        try Self.sumHours(of: day.date, settings, &written, run, tx)
      }
      let rejected = hasRejected ? try tx.query(Statements.rejected(day.date)).only().value("rejected") : 0
      if written.report.hasNoneLeft, rejected == 0 {
        if !day.isExpiring { written.report.lostRows = try Self.lostRows(day, settings, run, tx) }
        // Told once: what is gone does not come back by being read again.
        if !run.isDryRun, day.completedKeys != nil, settings.merchant == nil {
          try tx.execute(Statements.noteReading(of: day.date, settings, run))
        }
      }
      if written.report.lostRows > 0, settings.onRegression == .fail {
        try tx.reject([lostCounters(of: day.date, rows: written.report.lostRows, run)])
      }
      guard !run.isDryRun else { return written }
      // A day without counters may be a Redis that lost them; one with failures is to be mended. Both are
      // looked at again for as long as counters live.
      let failed = rejected + (settings.onRegression == .fail ? written.report.regressed : 0)
      if day.isSettled, settings.merchant == nil, written.report.keys > 0, failed == 0 {
        written.report.isCompleted = true
        if settings.newTTL == nil {
          try tx.execute(Statements.complete(day.date, written.report, settings, run))
        }
      }
      return written
    }
    let facts = try JSON(encoding: written.report)
    if written.report.keys > 0 { run.log.info(run.isDryRun ? "day checked" : "day written", facts) }
    if written.report.lostRows > 0 { warnOfLoss(of: day.date, rows: written.report.lostRows, run) }
    return written
  }

  /// Says that a day is done, so that later runs pass it over.
  func complete(_ day: CalendarDay, _ report: DayReport, _ run: JobRun) async throws {
    let settings = settings
    try await run.transaction { tx in
      try tx.execute(Statements.complete(day, report, settings, run))
    }
  }

  /// Brings what was staged of a day to where it is kept.
  private static func take(
    _ day: CalendarDay, _ settings: Settings, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> DayReport {
    guard let file = settings.target else { return try merge(day, into: settings.table, run, tx) }
    var report = DayReport(day: day.description)
    report.keys = try tx.query(Statements.exactKeys(day, of: settings.table, within: run.timeLeft)).only().value("keys")
    report.hasNoneLeft = report.keys == 0
    guard report.keys > 0, !run.isDryRun else { return report }
    try tx.pipeline(Statements.showStaged(day, of: settings.table))
    report.written = try tx.attempt(file, binding: ["day": day], limit: run.timeLeft).affected
    return report
  }

  /// What an own table has lost nobody knows but by what was counted when the day was completed.
  private static func lostRows(
    _ day: PlannedDay, _ settings: Settings, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> Int {
    guard settings.target == nil else { return settings.merchant == nil ? day.completedKeys ?? 0 : 0 }
    return try tx.query(Statements.lostRows(day, settings, run)).only().value("lost")
  }

  private static func merge(
    _ day: CalendarDay, into table: CounterTable, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> DayReport {
    var report = DayReport(day: day.description)
    if try !run.isDryRun && tx.query(Statements.isUnwritten(day, in: table)).only().value("is_unwritten") {
      report.inserted = try tx.execute(Statements.insert(day, into: table, within: run.timeLeft))
      report.keys = report.inserted
      return report
    }
    let counted = try tx.query(Statements.merge(day, into: table, writing: !run.isDryRun, within: run.timeLeft)).only()
    report.keys = try exactKeys(counted, of: day, table, run, tx)
    report.inserted = try counted.value("inserted")
    report.updated = try counted.value("updated")
    report.regressed = try counted.value("regressed")
    report.unchanged = report.keys - (try counted.value("changed", as: Int.self))
    report.hasNoneLeft = report.keys == 0
    return report
  }

  /// How many counters a day has, keys that SCAN returned twice counted once.
  private static func exactKeys(
    _ counted: Row, of day: CalendarDay, _ table: CounterTable, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> Int {
    let keys = try counted.value("keys", as: Int.self)
    guard try counted.value("rows", as: Int.self) != keys else { return keys }
    return try tx.query(Statements.exactKeys(day, of: table, within: run.timeLeft)).only().value("keys")
  }

  /// Reports counters that are smaller than what is stored, and does with them what the setting says.
  private static func handleRegressed(
    _ day: CalendarDay, _ settings: Settings, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> [RegressedItem] {
    let statement = try Statements.regressed(
      day, in: settings.table, limit: regressedLimit(settings), within: run.timeLeft)
    let shown = try reportRegressed(statement, day, isHourly: settings.table.isHourly, settings, tx)
    if settings.onRegression == .overwrite, !run.isDryRun {
      try tx.execute(Statements.overwriteRegressed(day, in: settings.table, within: run.timeLeft))
    }
    return shown
  }

  /// Brings a day up to its hours. A day that has more than they, of the time when its keys were those of days, has
  /// regressed as any counter.
  private static func sumHours(
    of day: CalendarDay, _ settings: Settings, _ written: inout WrittenDay, _ run: JobRun, _ tx: borrowing Transaction
  ) throws {
    let isOverwriting = settings.onRegression == .overwrite
    let counted = try tx.query(Statements.sumHours(of: day, overwriting: isOverwriting, within: run.timeLeft)).only()
    let regressed = try counted.value("regressed", as: Int.self)
    guard regressed > 0 else { return }
    // What the hours' own regressions have lowered was counted with them.
    guard !isOverwriting else { return }
    written.report.regressed += regressed
    let statement = try Statements.smallerSums(of: day, limit: regressedLimit(settings), within: run.timeLeft)
    written.regressedItems += try reportRegressed(statement, day, isHourly: false, settings, tx)
  }

  private static func regressedLimit(_ settings: Settings) -> Int {
    settings.onRegression == .fail ? Int.max : Report.regressedShown
  }

  private static func reportRegressed(
    _ statement: Statement, _ day: CalendarDay, isHourly: Bool, _ settings: Settings, _ tx: borrowing Transaction
  ) throws -> [RegressedItem] {
    var shown: [RegressedItem] = []
    let isFailing = settings.onRegression == .fail
    try tx.forEachPage(of: statement, rows: 500) { page in
      var failures: [ItemFailure] = []
      for row in page {
        let (merchant, metric) = (
          try row.value("merchant_id", as: String.self), try row.value("metric_type", as: String.self)
        )
        let hour = isHourly ? try row.value("usage_hour", as: Int.self) : nil
        let item = RegressedItem(
          item: settings.format.item(merchant: merchant, day: day, hour: hour, metric: metric),
          counter: try row.value("value"), stored: try row.value("stored"))
        if shown.count < Report.regressedShown { shown.append(item) }
        guard isFailing else { continue }
        var members: [(String, JSON)] = [
          ("key_prefix", .string(settings.source)), ("merchant_id", .string(merchant)),
          ("usage_date", .string(day.description)), ("metric_type", .string(metric)),
          ("value", .string("\(item.counter)")), ("stored", .string("\(item.stored)")),
        ]
        if let hour { members.append(("usage_hour", .integer(Int64(hour)))) }
        failures.append(
          ItemFailure(
            item: item.item, kind: Self.regressed,
            message: "the counter is \(item.counter), less than the stored \(item.stored), which was kept",
            payload: JSON(members: members)))
      }
      try tx.reject(failures)
    }
    return shown
  }
}

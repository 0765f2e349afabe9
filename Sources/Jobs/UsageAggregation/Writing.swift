import JobRuntime
import Postgres

/// Writes the staged counters to their table, day by day.
extension UsageAggregation {
  /// Writes one day, or makes it a dead letter where Postgres refuses it for its own cause.
  ///
  /// - Returns: `nil` when it was refused.
  func writeOrReject(_ day: PlannedDay, hasRejected: Bool, from lanes: [JobRun]) async throws -> WrittenDay? {
    do {
      return try await write(day, hasRejected: hasRejected, from: lanes)
    } catch {
      guard let failure = failure(of: day.date, error, isDivided: lanes.count > 1, lanes[0]) else { throw error }
      try await lanes[0].transaction { tx in try tx.reject([failure]) }
      return nil
    }
  }

  /// Writes one day: only rows that are new or greater than the stored values.
  ///
  /// The rows of one connection are one transaction. A day that is spread over several connections is written in as
  /// many transactions at the same time, and concluded in one more after all of them. Values are absolute, so a part
  /// that is written twice, or before the others, does no harm, and only a whole day is completed.
  ///
  /// - Parameters:
  ///   - hasRejected: whether the pass rejected anything, of any day.
  ///   - lanes: the connections that have staged rows.
  func write(_ day: PlannedDay, hasRejected: Bool, from lanes: [JobRun]) async throws -> WrittenDay {
    let run = lanes[0]
    let written: WrittenDay
    if lanes.count == 1 {
      written = try await run.transaction { tx in
        var written = try writePart(of: day, run, tx)
        try conclude(day, &written, hasRejected: hasRejected, run, tx)
        return written
      }
    } else {
      let parts = try await JobRun.atOnce(lanes) { _, run in
        try await run.transaction { tx in
          let part = try writePart(of: day, run, tx)
          // If a run is stopped before the day is concluded, no other run does it: the day is completed already.
          if day.completedKeys != nil, part.report.hasChanged, !run.isDryRun {
            try tx.execute(Statements.noteChange(of: day.date, settings, run))
          }
          return part
        }
      }
      written = try await run.transaction { tx in
        var written = parts.dropFirst().reduce(into: parts[0]) { $0.add($1) }
        try conclude(day, &written, hasRejected: hasRejected, run, tx)
        return written
      }
    }
    if written.report.keys > 0 {
      run.log.info(run.isDryRun ? "day checked" : "day written", try JSON(encoding: written.report))
    }
    return written
  }

  /// Writes the rows that one connection has of a day.
  private func writePart(of day: PlannedDay, _ run: JobRun, _ tx: borrowing Transaction) throws -> WrittenDay {
    var written = WrittenDay(report: try Self.take(day.date, settings, run, tx))
    if day.completedKeys != nil {
      written.report.late = written.report.inserted + written.report.updated + written.report.written
    }
    // Before new failures are reported: a letter whose item fails again becomes pending again.
    if !run.isDryRun {
      // The planner estimates a single letter whatever their number, and would read the whole staged table once for
      // each, so nested loops are disabled meanwhile.
      try tx.query("set local enable_nestloop = off")
      try tx.resolve(where: Statements.resolved(day.date, settings), limit: run.timeLeft)
      try tx.query("set local enable_nestloop = on")
    }
    if written.report.regressed > 0 {
      written.regressedItems = try Self.handleRegressed(day.date, settings, run, tx)
      written.report.hasOverwritten = settings.onRegression == .overwrite
    }
    return written
  }

  /// Does what needs the whole day: adds up its hours, resolves its letter, and completes it.
  private func conclude(
    _ day: PlannedDay, _ written: inout WrittenDay, hasRejected: Bool, _ run: JobRun, _ tx: borrowing Transaction
  ) throws {
    guard !run.isDryRun else { return }
    if written.report.keys > 0 {
      try tx.resolve([item(of: day.date, run.shard)])
      if settings.target == nil, settings.table.isHourly {
        try Self.sumHours(of: day.date, settings, &written, run, tx)
      }
    }
    // A day without counters may mean a Redis that lost them; one with failures has to be fixed. Both are read again
    // for as long as counters live.
    let rejected = hasRejected ? try tx.query(Statements.rejected(day.date)).only().value("rejected") : 0
    let failed = rejected + (settings.onRegression == .fail ? written.report.regressed : 0)
    guard day.isSettled, settings.merchant == nil, written.report.keys > 0, failed == 0 else { return }
    written.report.isCompleted = true
    if settings.newTTL == nil { try tx.execute(Statements.complete(day, written.report, settings, run)) }
  }

  /// Records that a day is done, so that later runs skip it.
  func complete(_ day: PlannedDay, _ report: DayReport, _ run: JobRun) async throws {
    let settings = settings
    try await run.transaction { tx in
      try tx.execute(Statements.complete(day, report, settings, run))
    }
  }

  /// Writes the staged counters of a day to their table.
  private static func take(
    _ day: CalendarDay, _ settings: Settings, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> DayReport {
    guard let file = settings.target else { return try merge(day, into: settings.table, run, tx) }
    var report = DayReport(day: day.description)
    report.keys = try tx.query(Statements.exactKeys(day, of: settings.table, within: run.timeLeft)).only().value("keys")
    guard report.keys > 0, !run.isDryRun else { return report }
    try tx.pipeline(Statements.showStaged(day, of: settings.table))
    report.written = try tx.attempt(file, binding: ["day": day], limit: run.timeLeft).affected
    return report
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

  /// Reports counters that are smaller than the stored values, and handles them as the setting says.
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

  /// Updates a day to the sum of its hours.
  ///
  /// A day that has more than that, from the time when its keys were daily, has regressed like any counter.
  private static func sumHours(
    of day: CalendarDay, _ settings: Settings, _ written: inout WrittenDay, _ run: JobRun, _ tx: borrowing Transaction
  ) throws {
    let isOverwriting = settings.onRegression == .overwrite
    let counted = try tx.query(Statements.sumHours(of: day, overwriting: isOverwriting, within: run.timeLeft)).only()
    let regressed = try counted.value("regressed", as: Int.self)
    guard regressed > 0 else { return }
    // Decreases by regressions of the hours were counted with the hours.
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

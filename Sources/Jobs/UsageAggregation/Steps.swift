import BlockingIO
import JobRuntime
import Postgres
import Redis

/// A day that a run works on.
struct PlannedDay: Sendable {
  var date: CalendarDay
  var start: Timestamp
  var end: Timestamp
  /// Over for long enough that no counter of it grows any more.
  var isSettled: Bool
  /// How many counters it had when it was completed; `nil` for a day that is not.
  var completedKeys: Int?
}

extension UsageAggregation {
  // MARK: Plan

  /// - Parameter dates: only these days; by default those that the settings ask for.
  func plan(_ run: JobRun, only dates: [CalendarDay]? = nil) async throws -> [PlannedDay] {
    try await run.read(Statements.days(settings, only: dates, run)).map { row in
      PlannedDay(
        date: try row.value("day"), start: try row.value("starts_at"), end: try row.value("ends_at"),
        isSettled: try row.value("is_settled"), completedKeys: try row.optional("completed_keys"))
    }
  }

  // MARK: Read

  /// Reads all counters of the days from Redis into a temporary table: one pass, whatever the number of
  /// days. Redis is read on one thread while Postgres is fed on another.
  func stage(_ days: [CalendarDay], _ run: JobRun) async throws -> ScanReport {
    let selection = CounterSelection(settings, days: days, merchant: settings.merchant, shard: run.shard)
    let handoff = Handoff<CopyRows>(capacity: 2)
    async let report = read(selection, into: handoff, run)
    do {
      try await run.staging(CounterRows.table) { staging in
        run.log.debug("staging counters")
        let staged = try staging.copy { writer in
          while let rows = try handoff.next() {
            try writer.write(rows)
            run.log.debug("sent rows to Postgres")
          }
        }
        run.log.debug("staged counters", ["rows": .integer(Int64(staged))])
        // The merge is planned by them.
        try staging.analyze()
      }
    } catch {
      handoff.close()
      throw error
    }
    return try await report
  }

  private func read(
    _ selection: CounterSelection, into handoff: Handoff<CopyRows>, _ run: JobRun
  ) async throws -> ScanReport {
    do {
      let primaries = try await run.redisPrimaries()
      let report = try await withThrowingTaskGroup { group in
        for primary in primaries {
          group.addTask {
            var scan = CounterScan(
              selection, into: handoff, log: run.log, sample: ScanReport.ttlSample / primaries.count,
              keyByKey: primary.holdsShare)
            while !scan.isDone { scan = try await run.redis(on: primary, scan.goingOn) }
            return scan.report
          }
        }
        return try await group.reduce(into: ScanReport()) { $0.add($1) }
      }
      try await run.checkNothingMoved(since: primaries)
      handoff.finish()
      return report
    } catch {
      handoff.finish(throwing: error)
      throw error
    }
  }

  /// Turns what the pass rejected into dead letters and errors of the result.
  func rejectStaged(_ run: JobRun) async throws {
    try await run.transaction { tx in
      try tx.forEachPage(of: Statements.rejections, rows: 500) { page in
        try tx.reject(
          page.map { row in
            ItemFailure(
              item: try row.value("item"), kind: try Self.letterKind(named: row.value("kind")),
              message: try row.value("message"),
              payload: .verbatim(try row.value("payload")))
          })
      }
    }
  }

  // MARK: Write

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
      var written = WrittenDay(report: try Self.merge(day.date, run, tx))
      if day.completedKeys != nil { written.report.late = written.report.inserted + written.report.updated }
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
      let rejected = hasRejected ? try tx.query(Statements.rejected(day.date)).only().value("rejected") : 0
      if written.report.hasNoneLeft, rejected == 0 {
        written.report.lostRows = try tx.query(Statements.lostRows(day, settings, run)).only().value("lost")
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

  private static func merge(_ day: CalendarDay, _ run: JobRun, _ tx: borrowing Transaction) throws -> DayReport {
    var report = DayReport(day: day.description)
    if try !run.isDryRun && tx.query(Statements.isUnwritten(day)).only().value("is_unwritten") {
      report.inserted = try tx.execute(Statements.insert(day, within: run.timeLeft))
      report.keys = report.inserted
      return report
    }
    let counted = try tx.query(Statements.merge(day, writing: !run.isDryRun, within: run.timeLeft)).only()
    report.keys = try exactKeys(counted, of: day, run, tx)
    report.inserted = try counted.value("inserted")
    report.updated = try counted.value("updated")
    report.regressed = try counted.value("regressed")
    report.unchanged = report.keys - (try counted.value("changed", as: Int.self))
    report.hasNoneLeft = report.keys == 0
    return report
  }

  /// How many counters a day has, keys that SCAN returned twice counted once.
  private static func exactKeys(
    _ counted: Row, of day: CalendarDay, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> Int {
    let keys = try counted.value("keys", as: Int.self)
    guard try counted.value("rows", as: Int.self) != keys else { return keys }
    return try tx.query(Statements.exactKeys(day, within: run.timeLeft)).only().value("keys")
  }

  /// Reports counters that are smaller than what is stored, and does with them what the setting says.
  private static func handleRegressed(
    _ day: CalendarDay, _ settings: Settings, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> [RegressedItem] {
    var shown: [RegressedItem] = []
    let isFailing = settings.onRegression == .fail
    let limit = isFailing ? Int.max : Report.regressedShown
    try tx.forEachPage(of: Statements.regressed(day, limit: limit, within: run.timeLeft), rows: 500) {
      page in
      var failures: [ItemFailure] = []
      for row in page {
        let (merchant, metric) = (
          try row.value("merchant_id", as: String.self), try row.value("metric_type", as: String.self)
        )
        let item = RegressedItem(
          item: ItemName.shown(settings.format.key(merchant: merchant, day: day, metric: metric)),
          counter: try row.value("value"), stored: try row.value("stored"))
        if shown.count < Report.regressedShown { shown.append(item) }
        guard isFailing else { continue }
        failures.append(
          ItemFailure(
            item: item.item, kind: Self.regressed,
            message: "the counter is \(item.counter), less than the stored \(item.stored), which was kept",
            payload: [
              "key_prefix": .string(settings.format.name), "merchant_id": .string(merchant),
              "usage_date": .string(day.description), "metric_type": .string(metric),
              "value": .string("\(item.counter)"), "stored": .string("\(item.stored)"),
            ]))
      }
      try tx.reject(failures)
    }
    if settings.onRegression == .overwrite, !run.isDryRun {
      try tx.execute(Statements.overwriteRegressed(day, within: run.timeLeft))
    }
    return shown
  }

  // MARK: Compare

  func compare(_ day: PlannedDay, _ run: JobRun) async throws -> DayStatus {
    let statement = try Statements.status(day.date, settings, run)
    return try await run.transaction { tx in
      let row = try tx.query(statement).only()
      return DayStatus(
        day: day.date.description,
        redisKeys: try row.value("redis_keys"), redisSum: DayStatus.sum(try row.value("redis_sum")),
        postgresRows: try row.value("postgres_rows"), postgresSum: DayStatus.sum(try row.value("postgres_sum")),
        missing: try row.value("missing"), differing: try row.value("differing"))
    }
  }

  // MARK: Expire

  /// Gives every written counter of a day without a time to live this one. Runs after the day is committed:
  /// a counter that is not stored yet never gets an end.
  func giveTTL(_ ttl: Duration, _ day: CalendarDay, _ run: JobRun) async throws {
    let primaries = try await run.redisPrimaries()
    let blocks = try await run.read(Statements.stagedBlocks).only().value("blocks", as: Int.self)
    for block in stride(from: 0, to: blocks, by: Statements.blocksAPage) {
      try Task.checkCancellation()
      let statement = try Statements.writtenKeys(day, fromBlock: block)
      let commands = try await run.read(statement).map { row in
        let key = settings.format.key(
          merchant: try row.value("merchant_id"), day: day, metric: try row.value("metric_type"))
        return RedisCommand("EXPIRE", key, "\(ttl.inMilliseconds / 1000)", "NX")
      }
      // In a cluster every primary is asked; only the one that owns a key does it, the others point to it.
      for primary in primaries {
        try await run.redis(on: primary) { session in
          for case .error(let code, let message) in try session.pipeline(commands) {
            guard primary.holdsShare && code == "MOVED" else { throw RedisError.server(code: code, message: message) }
          }
        }
      }
    }
  }
}

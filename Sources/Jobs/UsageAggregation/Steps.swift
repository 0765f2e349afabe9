import BlockingIO
import JobRuntime
import Postgres
import Redis

/// A day that a run works on.
struct PlannedDay: Sendable {
  var date: CalendarDay
  var start: Timestamp
  var end: Timestamp
  /// Whether the day has been over for long enough that no counter of it grows any more.
  var isSettled: Bool
  /// Whether the day has been over for so long that its counters expire: where there are none, nothing is lost.
  var isExpiring: Bool
  /// How many counters it had when it was completed; `nil` for a day that is not completed, or of which this shard had
  /// another share.
  var completedKeys: Int?
  /// The same for any share, where that had so many counters that another share of the same size would also have some.
  var knownKeys: Int?
  /// See `Reading.name`.
  var reading = ""
}

extension UsageAggregation {
  // MARK: Plan

  /// - Parameter dates: only these days; by default those that the settings select.
  func plan(_ run: JobRun, only dates: [CalendarDay]? = nil) async throws -> [PlannedDay] {
    let reading = try await reading(run).name
    return try await run.read(Statements.days(settings, only: dates, reading: reading, run)).map { row in
      PlannedDay(
        date: try row.value("day"), start: try row.value("starts_at"), end: try row.value("ends_at"),
        isSettled: try row.value("is_settled"), isExpiring: try row.value("is_expiring"),
        completedKeys: try row.optional("completed_keys"),
        knownKeys: try row.optional("known_keys"), reading: reading)
    }
  }

  // MARK: Read

  /// The result of a pass.
  struct Staged: Sendable {
    var report: ScanReport
    /// How its counters were found.
    var reading: Reading
    /// The connections that have its rows in their temporary tables: none where there are no rows.
    var lanes: [JobRun]
  }

  /// Reads all counters of the days from Redis into temporary tables: one pass, whatever the number of days.
  ///
  /// Redis is read on one thread while each connection is fed on another one.
  ///
  /// - Parameter connections: over which the rows are spread. The first one has all rejected items.
  func stage(_ days: [CalendarDay], on connections: [JobRun], _ run: JobRun) async throws -> Staged {
    let reading = try await reading(run)
    let selection = CounterSelection(
      settings, days: days, merchant: settings.merchant, shard: run.shard, reading: reading)
    let lanes = CounterLanes(of: settings.table, count: connections.count)
    async let report = read(selection, into: lanes, run)
    do {
      // Both sides are compared with an empty table, too.
      let isNeeded = settings.mode == .status
      let filled = try await JobRun.atOnce(connections) { lane, run in
        let queue = lanes.queues[lane]
        guard await queue.hasBegun() || isNeeded else { return false }
        try await stage(queue, run)
        return true
      }
      return Staged(
        report: try await report, reading: reading, lanes: zip(connections, filled).compactMap { $1 ? $0 : nil })
    } catch {
      lanes.close()
      throw error
    }
  }

  private func stage(_ queue: Handoff<CopyRows>, _ run: JobRun) async throws {
    try await run.staging(settings.table.staging) { staging in
      run.log.debug("staging counters")
      let staged = try staging.copy { writer in
        while let rows = try queue.next() {
          try writer.write(rows)
          run.log.debug("sent rows to Postgres")
        }
      }
      run.log.debug("staged counters", ["rows": .integer(Int64(staged))])
      // The planner needs statistics for the merge.
      try staging.analyze()
    }
  }

  private func read(
    _ selection: CounterSelection, into lanes: CounterLanes, _ run: JobRun
  ) async throws -> ScanReport {
    do {
      let primaries = try await run.redisPrimaries()
      lanes.expect(scans: primaries.count)
      let report = try await withThrowingTaskGroup(of: ScanReport.self) { group in
        for primary in primaries {
          group.addTask {
            let sample = ScanReport.ttlSample / primaries.count
            if selection.format.field != nil {
              return try await run.readAll(of: primary, HashScan(selection, into: lanes, log: run.log, sample: sample))
            }
            return try await run.readAll(
              of: primary,
              CounterScan(selection, into: lanes, log: run.log, sample: sample, keyByKey: primary.holdsShare))
          }
        }
        return try await group.reduce(into: ScanReport(of: selection.days)) { $0.add($1) }
      }
      try await run.checkNothingMoved(since: primaries)
      try await checkSameLife(since: selection.reading, run)
      lanes.finish()
      return report
    } catch {
      lanes.finish(throwing: error)
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

  /// Gives this time to live to every written counter of a day that has none.
  ///
  /// Runs after the day is committed: a counter that is not stored yet never gets an expiry.
  ///
  /// - Parameter lane: the lane whose temporary table lists the counters.
  func giveTTL(_ ttl: Duration, _ day: CalendarDay, of lane: JobRun) async throws {
    let primaries = try await lane.redisPrimaries()
    let blocks = try await lane.read(Statements.stagedBlocks).only().value("blocks", as: Int.self)
    for block in stride(from: 0, to: blocks, by: Statements.blocksAPage) {
      try Task.checkCancellation()
      let statement = try Statements.writtenKeys(day, of: settings.table, fromBlock: block)
      let keys = try await lane.read(statement).map { row in
        settings.format.key(
          merchant: try row.value("merchant_id"), day: day,
          hour: settings.table.isHourly ? try row.value("usage_hour") : nil, metric: try row.value("metric_type"))
      }
      try await lane.expire(keys, after: ttl, on: primaries)
    }
  }
}

import Postgres
import Redis

/// The order of one run. It makes no process calls, so a test can call it directly.
struct JobRunner<J: Job> {
  /// What the process around it knows.
  struct Surroundings: Sendable {
    var host: String
    var processID: Int32
    var now: @Sendable () -> Timestamp
    /// The signal that asked the process to stop, once one has.
    var signal: @Sendable () -> Int32?
  }

  let job: J
  let settings: RuntimeSettings
  let logicalTime: LogicalTime
  let runID: RunID
  let startedAt: Timestamp
  let log: Log
  let surroundings: Surroundings
  let publisher: Publisher
  private let started = ContinuousClock.now
  let database: Database
  let redis: RedisConnection
  let record = RunRecord()

  init?(
    job: J, settings: RuntimeSettings, logicalTime: LogicalTime, runID: RunID, startedAt: Timestamp, log: Log,
    surroundings: Surroundings, publisher: Publisher
  ) {
    guard let options = settings.database, let address = settings.redis else { return nil }
    self.job = job
    self.settings = settings
    self.logicalTime = logicalTime
    self.runID = runID
    self.startedAt = startedAt
    self.log = log
    self.surroundings = surroundings
    self.publisher = publisher
    database = Database(options)
    redis = RedisConnection(address, clientName: J.name)
  }

  private var deadline: ContinuousClock.Instant { started + settings.timeout }

  private var isReadOnly: Bool { settings.isDryRun || !job.writes }

  private var retrier: Retrier {
    Retrier(attempts: settings.attempts, longestDelay: settings.longestBackoff, deadline: deadline, log: log)
  }

  // MARK: The run

  /// Runs the job and tells how it ended. Never throws: every ending has a result.
  func run() async -> RunResult {
    let result: RunResult
    do {
      result = isReadOnly ? try await runReadOnly() : try await runAsLeader()
    } catch {
      result = self.result(of: error)
      if !isReadOnly { await publish(result) }
    }
    await database.close()
    await redis.close()
    return result
  }

  private func runReadOnly() async throws -> RunResult {
    try await checkSchema()
    let report = try await work(nil)
    return try succeeded(report)
  }

  private func runAsLeader() async throws -> RunResult {
    guard let address = settings.redis else { throw JobFailure(.misconfigured, "REDIS_URL is required") }
    // A connection of its own, so that renewal never waits behind the job's commands; and limits that
    // let a renewal fail twice before the lease is over.
    let patience = min(.seconds(5), settings.lockTTL / 3)
    let connection = RedisConnection(
      address, clientName: "\(J.name)-lock", connectTimeout: patience, commandTimeout: patience)
    let lock = LeaderLock(
      job: J.name, shard: settings.shard, holder: holder, ttl: settings.lockTTL, minHold: settings.lockMinHold,
      connection: connection)
    log.debug("taking the lock", ["lock": .string(lock.key)])
    let attempt = try await retrier.run("taking the lock") { try await lock.acquire() }
    if case .held(let other) = attempt {
      log.info("another run holds the lock", ["lock": .string(lock.key), "holder": .string(other ?? "gone meanwhile")])
      var result = self.result(.skipped)
      result.reason = "locked"
      result.details = ["lock": .string(lock.key), "holder": other.map { .string($0) } ?? .null]
      return result
    }
    log.debug("took the lock", ["lock": .string(lock.key)])
    let result = await runLocked(lock)
    await publish(result)
    // Not cancelled with the work: a run that stops gives its lock back.
    await Task {
      log.debug("releasing the lock")
      // A connection that was lost while it was idle is noticed only when it is used.
      let again = Retrier(attempts: 2, longestDelay: .zero, deadline: .now + settings.lockTTL, log: log)
      do {
        try await again.run("releasing the lock", isPassing: RedisError.isLostConnection) {
          // A failed run is to be tried again, so it does not hold others off.
          try await lock.release(isDone: result.exitCode == 0 || result.status == .partial)
        }
        log.debug("released the lock")
      } catch {
        log.warning("the lock could not be released; it ends with its lease", ["error": .string("\(error)")])
      }
      await connection.close()
    }.value
    return result
  }

  private func runLocked(_ lock: LeaderLock) async -> RunResult {
    do {
      let ledger = Ledger(job: J.name, shard: settings.shard, runID: runID)
      log.debug("opening the run in the ledger")
      switch try await open(ledger) {
      case .schemaTooOld(let found): throw Schema.failure(found: found, needed: neededSchema)
      case .alreadyDone(let earlier):
        log.info("this slot has already succeeded", ["run": .string(earlier)])
        var result = self.result(.skipped)
        result.reason = "already_done"
        result.details = ["done_by": .string(earlier)]
        return result
      case .opened(let fence, let attempt):
        log.debug("opened the run in the ledger", ["fence": .integer(fence), "attempt": .integer(Int64(attempt))])
        return await runOpened(JobRun.Leadership(lock: lock, ledger: ledger, fence: fence), attempt)
      }
    } catch {
      return result(of: error)
    }
  }

  private func runOpened(_ leadership: JobRun.Leadership, _ attempt: Int) async -> RunResult {
    publisher.start()
    var result: RunResult
    do {
      result = try succeeded(try await work(leadership))
    } catch {
      result = self.result(of: error)
    }
    result.fence = leadership.fence
    result.attempt = attempt
    // Not cancelled with the work: a run that stops still says so in the ledger.
    let ending = log.redacted(result)
    log.debug("closing the run in the ledger", ["status": .string(ending.status.rawValue)])
    let failure = await Task { await close(leadership, ending) }.value
    if let failure {
      var failed = self.result(of: failure)
      failed.fence = leadership.fence
      failed.attempt = attempt
      return failed
    }
    return result
  }

  private func open(_ ledger: Ledger) async throws -> Ledger.Opening {
    let statement = ledger.open(
      .init(
        scheduledAt: logicalTime.moment, scheduledBy: logicalTime.source.rawValue,
        identifiesSlot: logicalTime.identifiesSlot, isForced: settings.isForced, startedAt: startedAt,
        host: surroundings.host, version: oneshotVersion, neededSchema: neededSchema))
    return try await retrier.run("opening the run in the ledger") {
      try await database.withSession { session in
        do {
          return try ledger.read(session.query(statement).only())
        } catch let error as PostgresError where Schema.isMissing(error) {
          return .schemaTooOld(found: 0)
        }
      }
    }
  }

  /// Ends the ledger's row.
  /// - Returns: why a run that went well has not, after all.
  private func close(_ leadership: JobRun.Leadership, _ result: RunResult) async -> (any Error)? {
    let now = surroundings.now()
    let statement = leadership.ledger.close(
      result, fence: leadership.fence, at: now, keepingSince: now - settings.ledgerKeep)
    let isGood = result.status != .failed && result.status != .interrupted
    let patience = isGood ? retrier : Retrier(attempts: 1, longestDelay: .zero, deadline: deadline, log: log)
    do {
      let rows = try await patience.run("closing the run in the ledger") {
        try await database.withSession { session in try session.query(statement) }
      }
      if isGood, try rows.first?.value("is_ours", as: Bool.self) != true {
        return Ledger.fenced(leadership.fence, newest: nil)
      }
      log.debug("closed the run in the ledger")
      return nil
    } catch {
      guard isGood else {
        log.warning("the run's row in the ledger could not be closed", ["error": .string("\(error)")])
        return nil
      }
      if (error as? PostgresError)?.state == .uniqueViolation {
        return JobFailure(
          .fenced, "another run of the same slot has succeeded meanwhile", hint: "Nothing to do.")
      }
      return error
    }
  }

  /// Tells metrics and heartbeat how the run ended. Not cancelled with the work: a run that stops is told too.
  private func publish(_ result: RunResult) async {
    let ledger = Ledger(job: J.name, shard: settings.shard, runID: runID)
    await Task {
      await publisher.end(result, itemsProcessed: record.itemsProcessed) {
        try await database.withSession { session in try ledger.readTotals(session.query(ledger.totals())) }
      }
    }.value
  }

  // MARK: The work and its watchers

  private enum Ending: Sendable {
    case work(Result<J.Report, any Error>)
    case watcher(any Error)
  }

  /// Does the job's work, watched by the deadline and by the renewal of the lock: whichever of them
  /// speaks first cancels the work, and the reason is told once the work has stopped.
  private func work(_ leadership: JobRun.Leadership?) async throws -> J.Report {
    let deadline = deadline
    let run = JobRun(
      scheduledAt: logicalTime.moment, startedAt: startedAt, shard: settings.shard, isDryRun: settings.isDryRun,
      log: log, id: runID, deadline: deadline, job: J.name, database: database, redisConnection: redis,
      retrier: retrier,
      record: record, leadership: leadership)
    let timeout = settings.timeout
    let (job, log) = (job, log)
    let ended: Result<J.Report, any Error> = await withTaskGroup(of: Ending.self) { group in
      group.addTask {
        do { return .work(.success(try await job.run(run))) } catch { return .work(.failure(error)) }
      }
      group.addTask {
        do { try await Task.sleep(until: deadline) } catch { return .watcher(error) }
        return .watcher(
          JobFailure(
            .deadline, "the run took longer than JOB_TIMEOUT (\(DurationText.format(timeout))) and was stopped",
            hint: "Raise JOB_TIMEOUT, or find out why it is slow; what was committed is kept."))
      }
      if let lock = leadership?.lock {
        group.addTask {
          do { try await lock.keepRenewed(log: log) } catch { return .watcher(error) }
          return .watcher(CancellationError())
        }
        // Beside the renewal, which may be waiting for an answer when the lease ends.
        group.addTask {
          do { try await lock.lease.waitForEnd(lock.key) } catch { return .watcher(error) }
          return .watcher(CancellationError())
        }
      }
      var outcome: Result<J.Report, any Error>?
      var cause: JobFailure?
      for await ending in group {
        switch ending {
        case .work(let result): outcome = result
        case .watcher(let error): cause = cause ?? (outcome == nil ? error as? JobFailure : nil)
        }
        group.cancelAll()
      }
      return (outcome ?? .failure(CancellationError())).mapError { cause ?? $0 }
    }
    return try ended.get()
  }

  // MARK: Results

  private func succeeded(_ report: J.Report) throws -> RunResult {
    try record.count(report)
    let failed = record.rejections.total
    let isWithinBudget = settings.errorBudget.allows(failed: failed, of: report.itemsProcessed)
    return result(isWithinBudget ? .succeeded : .partial)
  }

  /// The result of a run that threw.
  private func result(of error: any Error) -> RunResult {
    if surroundings.signal() != nil { return result(.interrupted) }
    return result(.failed, JobFailure(classifying: error))
  }

  func result(_ status: RunStatus, _ failure: JobFailure? = nil) -> RunResult {
    var result = RunResult(
      job: J.name, version: oneshotVersion, runID: runID.description, status: status,
      exitCode: exitCode(status: status, failure: failure?.kind, signal: surroundings.signal()),
      logicalTime: logicalTime, shard: settings.shard, startedAt: startedAt)
    result.window = record.window
    result.duration = ContinuousClock.now - started
    result.isDryRun = settings.isDryRun
    (result.counts, result.details) = record.counted
    result.errors = record.rejections.shown
    result.errorsTotal = record.rejections.total
    result.error = failure
    return result
  }

  // MARK: Facts

  var neededSchema: Int { max(J.neededSchema, Schema.neededByRuntime) }

  private var holder: String {
    JSON(members: [
      ("run_id", .string(runID.description)), ("host", .string(surroundings.host)),
      ("pid", .integer(Int64(surroundings.processID))), ("since", .string(startedAt.rfc3339)),
    ]).text
  }

  private func checkSchema() async throws {
    let needed = neededSchema
    let found = try await retrier.run("reading the schema's version") {
      try await database.withSession { session in
        do {
          return try session.query(Schema.version).only().value("version", as: Int.self)
        } catch let error as PostgresError where Schema.isMissing(error) {
          return 0
        }
      }
    }
    if found < needed { throw Schema.failure(found: found, needed: needed) }
  }
}

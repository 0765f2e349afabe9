import BlockingIO
import Postgres
import Redis

/// The order of one run; `Invocation` puts it together.
struct JobRunner<J: Job>: Sendable {
  let job: J
  let servers: Servers
  let settings: RuntimeSettings
  /// The job's settings that name a time zone.
  let zones: [ZoneSetting]
  /// Variables that look like settings but are not.
  let unread: [UnreadVariable]
  let identity: RunIdentity
  let logicalTime: LogicalTime
  let runID: RunID
  let startedAt: Timestamp
  let log: Log
  let surroundings: Surroundings
  let telemetry: Telemetry
  let started = ContinuousClock.now
  let database: Database
  private let notices: Notices
  let redis: RedisConnection
  let record = RunRecord()

  init(
    job: J, servers: Servers, settings: RuntimeSettings, zones: [ZoneSetting], unread: [UnreadVariable],
    identity: RunIdentity, logicalTime: LogicalTime, runID: RunID, startedAt: Timestamp, log: Log,
    surroundings: Surroundings, telemetry: Telemetry
  ) {
    self.job = job
    self.servers = servers
    self.settings = settings
    self.zones = zones
    self.unread = unread
    self.identity = identity
    self.logicalTime = logicalTime
    self.runID = runID
    self.startedAt = startedAt
    self.log = log
    self.surroundings = surroundings
    self.telemetry = telemetry
    notices = log.notices()
    database = Database(notices.received(from: servers.database))
    redis = RedisConnection(servers.redis, clientName: identity.job)
  }

  var deadline: ContinuousClock.Instant { started + settings.timeout }

  private var isReadOnly: Bool { settings.isDryRun || !job.writes }

  var retrier: Retrier {
    Retrier(attempts: settings.attempts, longestDelay: settings.longestBackoff, deadline: deadline, log: log)
  }

  // MARK: The run

  /// Runs the job and returns how it ended.
  ///
  /// Never throws: every ending has a result.
  func run() async -> RunResult {
    let result: RunResult
    do {
      result = isReadOnly ? try await runReadOnly() : try await runAsLeader()
    } catch {
      result = self.result(of: await explained(error))
      if !isReadOnly { await sendTelemetry(result) }
    }
    // With a limit: closing waits for what the connection is busy with, which may be a frozen server.
    _ = await waiting(atMost: StopLimits.closingConnection) { await database.close() }
    await redis.close()
    let leftOut = notices.leftOut
    if leftOut > 0 {
      log.warning("Postgres sent more notices than are logged", ["notices_left_out": .integer(Int64(leftOut))])
    }
    return result
  }

  private func runReadOnly() async throws -> RunResult {
    try await watched(by: [deadlineWatcher]) { try await checkSchemaAndClock() }
    let report = try await work(nil, replaying: settings.isDryRun && job.writes)
    return try succeeded(report)
  }

  private func runAsLeader() async throws -> RunResult {
    // A separate connection, so that renewal never waits for the job's commands; and limits that let a renewal fail
    // twice before the lease is over.
    let patience = min(StopLimits.lockAnswer, settings.lockTTL / 3)
    let connection = RedisConnection(
      servers.redis, clientName: "\(identity.job)-lock", connectTimeout: patience, commandTimeout: patience)
    let lock = LeaderLock(
      identity, holder: holder, ttl: settings.lockTTL, minHold: settings.lockMinHold, connection: connection)
    let (attempt, failure) = try await take(lock)
    if case .held(let other) = attempt {
      if let failure { throw failure }
      log.info(
        "another run holds the lock", ["lock": .string(lock.key), "holder": .string(other ?? "already released")])
      var result = self.result(.skipped)
      result.reason = "locked"
      result.details = ["lock": .string(lock.key), "holder": other.map { .string($0) } ?? .null]
      return result
    }
    log.debug("took the lock", ["lock": .string(lock.key)])
    let result = if let failure { self.result(of: failure) } else { await runLocked(lock) }
    // A run that stops releases its lock.
    await shieldedFromCancellation {
      log.debug("releasing the lock")
      // A connection that was lost while it was idle is noticed only when it is used.
      let again = Retrier(attempts: 2, longestDelay: .zero, deadline: .now + settings.lockTTL, log: log)
      do {
        try await again.run("releasing the lock", isPassing: RedisError.isLostConnection) {
          // A failed run should be repeated, so it does not keep others out.
          try await lock.release(isDone: result.exitCode == 0 || result.status == .partial)
        }
        log.debug("released the lock")
      } catch {
        log.warning("the lock could not be released; it ends with its lease", ["error": .string("\(error)")])
      }
      await connection.close()
    }
    // After the lock is released: a monitoring system that is down must not keep the next run out.
    await sendTelemetry(result)
    return result
  }

  /// Tries to become leader; while a run of another variant is leader, it waits for a limited time.
  ///
  /// - Returns: also why this run fails: as leader, because Redis' clock disagrees; else because the other run does
  ///   other work, so this one cannot count as skipped.
  private func take(_ lock: LeaderLock) async throws -> (LeaderLock.Attempt, JobFailure?) {
    log.debug("taking the lock", ["lock": .string(lock.key)])
    let (retrier, variant, log, end) = (retrier, identity.variant, log, started + settings.lockWait)
    return try await watched(by: [deadlineWatcher]) {
      var isWaiting = false
      while true {
        var clock = clock
        let attempt = try await retrier.run("taking the lock") { try await lock.acquire() }
        if case .acquired(let moment) = attempt {
          clock.answeredAt = surroundings.now()
          if moment == nil {
            log.warning("Redis does not report its time; the clock is compared only with that of Postgres")
          }
          return (attempt, moment.flatMap { clock.failure("Redis", says: $0) })
        }
        // The lock was released before its holder could be read, so it is unknown whose work is done.
        guard case .held(let holder) = attempt,
          holder.map({ LeaderLock.isOther(than: variant, holder: $0) }) ?? true
        else { return (attempt, nil) }
        guard ContinuousClock.now < end else { return (attempt, lock.isBusy(with: holder, after: settings.lockWait)) }
        if let holder, !isWaiting {
          log.info("waiting for a run that does other work", ["holder": .string(holder)])
          isWaiting = true
        }
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  private func runLocked(_ lock: LeaderLock) async -> RunResult {
    do {
      let ledger = Ledger(identity: identity, runID: runID)
      log.debug("opening the run in the ledger")
      switch try await watched(by: watchers(of: lock), { try await open(ledger, lock) }) {
      case .schemaTooOld(let found):
        throw found.failure(needing: neededMigrations)
          ?? JobFailure(.misconfigured, "the database has not been migrated")
      case .alreadyDone(let earlier):
        log.info("this slot has already succeeded", ["run": .string(earlier)])
        var result = self.result(.skipped)
        result.reason = "already_done"
        result.details = ["done_by": .string(earlier)]
        return result
      case .paused(let pause): return skipped(by: pause)
      case .opened(let opened):
        if opened.timeline == nil { log.info(Timeline.remark) }
        return await runOpened(leadership(lock, ledger, opened), replaying: opened.hasRequestedReplays)
      }
    } catch {
      return result(of: await explained(error))
    }
  }

  private func runOpened(_ opened: JobRun.Leadership, replaying: Bool) async -> RunResult {
    telemetry.start()
    var leadership = opened
    var result: RunResult
    do {
      do {
        result = try succeeded(try await work(leadership, replaying: replaying))
      } catch let failure as JobFailure {
        guard let seen = failure.seen, let higher = await self.leadership(above: seen, in: leadership) else {
          throw failure
        }
        leadership = higher
        result = try succeeded(try await work(leadership, replaying: replaying))
      }
    } catch {
      result = self.result(of: await explained(error))
    }
    // A run that stops still records that in the ledger. But if Postgres does not answer, the rest of the time after a
    // signal is kept for the lock.
    let closing = { @Sendable [leadership, result] in await close(leadership, result) }
    let failure =
      result.status == .interrupted
      ? await waiting(atMost: StopLimits.closingLedger, for: closing) ?? nil : await shieldedFromCancellation(closing)
    if let failure {
      result = self.result(of: failure)
      _ = await shieldedFromCancellation { [leadership, result] in await close(leadership, result) }
    }
    record.ending = result
    return result
  }

  /// Does the job's work, watched by the deadline, by the renewal of the lock and by the end of its lease.
  ///
  /// - Parameter replaying: whether replays may be requested.
  private func work(_ leadership: JobRun.Leadership?, replaying: Bool) async throws -> J.Report {
    let (job, run, replays) = (job, jobRun(leadership: leadership), replaying && settings.replays)
    return try await watched(by: leadership.map { watchers(of: $0.lock) } ?? [deadlineWatcher]) {
      if let failure = try await zoneFailures().first { throw failure }
      let replay = replays ? try await Self.beginReplay(job, run) : nil
      let report = try await job.run(run)
      try await replay?.settle(run)
      return report
    }
  }

  /// Begins the requested replays, where the job can replay.
  private static func beginReplay(_ job: J, _ run: JobRun) async throws -> Replay? {
    if let job = job as? any Replayable { return try await Replay.begin(job, run) }
    // Nobody has looked whether there is one.
    if run.isDryRun { return nil }
    run.log.warning(
      "a replay is requested, and this job cannot replay dead letters; they remain requested",
      ["hint": .string("Give them up: oneshot dead-letters discard --job \(run.identity.job)")])
    return nil
  }

  /// The run as the job receives it; without leadership, a run that writes nothing.
  func jobRun(leadership: JobRun.Leadership?) -> JobRun {
    JobRun(
      scheduledAt: logicalTime.moment, startedAt: startedAt, isDryRun: settings.isDryRun, log: log, id: runID,
      deadline: deadline, identity: identity, letterKinds: J.facts.letterKinds, database: database,
      redisConnection: redis,
      retrier: retrier, record: record, leadership: leadership, inputDescriptor: surroundings.input)
  }

  private var deadlineWatcher: Watcher {
    let (deadline, failure) = (deadline, timeIsUp)
    return {
      try await pause(until: deadline)
      throw failure
    }
  }

  /// The watchers of a leader's work: the end of the lease as well as its renewal, which may still wait for an answer
  /// then.
  func watchers(of lock: LeaderLock) -> [Watcher] {
    let log = log
    return [
      deadlineWatcher, { try await lock.keepRenewed(log: log) }, { try await lock.lease.waitForEnd(lock.key) },
    ]
  }

  /// The failure of a run that took too long.
  var timeIsUp: JobFailure {
    JobFailure(
      .deadline, "the run took longer than JOB_TIMEOUT (\(DurationText.format(settings.timeout))) and was stopped",
      hint: "Raise JOB_TIMEOUT, or find out why it is slow; what was committed is kept.")
  }

  // MARK: Facts

  var neededMigrations: [MigrationNeed] { MigrationNeed.all(of: J.facts.schema) }

  private var holder: String {
    var members: [(String, JSON)] = [
      ("run_id", .string(runID.description)), ("host", .string(surroundings.host)),
      ("pid", .integer(Int64(surroundings.processID))), ("since", .string(startedAt.rfc3339)),
    ]
    if !identity.server.isEmpty { members.append(("server", .string(identity.server))) }
    members.append((LeaderLock.variantKey, .string(identity.variant)))
    return JSON(members: members).text
  }
}

import BlockingIO
import Postgres

/// The run's row in the ledger, and what telemetry reports of it.
extension JobRunner {
  /// What a run that writes nothing checks before its work; one that writes checks it while its row is opened.
  func checkSchemaAndClock() async throws {
    let (applied, disagreement) = try await retrier.run("reading which migrations were applied") {
      try await database.withSession { session in
        (try AppliedMigrations(session), try compareClock(session))
      }
    }
    if let failure = applied.failure(needing: neededMigrations) ?? disagreement { throw failure }
  }

  /// What is wrong with time zones that the settings name.
  func zoneFailures() async throws -> [JobFailure] {
    let zones = zones.filter { !$0.isUTC }
    guard !zones.isEmpty else { return [] }
    return try await retrier.run("looking up time zones") {
      try await database.withSession { session in
        var failures: [JobFailure] = []
        for zone in zones { if let failure = try zone.failure(session) { failures.append(failure) } }
        return failures
      }
    }
  }

  /// The check for the clock of a server that is asked now.
  var clock: ClockCheck {
    let now = surroundings.now()
    return ClockCheck(tolerance: settings.clockTolerance, logicalTime: logicalTime, requestedAt: now, answeredAt: now)
  }

  /// Compares this host's clock with that of Postgres.
  func compareClock(_ session: borrowing Session) throws -> JobFailure? {
    var clock = clock
    let moment: Timestamp = try session.query(ClockCheck.question).only().value("moment")
    clock.answeredAt = surroundings.now()
    return clock.failure("Postgres", says: moment)
  }

  /// - Parameter lock: checked before every attempt: a run whose lease is over would fence its successor.
  ///
  /// - Parameter lost: see `Ledger.open`.
  func open(
    _ ledger: Ledger, _ lock: LeaderLock, above lost: (token: Int64, own: Int64)? = nil
  ) async throws -> Ledger.Opening {
    let needs = neededMigrations
    let facts = Ledger.OpeningFacts(
      scheduledAt: logicalTime.moment, scheduledBy: logicalTime.source.rawValue,
      identifiesSlot: logicalTime.identifiesSlot, isForced: settings.isForced,
      isByHand: surroundings.terminal.isTerminal, startedAt: startedAt,
      deadlineAt: startedAt + settings.timeout, host: surroundings.host, version: oneshotVersion,
      needs: needs)
    return try await retrier.run("opening the run in the ledger") {
      try lock.lease.check(lock.key)
      return try await database.withSession { session in
        // Read here: connecting may have taken a while.
        let clock = clock
        do {
          do {
            return try ledger.read(session.query(ledger.open(facts, clock, above: lost)).only(), clock)
          } catch let error as PostgresError where Timeline.mayBeUnavailable(error) {
            return try ledger.read(
              session.query(ledger.open(facts, clock, withTimeline: false, above: lost)).only(), clock)
          }
        } catch let error as PostgresError where Schema.isMissing(error) {
          return .schemaTooOld(found: AppliedMigrations())
        } catch let error as PostgresError where error.state == .undefinedColumn || error.state == .undefinedTable {
          // The statement uses objects of a later migration: the list of applied migrations says more than its message.
          let found = try AppliedMigrations(session)
          guard found.failure(needing: needs) != nil else { throw error }
          return .schemaTooOld(found: found)
        }
      }
    }
  }

  func leadership(_ lock: LeaderLock, _ ledger: Ledger, _ opened: Ledger.Opened) -> JobRun.Leadership {
    log.debug(
      "opened the run in the ledger",
      ["fence": .integer(opened.fence), "attempt": .integer(Int64(opened.attempt))])
    if let (by, reason) = opened.request {
      log.info(
        "somebody has requested this run", ["by": .string(by), "reason": reason.map { .string($0) } ?? .null])
    }
    record.opening = (opened.fence, opened.attempt)
    var ledger = ledger
    ledger.timeline = opened.timeline
    return JobRun.Leadership(lock: lock, ledger: ledger, fence: opened.fence, origin: opened.origin)
  }

  /// Opens the run again with a fence above one that Redis has seen: this database issued it and has lost it, because a
  /// replica that lagged took over or the database was restored.
  ///
  /// - Returns: `nil` where the database knows a later run; then nothing is lost, and the seen fence is that run's.
  func leadership(above seen: Int64, in place: JobRun.Leadership) async -> JobRun.Leadership? {
    let (ledger, lock, own) = (place.ledger, place.lock, place.fence)
    let opening = try? await watched(by: watchers(of: lock)) {
      try await open(ledger, lock, above: (token: seen, own: own))
    }
    guard case .opened(let opened)? = opening else { return nil }
    log.warning(
      "Redis has seen a fence that Postgres has lost, in a failover or a restore; the run starts again above it",
      ["fence": .integer(own), "seen": .integer(seen), "new_fence": .integer(opened.fence)])
    return leadership(lock, ledger, opened)
  }

  /// Ends the ledger's row.
  /// - Returns: why a run that went well failed after all.
  func close(_ leadership: JobRun.Leadership, _ result: RunResult) async -> (any Error)? {
    log.debug("closing the run in the ledger", ["status": .string(result.status.rawValue)])
    let result = log.redacted(result)
    let now = surroundings.now()
    let statement = leadership.ledger.close(
      result, itemsProcessed: record.itemsProcessed, behind: record.behind, fence: leadership.fence, at: now,
      keepingSince: now - settings.ledgerKeep)
    let isGood = result.status != .failed && result.status != .interrupted
    var patience = retrier
    // A success whose answer is lost stands in the ledger already, so it is sent at least once more, whatever the
    // setting.
    patience.attempts = isGood ? max(2, patience.attempts) : 1
    do {
      let rows = try await patience.run("closing the run in the ledger") {
        try await database.withSession { session in try session.query(statement) }
      }
      if isGood, try rows.first?.value("is_written", as: Bool.self) != true {
        return try leadership.ledger.failure(rows, leadership.fence)
          ?? JobFailure(.internal, "the run's row in the ledger is missing, or was closed by another process")
      }
      record.isClosed = true
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

  /// Reports to metrics and heartbeat how the run ended, also of one that stops.
  func sendTelemetry(_ result: RunResult) async {
    let ledger = Ledger(identity: identity, runID: runID)
    await shieldedFromCancellation {
      await telemetry.end(result, itemsProcessed: record.itemsProcessed, measures: record.measures) {
        guard record.isClosed else { return nil }
        return try await database.withSession { session in try ledger.readTotals(session.query(ledger.totals())) }
      }
    }
  }
}

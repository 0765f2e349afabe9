import Postgres
import TestSupport

@testable import JobRuntime

/// A ledger in a place of its own, and short words for what tests do with it.
struct LedgerPlace {
  static let slot = Timestamp(seconds: 1_761_962_400)
  static let start = Timestamp(seconds: 1_761_962_401)

  let place: Place

  init() async throws { place = try await Place() }

  func ledger(
    _ number: Int, instance: String = "", job: String = "job", server: String = "", variant: String = "",
    shard: Shard = Shard(index: 0, count: 1)
  ) -> Ledger {
    ledger(
      number, of: RunIdentity(instance: instance, job: job, server: server, variant: variant, shard: shard))
  }

  func ledger(_ number: Int, of identity: RunIdentity) -> Ledger {
    var generator = SeededGenerator(UInt64(number))
    return Ledger(identity: identity, runID: RunID(at: Self.start + .seconds(number), using: &generator))
  }

  /// One that no server disagrees with.
  static let clock = ClockCheck(
    tolerance: .days(36_525), logicalTime: LogicalTime(moment: slot, source: .setting), requestedAt: start,
    answeredAt: start)

  static func facts(
    at scheduledAt: Timestamp = slot, by source: LogicalTime.Source = .clock, isForced: Bool = false,
    needs: [MigrationNeed] = [MigrationNeed("core", 1)]
  ) -> Ledger.OpeningFacts {
    .init(
      scheduledAt: scheduledAt, scheduledBy: source.rawValue, identifiesSlot: source != .clock, isForced: isForced,
      isByHand: false,
      startedAt: start, deadlineAt: start + .minutes(50), host: "host", version: "1", needs: needs)
  }

  func open(
    _ ledger: Ledger, at scheduledAt: Timestamp = slot, by source: LogicalTime.Source = .setting,
    isForced: Bool = false, needs: [MigrationNeed] = [MigrationNeed("core", 1)], clock: ClockCheck = Self.clock
  ) async throws -> Ledger.Opening {
    let statement = ledger.open(
      Self.facts(at: scheduledAt, by: source, isForced: isForced, needs: needs), clock)
    return try await place.database.withSession { session in
      try ledger.read(session.query(statement).only(), clock)
    }
  }

  /// Opens a run that must open.
  func opened(
    _ ledger: Ledger, at scheduledAt: Timestamp = slot, by source: LogicalTime.Source = .setting,
    isForced: Bool = false
  ) async throws -> (fence: Int64, attempt: Int) {
    let opening = try await open(ledger, at: scheduledAt, by: source, isForced: isForced)
    guard case .opened(let opened) = opening else { throw TestFailure("\(opening)") }
    return (opened.fence, opened.attempt)
  }

  /// Closes a run; says whether the fence was still its own.
  @discardableResult
  func close(
    _ ledger: Ledger, _ status: RunStatus, fence: Int64, keepingSince horizon: Timestamp = Timestamp(seconds: 0),
    _ change: (inout RunResult) -> Void = { _ in }
  ) async throws -> Bool {
    var result = RunResult(
      identity: ledger.identity, version: "1", runID: ledger.runID.description, status: status, exitCode: 0,
      logicalTime: LogicalTime(moment: Self.slot, source: .setting), startedAt: Self.start)
    change(&result)
    let statement = ledger.close(
      result, itemsProcessed: 0, behind: 0, fence: fence, at: Self.start + .seconds(5), keepingSince: horizon)
    return try await place.database.withSession { session in
      try session.query(statement).only().optional("is_written", as: Bool.self) ?? false
    }
  }

  /// Status and kind of error of each run, in the order of their fences.
  func runs() async throws -> [String] {
    try await place.database.withSession { session in
      try session.query(
        "select status || coalesce(' ' || error_kind, '') as state from oneshot.job_runs order by fence, run_id"
      ).map { try $0.value("state", as: String.self) }
    }
  }
}

import BlockingIO
package import JobRuntime
package import Postgres

/// A lock, and what the ledger says of the run that holds it.
package struct LockStanding: Sendable {
  package var lock: HeldLock
  /// The holder's row; `nil` where the ledger has none.
  package var run: LedgerRun?
  /// Why the ledger could not be asked.
  package var problem: String?

  package init(lock: HeldLock, run: LedgerRun?, problem: String? = nil) {
    (self.lock, self.run, self.problem) = (lock, run, problem)
  }

  /// The conclusion from both together.
  package enum Verdict: Sendable, Equatable {
    /// By the ledger the run is at work, and its lease is being renewed.
    case working
    /// By the ledger it is at work, but longer than allowed: it hangs, or something that hangs renews the lease.
    case overdue
    /// The run has ended. It keeps the lock for JOB_LOCK_MIN_HOLD, or could not release it.
    case ended(LedgerRun.Status)
    /// A run of this project that is not in this ledger: about to start, of another database, or left behind.
    case unknown
    /// The holder is not a run of this project.
    case foreign
  }

  package func verdict(at now: Timestamp) -> Verdict {
    guard lock.runID != nil else { return .foreign }
    guard let run else { return .unknown }
    guard run.status == .running else { return .ended(run.status) }
    // A run ends itself within seconds of its deadline.
    return run.deadlineAt.map { $0 + StopLimits.seenFromOutside < now } == true ? .overdue : .working
  }

  /// Reads the runs that hold these locks from the ledger.
  package static func of(_ locks: [HeldLock], in database: Database) async throws -> [LockStanding] {
    let ids = locks.compactMap(\.runID)
    guard !ids.isEmpty else { return locks.map { LockStanding(lock: $0, run: nil) } }
    let statement = try LedgerRun.withIDs(ids)
    let runs = try await database.transaction(readOnly: true) { session in
      try session.query(statement).map { row in try LedgerRun(row: row) }
    }
    return locks.map { lock in
      // An id may be written in upper case; Postgres answers in lower case.
      LockStanding(lock: lock, run: runs.first { $0.id == lock.runID?.lowercased() })
    }
  }
}

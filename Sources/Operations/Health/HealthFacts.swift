package import JobRuntime
package import Postgres

/// What is known of all jobs at one moment: what health is judged by.
package struct HealthFacts: Sendable {
  /// By the server's clock.
  package var now: Timestamp
  /// When the schema was changed last: a job that came with it has not been expected for longer.
  package var migratedAt: Timestamp
  /// Of each part its newest runs and its newest successes, the newest first; and one that started in times to come.
  package var runs: [LedgerRun]
  /// `nil` where they could not be looked at.
  package var locks: [HeldLock]?
  /// Runs that the ledger calls running, and whose lock is not their own.
  package var orphans: Set<String>
  package var letters: [PendingLetters]

  /// Dead letters that wait for a person.
  package struct PendingLetters: Sendable, Equatable {
    package var job: String
    package var count: Int
    /// When the oldest of them failed first.
    package var oldest: Timestamp

    package init(job: String, count: Int, oldest: Timestamp) {
      (self.job, self.count, self.oldest) = (job, count, oldest)
    }
  }

  /// How many runs of a part are looked at, whatever came of them.
  package static let newest = 20
  /// How many successes: the last one, and those that it is measured by.
  static let successes = 1 + Judgement.longestHistory
  /// How long a part that nobody expects is judged for after its last run.
  static let lately = Duration.days(7)

  package init(
    now: Timestamp, migratedAt: Timestamp, runs: [LedgerRun], locks: [HeldLock]? = [], orphans: Set<String> = [],
    letters: [PendingLetters] = []
  ) {
    (self.now, self.migratedAt, self.runs) = (now, migratedAt, runs)
    (self.locks, self.orphans, self.letters) = (locks, orphans, letters)
  }
}

extension HealthFacts {
  /// Reads them.
  ///
  /// - Parameters:
  ///   - settings: says which jobs are expected, however long ago they ran.
  ///   - everything: also parts that have not run for long, and that nobody expects.
  ///   - locks: reads those in Redis; `nil` when they cannot be looked at.
  package init(
    _ settings: HealthSettings, everything: Bool = false, query: (Statement) async throws -> Rows,
    locks lookAtLocks: () async throws -> [HeldLock]?
  ) async throws {
    let moment = try await query(
      "select clock_timestamp() as now, coalesce(max(applied_at), now()) as migrated_at from oneshot.migrations"
    ).only()
    now = try moment.value("now")
    migratedAt = try moment.value("migrated_at")
    let chosen = try Statement(
      file: PackageResources.health_runs_sql,
      binding: [
        "since": everything ? Timestamp(seconds: 0) : now - Self.lately,
        "until": now + settings.grace, "expected": settings.expectations.map(\.job), "newest": Self.newest,
        "successes": Self.successes,
      ])
    runs = try await query(chosen).map { try LedgerRun(row: $0) }
    letters = try await query(Statement(file: PackageResources.health_letters_sql)).map { row in
      PendingLetters(job: try row.value("job"), count: try row.value("pending"), oldest: try row.value("oldest"))
    }
    orphans = []
    // After the ledger: what that calls running has taken its lock before.
    locks = try await lookAtLocks()
    guard let locks else { return }
    let held = Dictionary(locks.map { ($0.name, $0.runID) }, uniquingKeysWith: { first, _ in first })
    let suspicious = runs.filter { $0.status == .running && held[$0.lockName] != $0.id }.map(\.id)
    guard !suspicious.isEmpty else { return }
    // And once more the ledger: a run that ends closes its row before it gives its lock back.
    let still: Statement = """
      select run_id from oneshot.job_runs where run_id = any (\(suspicious)::uuid[]) and status = 'running'
      """
    orphans = Set(try await query(still).map { try $0.value("run_id", as: String.self) })
  }
}

package import JobRuntime
package import Postgres

/// The facts about all jobs at one moment, by which health is judged.
package struct HealthFacts: Sendable {
  /// By the server's clock.
  package var now: Timestamp
  /// When the schema was changed last: a job that was added with it has been expected since then only.
  package var migratedAt: Timestamp
  /// For each part its newest runs and its newest successes, the newest first; and one whose start is in the future.
  package var runs: [LedgerRun]
  /// When the first run of each part that is still in the ledger started; where it is missing, `runs` are all.
  package var firstStarts: [JobPart: Timestamp]
  /// `nil` where they could not be read.
  package var locks: [HeldLock]?
  /// Runs that are running by the ledger, but do not hold their lock.
  package var orphans: Set<String>
  package var letters: [PendingLetters]
  /// The Redis that the locks are of (`RedisAddress.identity`).
  package var server = ""
  /// The lines of migrations of which something was applied; `nil` where that was not read.
  package var lines: Set<String>?
  /// The last pause of each job.
  package var pauses: [JobPause] = []
  /// The last snooze of each kind of trouble.
  package var snoozes: [Snooze] = []
  /// What somebody has requested, and no run has done yet.
  package var requests: [RunRequest] = []

  /// Dead letters that wait for a person.
  package struct PendingLetters: Sendable, Equatable {
    package var part: JobPart
    package var job: String { part.job }
    package var count: Int
    /// When the oldest of them failed first.
    package var oldest: Timestamp

    package init(instance: String = "", job: String, server: String = "", count: Int, oldest: Timestamp) {
      part = JobPart(instance: instance, job: job, server: server)
      (self.count, self.oldest) = (count, oldest)
    }
  }

  /// How many runs of a part are considered, whatever their outcome.
  package static let newest = 20
  /// How many successes: the last one, and those that it is compared with.
  static let successes = 1 + Judgement.longestHistory
  /// How long after its last run a part without an expectation is judged.
  static let lately = Duration.days(7)
  /// How long it counts as missing if it came regularly before.
  static let remembered = Duration.days(90)

  package init(
    now: Timestamp, migratedAt: Timestamp, runs: [LedgerRun], firstStarts: [JobPart: Timestamp] = [:],
    locks: [HeldLock]? = [], orphans: Set<String> = [], letters: [PendingLetters] = []
  ) {
    (self.now, self.migratedAt, self.runs, self.firstStarts) = (now, migratedAt, runs, firstStarts)
    (self.locks, self.orphans, self.letters) = (locks, orphans, letters)
  }
}

extension HealthFacts {
  /// When the first run of a part started.
  func firstStart(of part: JobPart) -> Timestamp? {
    firstStarts[part] ?? runs.last { $0.part == part }?.startedAt
  }

  /// Whether the part's lock is in the Redis that was read: not for one whose data are in another.
  package func hasLockHere(_ part: JobPart) -> Bool { part.server.isEmpty || part.server == server }

  /// Reads them.
  ///
  /// - Parameters:
  ///   - settings: names the jobs that are expected, however long ago they ran.
  ///   - everything: also parts that have not run for long and have no expectation.
  ///   - server: the Redis that the locks are of.
  ///   - locks: reads the locks in Redis; `nil` when they cannot be read.
  package init(
    _ settings: HealthSettings, everything: Bool = false, query: (Statement) async throws -> Rows,
    redis server: String, locks lookAtLocks: () async throws -> [HeldLock]?
  ) async throws {
    self.server = server
    let moment = try await query(
      """
      select clock_timestamp() as now, coalesce(max(applied_at), now()) as migrated_at,
        coalesce(string_agg(distinct line, ','), '') as lines
      from oneshot.migrations
      """
    ).only()
    lines = Set(try moment.value("lines", as: String.self).split(separator: ",").map { String($0) })
    now = try moment.value("now")
    migratedAt = try moment.value("migrated_at")
    let chosen = try Statement(
      file: "health_runs.sql", PackageResources.health_runs_sql,
      binding: [
        "since": everything ? Timestamp(seconds: 0) : now - Self.lately,
        "remembered": everything ? Timestamp(seconds: 0) : now - Self.remembered,
        "until": now + settings.grace, "expected": settings.expectations.map(\.job), "newest": Self.newest,
        "successes": Self.successes,
      ])
    (runs, firstStarts) = ([], [:])
    for row in try await query(chosen) {
      var run = try LedgerRun(row: row)
      run.isOnce = try row.value("is_once")
      run.oldestSeconds = try row.optional("oldest_seconds")
      run.closedRelays = try row.optional("closed_relays")
      let first: Timestamp = try row.value("first_started_at")
      firstStarts[run.part] = min(first, firstStarts[run.part] ?? first)
      runs.append(run)
    }
    letters = try await query(Statement(file: "health_letters.sql", PackageResources.health_letters_sql)).map { row in
      PendingLetters(
        instance: try row.value("instance"), job: try row.value("job"), server: try row.value("server"),
        count: try row.value("pending"), oldest: try row.value("oldest"))
    }
    pauses = try await query(JobPause.all).map { try JobPause(row: $0) }
    snoozes = try await query(Snooze.all).map { try Snooze(row: $0) }
    requests = try await query(RunRequest.waiting).map { try RunRequest(row: $0) }
    orphans = []
    // After the ledger: a run that is running by the ledger has taken its lock before.
    locks = try await lookAtLocks()
    guard let locks else { return }
    let held = Dictionary(locks.map { (ExactName($0.name), $0.runID) }, uniquingKeysWith: { first, _ in first })
    let suspicious = runs.filter {
      $0.status == .running && hasLockHere($0.part) && held[ExactName($0.lockName)] != $0.id
    }.map(\.id)
    guard !suspicious.isEmpty else { return }
    // And the ledger once more: a run that ends closes its row before it releases its lock.
    let still: Statement = """
      select run_id from oneshot.job_runs where run_id = any (\(suspicious)::uuid[]) and status = 'running'
      """
    orphans = Set(try await query(still).map { try $0.value("run_id", as: String.self) })
  }
}

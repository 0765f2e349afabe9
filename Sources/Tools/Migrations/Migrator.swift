package import JobRuntime
package import Postgres

/// Applies migrations to a database: each once, `core` first.
///
/// Several at the same time do not harm each other.
package struct Migrator: Sendable {
  let database: Database
  let migrations: [Migration]

  /// - Parameter migrations: some of `Migration.all`, in its order.
  package init(_ database: Database, _ migrations: [Migration] = Migration.all) {
    self.database = database
    self.migrations = migrations
  }

  /// The same number for every migrator: "oneshot" as ASCII.
  private static let lockNumber: Int64 = 0x6F_6E_65_73_68_6F_74
  /// Held until the transaction ends.
  private static let lock: Statement = "select pg_try_advisory_xact_lock(\(lockNumber)) as is_ours"
  private static let limit = Duration.minutes(10)
  /// How long an index of a table that is full already may take.
  private static let limitOfIndex = Duration.minutes(24 * 60)
  /// How long a step waits for a table in use; sessions that queue behind it wait as long.
  ///
  /// After that the step tries again.
  private static let patience: Statement = "set local lock_timeout = '2s'"

  /// What would be done, and what would keep it from being done, without changing anything.
  package func plan() async throws -> (plan: Plan, schema: String, failure: JobFailure?) {
    try await database.transaction(readOnly: true) { session in try Self.plan(of: migrations, session) }
  }

  /// The same, while no other migrator is at work: what that one makes would be in the way of what is planned here.
  private func planAlone() async throws -> (plan: Plan, schema: String, failure: JobFailure?) {
    try await untilFree {
      try await database.transaction(readOnly: true) { session in
        guard try session.query(Self.lock).only().value("is_ours") else { return nil }
        return try Self.plan(of: migrations, session)
      }
    }
  }

  /// The steps that a newer version has applied to this database, by line, number and name.
  package func later() async throws -> [String] {
    try await database.transaction(readOnly: true) { session in try Bookkeeping(session).later(than: Migration.all) }
  }

  private static func plan(
    of migrations: [Migration], _ session: borrowing Session
  ) throws -> (plan: Plan, schema: String, failure: JobFailure?) {
    var plan = try Bookkeeping(session).plan(of: migrations)
    if !plan.steps.isEmpty { plan.preparation = try Bookkeeping.preparation(session) }
    let schema = try session.query("select coalesce(current_schema(), '(no schema)') as name").only()
    return (plan, try schema.value("name"), try Beforehand(plan: plan).failure(session))
  }

  /// Applies what is missing.
  ///
  /// - Parameter say: called with a line of text before each step, and after those that have something to report.
  /// - Returns: how many steps this call carried out.
  /// - Throws: `JobFailure`, before the first step when it can be known by then that one would fail.
  package func migrate(_ say: @escaping @Sendable (String) throws -> Void) async throws -> Int {
    let (plan, _, failure) = try await planAlone()
    if let failure { throw failure }
    var count = 0
    if plan.converts, try await carryOut(say, { session in try convert(session, say) }) { count += 1 }
    // What the numbers of before stand for is known only now.
    let steps = plan.converts ? try await planAlone().plan.steps : plan.steps
    for step in steps where try await apply(step, say) { count += 1 }
    return count
  }

  private func apply(_ step: Migration, _ say: @escaping @Sendable (String) throws -> Void) async throws -> Bool {
    if step.isConcurrent { return try await applyConcurrently(step, say) }
    return try await carryOut(say) { session in
      guard try !Bookkeeping(session).isApplied(step) else { return false }
      try say("applying \(step)")
      let script = try Bookkeeping.preparation(session) + step.sql + step.record
      try session.execute(script: script, limit: Self.limit)
      if let report = step.report {
        for row in try session.query(Statement(sql: report)) { try say(row.value("line")) }
      }
      return true
    }
  }

  private func convert(_ session: borrowing Session, _ say: (String) throws -> Void) throws -> Bool {
    guard case .numbers = try Bookkeeping(session) else { return false }
    try say("applying \(Conversion.name)")
    try session.execute(script: Conversion.script, limit: Self.limit)
    return true
  }

  // MARK: One at a time

  /// Runs something in one transaction, while no other migrator is at work.
  private func carryOut(
    _ say: @Sendable (String) throws -> Void, _ work: @Sendable (borrowing Session) throws -> Bool
  ) async throws -> Bool {
    try await untilFree {
      try await givingWay(say) {
        try await database.transaction { session in
          guard try session.query(Self.lock).only().value("is_ours") else { return nil }
          try session.query(Self.patience)
          return try work(session)
        }
      }
    }
  }

  /// - Returns: `nil` when its tables were in use for too long.
  private func givingWay<Value>(
    _ say: @Sendable (String) throws -> Void, _ work: () async throws -> Value?
  ) async throws -> Value? {
    do {
      return try await work()
    } catch let error as PostgresError where Self.passes(error) {
      try say("its tables are in use; trying again")
      // Sessions that have queued behind this one go first.
      try await Task.sleep(for: .seconds(2))
      return nil
    }
  }

  /// Whether only a session that uses the tables was in the way of a step.
  private static func passes(_ error: PostgresError) -> Bool {
    error.state == .lockNotAvailable || error.state == SQLState(rawValue: "40P01")
  }

  /// - Parameter work: returns `nil` when something was in the way that passes.
  private func untilFree<Value>(_ work: () async throws -> Value?) async throws -> Value {
    let end = ContinuousClock.now + Self.limit
    while true {
      if let value = try await work() { return value }
      guard ContinuousClock.now < end else {
        throw JobFailure(
          .unavailable,
          "another `oneshot migrate`, or a transaction on the tables, was in the way for \(DurationText.format(Self.limit))",
          hint: "Run this again once it has ended; pg_stat_activity shows what is open.")
      }
      // Outside of any statement: `create index concurrently` of another migrator waits for all that are older.
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  // MARK: Outside of a transaction

  /// Carries out a step whose statements run by themselves.
  ///
  /// The catalogue shows what is done, so the next migrator continues from there.
  private func applyConcurrently(
    _ step: Migration, _ say: @escaping @Sendable (String) throws -> Void
  ) async throws -> Bool {
    let indexes = try ConcurrentIndex.all(in: step.sql).map { index in
      guard let index else { throw JobFailure(.internal, "\(step) holds something else than indexes") }
      return index
    }
    let result: Result<Bool, any Error>
    do {
      let isMissing = try await alone(say) { session in try !Bookkeeping(session).isApplied(step) }
      if isMissing {
        try say("applying \(step)")
        for index in indexes {
          for part in ConcurrentIndex.Part.allCases {
            try await alone(say) { session in try index.make(part, session, limit: Self.limitOfIndex) }
          }
        }
        try await alone(say) { session in try session.execute(script: step.record, limit: Self.limit) }
      }
      result = .success(isMissing)
    } catch {
      result = .failure(error)
    }
    _ = try? await database.withSession { session in try session.query("select pg_advisory_unlock_all()") }
    return try result.get()
  }

  /// Runs something outside of a transaction, while no other migrator is at work.
  ///
  /// From then on none is, until this connection gives the lock back or is lost.
  private func alone<Value: Sendable>(
    _ say: @Sendable (String) throws -> Void, _ work: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    let lock: Statement = "select pg_try_advisory_lock(\(Self.lockNumber)) as is_ours"
    return try await untilFree {
      try await givingWay(say) {
        try await database.withSession { session in
          guard try session.query(lock).only().value("is_ours") else { return nil }
          return try work(session)
        }
      }
    }
  }
}

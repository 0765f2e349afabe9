public import Redis

/// What is known about a job before any setting is read: for `--help`, `--describe`, `--check`, the lock, the ledger.
public struct JobFacts: Sendable {
  /// In kebab-case: the name of the executable, and in lock, ledger and metrics.
  public let name: String
  /// What the job does, in one line, for `--help`.
  public let summary: String
  /// The migrations that the job relies on: the newest of each line.
  ///
  /// The runtime's own needs are added to them.
  public let schema: [MigrationNeed]
  /// The tables that the job reads and writes, and the functions that it calls and that a role may not be allowed to.
  public let needs: JobNeeds
  /// Whether the job's data are in Redis.
  ///
  /// Then it has progress, fence and slots for each Redis.
  public let keepsDataInRedis: Bool
  /// Every kind of dead letter that the job writes.
  public let letterKinds: [LetterKind]

  /// - Parameters:
  ///   - name: in kebab-case.
  ///   - summary: one line for `--help`.
  ///   - keepsDataInRedis: whether progress, fence and slots are kept for each Redis.
  ///   - schema: the newest migration of each line that the job relies on, the runtime's aside.
  ///   - tables: the tables that it reads and writes.
  ///   - functions: functions that a role may not be allowed to call.
  ///   - letterKinds: every kind of dead letter that it writes.
  public init(
    name: String, summary: String, keepsDataInRedis: Bool = false, schema: [MigrationNeed] = [],
    tables: [TableNeed] = [], functions: [FunctionNeed] = [],
    letterKinds: [LetterKind] = []
  ) {
    (self.name, self.summary, self.schema) = (name, summary, schema)
    self.keepsDataInRedis = keepsDataInRedis
    needs = JobNeeds(tables: tables, functions: functions)
    self.letterKinds = letterKinds
  }
}

/// What a run needs of the servers.
public struct JobNeeds: Sendable {
  /// The tables, each with the columns and privileges that the run uses.
  public var tables: [TableNeed]
  /// Functions that the run calls and that a role may not be allowed to call.
  public var functions: [FunctionNeed]
  /// Commands that change nothing and that Redis refuses for the same reasons as the job's own; `--check` tries them.
  public var redisTrials: [RedisCommand]

  /// Without arguments the run needs nothing of its own from the servers.
  public init(tables: [TableNeed] = [], functions: [FunctionNeed] = [], redisTrials: [RedisCommand] = []) {
    (self.tables, self.functions, self.redisTrials) = (tables, functions, redisTrials)
  }
}

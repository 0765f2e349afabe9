public import Redis

/// What is known of a job before any setting is read: for `--help`, `--describe`, `--check`, the lock, the ledger.
public struct JobFacts: Sendable {
  /// In kebab-case: the executable's, the lock's, the ledger's, the metrics'.
  public let name: String
  /// What the job does, in one line, for `--help`.
  public let summary: String
  /// The migrations that the job relies on: of each line the newest. What the runtime itself needs goes without saying.
  public let schema: [MigrationNeed]
  /// The tables that the job reads and writes, and the functions that it calls and that a role may be refused.
  public let needs: JobNeeds
  /// Whether the data that the job is for are in Redis. Then its progress, fence and slots are one Redis' each.
  public let keepsDataInRedis: Bool
  /// Every kind of dead letter that the job writes.
  public let letterKinds: [LetterKind]

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
  public var tables: [TableNeed]
  public var functions: [FunctionNeed]
  /// Commands that Redis refuses for what it would refuse the job's for, and that change nothing; `--check` tries them.
  public var redisTrials: [RedisCommand]

  public init(tables: [TableNeed] = [], functions: [FunctionNeed] = [], redisTrials: [RedisCommand] = []) {
    (self.tables, self.functions, self.redisTrials) = (tables, functions, redisTrials)
  }
}

import BlockingIO
public import Postgres
public import Redis

/// What a job receives for a run: its time, its share, and access to Postgres, Redis and the report.
public struct JobRun: Sendable {
  /// The scheduled time of the run.
  ///
  /// Work never uses a clock to choose its data.
  public let scheduledAt: Timestamp
  /// When the run started, by the clock.
  public let startedAt: Timestamp
  /// This process's share of the work.
  public var shard: Shard { identity.shard }
  /// The installation that the run is of (`JOB_INSTANCE`); empty where there is only one.
  public var instance: String { identity.instance }
  /// The Redis that the job's data are in, without secrets; empty for a job whose data are in Postgres.
  public var server: String { identity.server }
  /// Which work the run does, by the settings that select it; empty where these have their defaults.
  public var variant: String { identity.variant }
  /// Whether the run only reports what would change.
  ///
  /// Its transactions are read-only then.
  public let isDryRun: Bool
  /// The run's log; secrets that the settings know are redacted.
  public let log: Log

  /// Names the run in everything that it writes.
  public let id: RunID

  let deadline: ContinuousClock.Instant
  package let identity: RunIdentity
  /// The kinds of dead letters from the job's facts.
  let letterKinds: [LetterKind]
  var database: Database
  package let redisConnection: RedisConnection
  let clusterConnections = ClusterConnections()
  let retrier: Retrier
  let record: RunRecord
  /// `nil` in a run that writes nothing.
  let leadership: Leadership?
  let inputDescriptor: Int32
  /// Runs at the start of each writing transaction, after the check of the fence.
  var precondition: (@Sendable (borrowing Session) throws -> Void)?

  /// The proof that this run may write.
  struct Leadership: Sendable {
    var lock: LeaderLock
    var ledger: Ledger
    var fence: Int64
    /// The database that gave the fence; `nil` where the server does not report it.
    var origin: String?
  }

  /// The run's fence; `nil` in a run that writes nothing.
  package var fence: Int64? { leadership?.fence }

  /// Which start of the slot this is, counted from 1.
  package var attempt: Int { record.opening?.attempt ?? 1 }

  /// The time that is left until the deadline: the limit for a statement that may take as long as the run.
  public var timeLeft: Duration { max(.zero, ContinuousClock.now.duration(to: deadline)) }

  // MARK: Postgres

  /// Runs the closure in one transaction: the only way to write durable data.
  ///
  /// It first checks that no newer run has started, and none can start until the transaction ends. It is committed when
  /// the closure returns, rolled back when it throws, and repeated as a whole after a transient error. In a run that
  /// writes nothing the server refuses every write.
  @discardableResult
  public func transaction<Value: Sendable>(
    _ body: @Sendable (borrowing Transaction) throws -> Value
  ) async throws -> Value {
    try await retrier.run("a transaction") {
      // Its rejected items are reported once it is committed.
      let rejected = RejectedItems()
      let value = try await inTransaction { session in
        try body(Transaction(on: session, of: self, rejected: rejected))
      }
      record.rejected.add(rejected)
      return value
    }
  }

  private func inTransaction<Value: Sendable>(
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    guard let leadership else { return try await database.transaction(readOnly: true, body) }
    try leadership.lock.lease.check(leadership.lock.key)
    let value = try await database.transaction(
      guardedBy: leadership.ledger.fenceCheck(),
      check: { try leadership.ledger.check($0, against: leadership.fence) },
      provenBy: { leadership.ledger.trace(of: $0, fence: leadership.fence) },
      { session in
        try precondition?(session)
        log.debug("transaction begun")
        let value = try body(session)
        log.debug("committing")
        return value
      })
    log.debug("committed")
    return value
  }

  /// The same run with a precondition: each transaction evaluates it first, and does nothing else when it throws.
  public func requiring(_ precondition: @escaping @Sendable (borrowing Session) throws -> Void) -> JobRun {
    var run = self
    run.precondition = precondition
    return run
  }

  // MARK: Reading

  /// Runs one query in a read-only transaction: one round trip.
  public func read(_ statement: Statement) async throws -> Rows {
    try await retrier.run("reading from Postgres") { try await database.read(statement) }
  }

  /// Lends the connection in a read-only transaction that is always rolled back.
  @discardableResult
  public func reading<Value: Sendable>(
    _ body: @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    try await retrier.run("reading from Postgres") { try await database.transaction(readOnly: true, body) }
  }

  /// Lends an empty temporary table, which lives until the connection is lost, for data that a run gathers before it
  /// writes.
  @discardableResult
  public func staging<Value: Sendable>(
    _ table: StagingTable, _ body: @Sendable (borrowing Staging) throws -> Value
  ) async throws -> Value {
    try await retrier.run("staging in Postgres") {
      try await database.withSession { session in
        try session.pipeline(table.preparation)
        return try body(Staging(on: session, table: table))
      }
    }
  }

  // MARK: Redis

  /// Lends the connection to Redis for commands that only read: commands that write need the fence (`publish`).
  @discardableResult
  public func redis<Value: Sendable>(
    _ body: @Sendable (inout RedisSession) throws -> Value
  ) async throws -> Value {
    try await retrier.run("talking to Redis") { try await redisConnection.withSession(body) }
  }

  /// The servers that hold the keys: one, or the primaries of a cluster, each with its share.
  ///
  /// Commands for several keys at once are refused by a primary whose `holdsShare` is true.
  public func redisPrimaries() async throws -> [RedisPrimary] {
    let topology = try await retrier.run("asking Redis for its primaries") { try await redisConnection.topology() }
    guard topology.isCluster else { return [RedisPrimary(connection: redisConnection, holdsShare: false, slots: [])] }
    return topology.primaries.map {
      RedisPrimary(connection: RedisConnection($0, clientName: identity.job), holdsShare: true, slots: topology.slots)
    }
  }

  /// Checks, after all keys were read, that no key can have moved from a primary that was not read yet to one that was.
  ///
  /// - Throws: a transient error: the keys have to be read again.
  public func checkNothingMoved(since primaries: [RedisPrimary]) async throws {
    guard let before = primaries.first, before.holdsShare else { return }
    guard try await redisPrimaries().first?.slots == before.slots else {
      throw RedisError.connection("keys moved between the primaries of the cluster while they were read")
    }
  }

  /// Identifies the life of a server: it differs after each restart, and for each server.
  ///
  /// `nil` where the server does not report it.
  public func life(of primary: RedisPrimary) async throws -> String? {
    try await redis(on: primary) { session in
      // A user without the right, and a service without the command, are no failure.
      let answer = try session.pipeline([RedisCommand("INFO", "server")])[0].text ?? ""
      let line = answer.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }
      return line.map { String($0.dropFirst("run_id:".count)) }.flatMap { $0.isEmpty ? nil : $0 }
    }
  }

  /// Lends the connection to one of the primaries, for commands that only read.
  @discardableResult
  public func redis<Value: Sendable>(
    on primary: RedisPrimary, _ body: @Sendable (inout RedisSession) throws -> Value
  ) async throws -> Value {
    try await retrier.run("talking to Redis") {
      // Keys that moved meanwhile are found by reading all primaries again: `MOVED` is a transient error.
      try await primary.connection.withSession(followingMoves: !primary.holdsShare, body)
    }
  }

  // MARK: Course of the run

  /// Repeats a piece of work that spans several transactions or both servers, as a whole, after a transient error.
  ///
  /// Committed transactions of a failed attempt stay, and the items that they rejected stay reported.
  ///
  /// - Parameters:
  ///   - what: the work, for the log.
  ///   - isPassing: transient errors besides those known to the runtime.
  ///   - timeLeft: how much of the run's time must be left for another attempt.
  public func retrying<Value>(
    _ what: String, isPassing: (any Error) -> Bool = { _ in false }, whileLeft timeLeft: Duration = .zero,
    _ work: () async throws -> Value
  ) async throws -> Value {
    var retrier = retrier
    retrier.deadline -= timeLeft
    return try await retrier.run(what, isPassing: { Retrier.passes($0) || isPassing($0) }, work)
  }

  /// Sets the window that the run covers, for the result and the ledger.
  public func setWindow(_ window: Window?) { record.window = window }

  /// Keeps what was counted so far, for the result of a run that does not end well.
  public func checkpoint(_ report: some JobReport) throws { try record.count(report) }
}

/// A Redis server that holds keys.
public struct RedisPrimary: Sendable {
  let connection: RedisConnection
  /// Whether it holds only its share of a cluster's keys.
  public let holdsShare: Bool
  /// Which primary of the cluster held which slots when this one was found.
  let slots: [String]
}

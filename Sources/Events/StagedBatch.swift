public import JobRuntime
public import Postgres

/// The events of one transaction, in temporary tables of the run.
///
/// Each method is one or more statements of it.
public struct StagedBatch: Sendable {
  let position: Position
  let reading: Reading
  let moment: Timestamp

  /// - Parameters:
  ///   - position: the position of the partition that the events come from; `settle` moves it.
  ///   - moment: the moment of the run, by which waiting events are due.
  public init(_ position: Position, _ reading: Reading, at moment: Timestamp) {
    (self.position, self.reading, self.moment) = (position, reading, moment)
  }

  /// Events that may be processed by their handlers together.
  public struct Turn: Sendable {
    /// What the inbox and the handlers' claims say about an event.
    public enum Verdict: String, Sendable {
      /// To be processed.
      case new
      case malformed, unknown, ignored
      /// Has to wait for an earlier event of its key.
      case behind
    }

    /// The verdict that all events of the turn share.
    public let verdict: Verdict
    /// The handlers' names; all of them process each event.
    public let handlers: [String]
    /// Whether one of the handlers keeps an order, so that `keys` are known.
    public let isOrdered: Bool
    /// By their numbers in the batch, in order.
    public let events: [Int]
    /// How often each was tried, including this time.
    public let attempts: [Int: Int]
    /// The number of each event's key; 0 for none.
    ///
    /// Only for handlers that keep an order.
    public let keys: [Int: Int]

    init(_ row: Row) throws {
      let word: String = try row.value("verdict")
      guard let known = Verdict(rawValue: word) else { throw PostgresError.decoding("verdict is «\(word)»") }
      func numbers(_ column: String) throws -> [Int] {
        try row.value(column, as: String.self).split(separator: ",").compactMap { Int($0) }
      }
      verdict = known
      handlers = try row.value("handlers", as: String.self).split(separator: ",").map(String.init)
      isOrdered = try row.value("is_ordered")
      events = try numbers("events")
      attempts = Dictionary(uniqueKeysWithValues: zip(events, try numbers("attempts")))
      keys = isOrdered ? Dictionary(uniqueKeysWithValues: zip(events, try numbers("keys"))) : [:]
    }
  }

  // MARK: Staging

  /// Stages the entries of a source, and records which of them are new.
  ///
  /// - Returns: the new events, in the order in which they have to be processed.
  public func stage(_ entries: [Entry], _ tx: borrowing Transaction) throws -> [Turn] {
    let read = SQLFragment(
      "entries.sql", PackageResources.entries_sql,
      [
        "locations": entries.map(\.location), "ids": entries.map(\.id), "payloads": entries.map(\.payload),
        "are_fields": entries.map(\.isFields), "problems": entries.map(\.problem),
      ])
    return try turns(
      Self.tables + [staging(read), try statement("claimed.sql", PackageResources.claimed_sql, [:], withTurns: true)],
      tx)
  }

  /// Stages waiting events that are due.
  ///
  /// - Parameters:
  ///   - attempts: the number of attempts after which an event may be given up; for its last attempt it is alone.
  ///   - heldUp: types that are not tried again by this run.
  public func stageDue(
    count: Int, bytes: Int, attempts: Int, heldUp: [String], _ tx: borrowing Transaction
  ) throws -> [Turn] {
    let due = SQLFragment("due.sql", PackageResources.due_sql).filling(["is_due": Inbox.isDue])
      .binding(["limit": count, "most_bytes": bytes, "attempts": attempts, "held_up": heldUp])
    return try turns(
      Self.tables + [staging(due), try statement("known.sql", PackageResources.known_sql, [:], withTurns: true)], tx)
  }

  /// Stages dead letters that are replayed.
  public func stage(_ letters: [DeadLetter], _ tx: borrowing Transaction) throws -> [Turn] {
    let replayed = SQLFragment("replayed.sql", PackageResources.replayed_sql).filling(["letters": Self.named(letters)])
    return try turns(
      Self.tables + [
        staging(replayed), try statement("remember.sql", PackageResources.remember_sql, [:]),
        try statement("known.sql", PackageResources.known_sql, [:], withTurns: true),
      ], tx)
  }

  /// The indexes, from 0, of the dead letters that cannot be replayed: neither they nor the inbox have the event.
  public static func lost(_ letters: [DeadLetter], _ run: JobRun) async throws -> Set<Int> {
    let lost = try SQLFragment("lost_letters.sql", PackageResources.lost_letters_sql)
      .filling(["letters": named(letters)]).statement()
    return Set(try await run.read(lost).map { try $0.value("n", as: Int.self) - 1 })
  }

  private static func named(_ letters: [DeadLetter]) -> SQLFragment {
    SQLFragment(
      "letters.sql", PackageResources.letters_sql, ["items": letters.map(\.item), "payloads": letters.map(\.payload)])
  }

  private func turns(_ statements: [Statement], _ tx: borrowing Transaction) throws -> [Turn] {
    // The rows are locked from here on: a run with another number of partitions waits, and notices before it does
    // anything that its batch is out of date.
    let answers = try tx.pipeline([position.holding] + statements)
    guard answers[0].count == 1 else { throw Position.overtaken(position.partition) }
    return try answers[answers.count - 1].map { try Turn($0) }
  }

  /// The table that handlers read is called `events`: `pg_temp` comes before every other schema.
  private static let tables: [Statement] =
    [
      """
      create temporary table if not exists oneshot_staged (
        n integer, id text collate "C", location text, type text collate "C", key text collate "C", account_id text,
        campaign_id text, data jsonb, happened_at timestamptz, event jsonb, attempt integer, problem text,
        handlers text[], is_ordered boolean) on commit delete rows
      """
    ] + handed + ["delete from pg_temp.oneshot_staged"]

  /// The table of events that handlers get, and the table into which they put additions to live boards.
  public static let handed: [Statement] = [
    """
    create temporary table if not exists events (
      n integer, id text collate "C", type text collate "C", key text collate "C", account_id text, campaign_id text,
      data jsonb, happened_at timestamptz, attempt integer) on commit delete rows
    """,
    """
    create temporary table if not exists board_deltas (
      board text collate "C" not null check (board ~ '^[a-z0-9_]{1,100}$'),
      member text collate "C" not null check (octet_length(member) between 1 and 512),
      delta double precision not null check (abs(delta) <= 1e15)) on commit delete rows
    """,
  ]

  private func staging(_ entries: SQLFragment) throws -> Statement {
    try SQLFragment(
      "staged.sql", PackageResources.staged_sql,
      [
        "key_path": reading.keyPath, "patterns": reading.takers.map(\.pattern),
        "handlers": reading.takers.map(\.handler), "are_ordered": reading.takers.map(\.isOrdered),
        "are_fallbacks": reading.takers.map(\.isFallback),
      ]
    ).filling(["entries": entries]).binding(values).statement()
  }

  private func statement(
    _ name: String, _ text: [UInt8], _ inputs: [String: any PostgresEncodable], withTurns: Bool = false
  ) throws -> Statement {
    let fragment = SQLFragment(name, text, inputs).binding(values)
    guard withTurns else { return try fragment.statement() }
    return try fragment.filling(["turns": SQLFragment("turns.sql", PackageResources.turns_sql)]).statement()
  }

  private var values: [String: any PostgresEncodable] {
    [
      "source": position.partition.source, "partition": position.partition.number, "moment": moment,
      "ignores_unknown": reading.ignoresUnknown,
      // Above every number of an earlier batch: a batch has fewer events than that.
      "first_place": (position.batch + 1) * 1_000_000,
    ]
  }

  // MARK: Handlers

  /// Provides events to a handler, and limits how long it may take.
  public static func present(_ events: [Int], for limit: Duration) throws -> [Statement] {
    [
      "delete from pg_temp.events",
      try Statement(file: "present.sql", PackageResources.present_sql, binding: ["events": events]),
      "select set_config('statement_timeout', \("\(limit.inMilliseconds)"), true)",
    ]
  }

  /// The outcome of an event that is not done.
  public struct Outcome: Sendable {
    /// Whether the event is tried again later or has become a dead letter.
    public enum State: String, Sendable { case waiting, dead }

    /// Whether the event is tried again.
    public var state: State
    /// The kind of the dead letter, also of an event that is still waiting.
    public var kind: LetterKind
    /// The message of the dead letter.
    public var message: String
    /// The detail that only the inbox holds: a server's message may repeat content of the event.
    public var detail: String
    /// Whether an attempt was used up.
    public var isAttempt: Bool
    /// When it is tried again, where it waits.
    public var dueAt: Timestamp?

    /// - Parameter detail: what only the inbox holds; `nil` for the message itself.
    public init(
      _ state: State, _ kind: LetterKind, _ message: String, detail: String? = nil, isAttempt: Bool = true,
      dueAt: Timestamp? = nil
    ) {
      (self.state, self.kind, self.message, self.isAttempt, self.dueAt) = (state, kind, message, isAttempt, dueAt)
      self.detail = detail ?? message
    }
  }

  /// The outcome of a batch.
  public struct Settled: Sendable {
    /// How many events of each type are done, waiting and dead; `isHeld` marks a type that waits for a corrected
    /// handler.
    public var types: [(type: String, done: Int, waiting: Int, dead: Int, isHeld: Bool)] = []
    /// The events that have become dead letters in this batch.
    public var dead: [Dead] = []
    /// What the batch adds to live boards, to be sent once it is committed.
    public var boards: [BoardStep] = []

    /// An event that has become a dead letter.
    public struct Dead: Sendable {
      /// Its number in the batch.
      public let event: Int
      /// The name of the dead letter's item.
      public let item: String
      /// Why Postgres could not read it; `nil` for one that it could read.
      public let problem: String?
      /// The event; `nil` for one that Postgres could not read.
      public let payload: JSON?
    }
  }

  /// Records the outcomes of the events, and moves the position.
  ///
  /// - Parameters:
  ///   - events: all that were processed.
  ///   - outcomes: the outcomes of those that are not done.
  ///   - held: those that wait for the correction of a handler.
  ///   - wereKnown: whether they were waiting or dead in the inbox before.
  ///   - place: the new position of the partition.
  ///   - entries: how many were read of the source on the way.
  public func settle(
    _ events: [Int], _ outcomes: [Int: Outcome], held: [Int], wereKnown: Bool, movingTo place: String, entries: Int,
    _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> Settled {
    let others = outcomes.sorted { $0.key < $1.key }
    let dead = others.filter { $0.value.state == .dead }.map(\.key)
    var statements: [Statement] = ["set local statement_timeout to default"]
    if !others.isEmpty {
      let settled: [String: any PostgresEncodable] = [
        "events": others.map(\.key), "states": others.map(\.value.state.rawValue),
        "errors": others.map { $0.value.detail.withoutNUL }, "are_attempts": others.map(\.value.isAttempt),
        "due_at": others.map(\.value.dueAt),
      ]
      statements.append(try statement("settled.sql", PackageResources.settled_sql, settled))
    }
    let done = wereKnown ? events.filter { outcomes[$0] == nil } : []
    if !done.isEmpty { statements.append(try statement("done.sql", PackageResources.done_sql, ["events": done])) }
    let counting: [String: any PostgresEncodable] = [
      "all_events": events, "events": others.map(\.key), "states": others.map(\.value.state.rawValue), "held": held,
    ]
    statements += [
      try statement("counted.sql", PackageResources.counted_sql, counting),
      try statement("dead.sql", PackageResources.dead_sql, ["events": dead]),
      try BoardStep.gathering(position, at: moment, run),
      try position.moving(to: place, entries: entries, at: moment, run),
    ]
    let answers = try tx.pipeline(statements)
    guard answers[answers.count - 1].affected == 1 else { throw Position.overtaken(position.partition) }
    var settled = Settled()
    settled.boards = try BoardStep.steps(answers[answers.count - 2])
    settled.types = try answers[answers.count - 4].map {
      (
        try $0.value("type"), try $0.value("done"), try $0.value("waiting"), try $0.value("dead"),
        try $0.value("is_held")
      )
    }
    settled.dead = try answers[answers.count - 3].map { row in
      let number: Int = try row.value("n")
      if let problem: String = try row.optional("problem") {
        return .init(
          event: number, item: "malformed \(try row.value("location", as: String.self))", problem: problem, payload: nil
        )
      }
      return .init(
        event: number, item: try row.value("item"), problem: nil, payload: .verbatim(try row.value("event")))
    }
    return settled
  }
}

extension String {
  /// The text as Postgres can store it.
  fileprivate var withoutNUL: String { utf8.contains(0) ? replacing("\0", with: "\\0") : self }
}

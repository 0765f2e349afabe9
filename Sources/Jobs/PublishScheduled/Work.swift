import JobRuntime
import Postgres

/// One run: what it knows, and what it has done so far.
struct Work: Sendable {
  private let settings: PublishScheduled.Settings
  private let run: JobRun
  private let moments: Moments
  private(set) var report = PublishScheduled.Report()
  private var hasLetters = false
  private var patience = Patience()
  /// Posts whose locks were not to be had.
  private var busy: [(move: Move, ids: [String])] = []
  /// How posts were moved, by the names of their tables.
  private var moved: [ExactName: Set<Move.Kind>] = [:]

  init(_ settings: PublishScheduled.Settings, _ run: JobRun) {
    (self.settings, self.run, moments) = (settings, run, settings.moments(run))
  }

  func hasPublished(_ table: TableName) -> Bool { moved[ExactName(table.text)]?.contains(.publish) == true }

  // MARK: Before the work

  /// Asks how the tables stand, in one round trip.
  ///
  /// - Returns: the moves, as the columns' types have them, and whether a post is due for each.
  mutating func look(at moves: [Move]) async throws -> [(move: Move, isDue: Bool)] {
    let statements = try [patience.lockLimit, past()] + moves.map { try $0.standing(moments) }
    let limit = run.timeLeft
    let answers = try await run.reading { session in
      for move in moves where move.isOwnExpression { try move.parseAlone(session) }
      return try session.pipeline(statements.map { $0.limited(to: limit) }).dropFirst().map { try $0.only() }
    }
    hasLetters = try answers[0].value("has_letters")
    let standings = try zip(moves, answers.dropFirst()).map { move, row in
      (
        move: try move.typed(by: row),
        isDue: try row.value("is_due", as: Bool.self)
      )
    }
    let next = try answers.dropFirst().compactMap { row in
      try row.optional("next_due_ms", as: Int64.self).map { ($0, try row.value("next_due_at", as: String.self)) }
    }
    report.nextDueAt = next.min { $0.0 < $1.0 }?.1
    if try answers[0].value("is_first_of_day") { try countUndated(zip(moves, answers.dropFirst()).map { ($0, $1) }) }
    try run.checkpoint(report)
    return standings
  }

  private func past() throws -> Statement {
    let day = Timestamp(seconds: moments.until.microseconds / 86_400_000_000 * 86_400)
    return try Statement(
      file: "past.sql", PackageResources.past_sql,
      binding: ["instance": run.instance, "job": PublishScheduled.name, "variant": run.variant, "day": day])
  }

  /// Posts without a time wait for ever, which may be meant: a reminder once a day is enough.
  private mutating func countUndated(_ rows: [(Move, Row)]) throws {
    var undated = 0
    for (move, row) in rows where move.kind == .publish {
      let count: Int = try row.value("undated")
      undated += count
      guard count > 0 else { continue }
      run.log.warning(
        "posts are scheduled without a time, and are never due",
        ["table": .string(move.table.text), "posts": .integer(Int64(count))])
    }
    report.undated = undated
  }

  // MARK: The work

  /// Carries out a move for all posts that are due, a page at a time.
  mutating func carryOut(_ move: Move) async throws {
    if move.kind == .publish, let file = settings.guardFile { try await check(file, move) }
    var chosen = Move.Chosen.first
    while true {
      try Task.checkCancellation()
      let outcome = try await step(move, chosen, limit: settings.batch)
      guard outcome.found == settings.batch, let last = outcome.last else { return }
      chosen = .after(due: last.due, id: last.id)
    }
  }

  /// Tries once more what somebody else had locked.
  mutating func tryAgain() async throws {
    let left = busy
    (busy, patience) = ([], Patience())
    for (move, ids) in left {
      for start in stride(from: 0, to: ids.count, by: settings.batch) {
        let some = Array(ids[start..<min(start + settings.batch, ids.count)])
        _ = try await step(move, .only(some), limit: some.count)
      }
    }
    report.busy = busy.reduce(0) { $0 + $1.ids.count }
    report.due += report.busy
    guard report.busy > 0 else { return }
    run.log.warning(
      "posts were locked by others for the whole run; the next run tries them again",
      [
        "posts": .integer(Int64(report.busy)),
        "some": .array(
          busy.flatMap { move, ids in ids.map { .string("\(move.table.text)/\($0)") } }.prefix(5).map(\.self)),
      ])
  }

  private mutating func step(_ move: Move, _ chosen: Move.Chosen, limit: Int) async throws -> Outcome {
    let batch = Batch(
      move: move, moments: moments, settings: settings, patience: patience, hasLetters: hasLetters,
      earlier: moved[ExactName(move.table.text)] ?? [], run: run)
    let outcome = try await run.transaction { tx in try batch.carryOut(chosen, limit: limit, tx) }
    report.add(outcome, of: move)
    if !outcome.busy.isEmpty {
      busy.append((move, outcome.busy))
      patience.isSpent = true
    }
    moved[ExactName(move.table.text), default: []].formUnion(outcome.kinds)
    try run.checkpoint(report)
    run.log.progress("posts", report.itemsProcessed)
    return outcome
  }

  /// Looks at the guard before anything depends on it.
  func check(_ file: SQLFile, _ move: Move) async throws {
    let (moments, guarded) = (moments, move.guarded(by: file, only: []))
    try await run.reading { session in
      do {
        try session.parse(file, binding: move.guardValues(moments, only: []))
        _ = try session.describe(guarded, binding: move.guardValues(moments, only: []))
      } catch let failure as SQLFile.Failure {
        throw PublishScheduled.guardFailure(failure)
      }
    }
  }

  // MARK: After the work

  /// Resolves dead letters of posts that no longer fail: somebody has changed their time, or them.
  func resolve(_ moves: [Move]) async throws {
    guard hasLetters else { return }
    for move in moves where move.kind == .publish {
      let still = busy.filter { $0.move.table == move.table }.flatMap(\.ids)
      let condition = SQLFragment(
        sql: """
          letter.error_kind = 'refused' and letter.variant = :variant and letter.payload ->> 'table' = :table_name
          and letter.payload ->> 'id' <> all (:still::text[]) and letter.last_run_id <> :run_id::uuid
          """,
        ["variant": run.variant, "table_name": move.table.text, "still": still, "run_id": run.id])
      try await run.transaction { tx in try tx.resolve(where: condition) }
    }
  }

  // MARK: A plan

  /// Counts what a run would do.
  mutating func plan(_ moves: [Move]) async throws -> PublishScheduled.Report {
    for move in moves {
      let row = try await run.read(move.planned(moments).limited(to: run.timeLeft)).only()
      let due: Int = try row.value("due")
      report.due += due
      guard move.kind == .publish else {
        report.unpublished += due
        continue
      }
      let late: Int = try row.value("too_late")
      var guarded = 0
      if let file = settings.guardFile {
        try await check(file, move)
        let statement = try move.guarded(by: file, only: nil).statement(binding: move.guardValues(moments))
        guarded = try await run.read(statement.limited(to: run.timeLeft)).count
      }
      report.held += late
      report.guarded += guarded
      report.published += max(0, due - late - guarded)
    }
    return report
  }
}

/// How long a run waits for what others hold: once it has waited in vain, it does not wait as long for the next.
struct Patience: Sendable {
  var isSpent = false

  /// For one lock.
  var lock: Duration { isSpent ? .milliseconds(100) : .seconds(2) }
  /// For one statement, with what triggers do in it.
  private var statement: Duration { isSpent ? .seconds(10) : .minutes(1) }

  /// Sets the limit for locks until the transaction ends.
  var lockLimit: Statement { Self.setting(["lock_timeout": lock]) }
  /// Sets both.
  var limits: Statement { Self.setting(["lock_timeout": lock, "statement_timeout": statement]) }
  /// Gives back what the session has.
  static let noLimits: [Statement] = [
    "set local lock_timeout to default", "set local statement_timeout to default",
  ]

  /// A role's shorter limits stay.
  private static func setting(_ limits: KeyValuePairs<String, Duration>) -> Statement {
    """
    select set_config(name, case when setting::bigint between 1 and most then setting else most::text end, true)
    from unnest(\(limits.map(\.key))::text[], \(limits.map(\.value.inMilliseconds))::bigint[]) as wanted (name, most)
    join pg_settings using (name)
    """
  }
}

extension PublishScheduled {
  static func guardFailure(_ failure: SQLFile.Failure) -> JobFailure {
    JobFailure(
      .misconfigured, failure.description,
      hint: "Correct the file of PUBLISH_GUARD: no post is published without its verdict.")
  }
}

extension Move {
  /// Has the server parse the expression of `PUBLISH_DUE_AT` by itself: one that closes a bracket of a larger statement
  /// could write there.
  fileprivate func parseAlone(_ session: borrowing Session) throws {
    do { _ = try session.describe(alone()) } catch PostgresError.server(let error)
      where error.state.errorClass == "42" && error.state != .undefinedTable && !error.state.isDenied
    {
      throw JobFailure(
        .misconfigured, "PUBLISH_DUE_AT: \(error.message) (SQLSTATE \(error.state.rawValue))",
        hint: "It is one expression over a row `post` of \(table.text).")
    }
  }

  /// The same move with the columns as they are.
  ///
  /// - Parameter row: of `standing.sql`.
  /// - Throws: for a type that does not say a moment, and for a table of another server.
  func typed(by row: Row) throws -> Move {
    let (moment, wallClock) = ("timestamp with time zone", "timestamp without time zone")
    let (due, publishedAt): (String, String) = (try row.value("due_type"), try row.value("published_at_type"))
    if try row.value("is_foreign") {
      throw JobFailure(
        .misconfigured, "\(table.text) is a foreign table: its transactions are not those of this database",
        hint: "Run the job where the posts are.")
    }
    if try row.value("has_no_key") {
      throw JobFailure(
        .misconfigured, "\(columns.id) of \(table.text) is not unique by itself: two rows may be one post",
        hint: "Name a column in PUBLISH_COLUMNS that has a unique index of itself, or make one.")
    }
    let name = "\(dueColumn) of \(table.text)"
    let convert =
      "alter table \(table.shown) alter \(TableName.shown(dueColumn)) type timestamptz using "
      + "\(TableName.shown(dueColumn)) at time zone 'Europe/Berlin'"
    guard due == moment else {
      if kind == .publish, isOwnExpression {
        throw JobFailure(
          .misconfigured, "PUBLISH_DUE_AT yields \(due), not \(moment)", hint: "Let it end with at time zone.")
      }
      if zone != nil, due == wallClock {
        throw JobFailure(
          .misconfigured, "\(name) holds moments already, and PUBLISH_TIMEZONE is set",
          hint: "Leave PUBLISH_TIMEZONE out.")
      }
      guard due == wallClock else {
        throw JobFailure(.misconfigured, "\(name) is of type \(due), which is no moment", hint: "Make it timestamptz.")
      }
      throw JobFailure(
        .misconfigured, "\(name) is a wall clock's time (\(due)), and nothing says of which time zone",
        hint: "Store the moment (\(convert)), or name the zone in PUBLISH_TIMEZONE.")
    }
    var move = self
    guard kind == .publish, let column = columns.publishedAt, publishedAt != moment else { return move }
    guard publishedAt == wallClock else {
      throw JobFailure(
        .misconfigured, "\(column) of \(table.text) is of type \(publishedAt), which holds no moment",
        hint: "Make it timestamptz, or leave it out of PUBLISH_COLUMNS.")
    }
    guard zone != nil else {
      throw JobFailure(
        .misconfigured,
        "\(column) of \(table.text) is a wall clock's time (\(publishedAt)), and nothing says of which time zone",
        hint: "Make it timestamptz, name the zone in PUBLISH_TIMEZONE, or leave it out of PUBLISH_COLUMNS.")
    }
    move.isPublishedLocal = true
    return move
  }
}

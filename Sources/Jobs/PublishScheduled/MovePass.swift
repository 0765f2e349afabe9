import JobRuntime
import Postgres

/// One run: what it knows, and what it has done so far.
struct MovePass: Sendable {
  let settings: PublishScheduled.Settings
  let run: JobRun
  var moments: Moments
  var report = PublishScheduled.Report()
  var hasLetters = false
  private var patience = Patience()
  /// Posts whose locks were not to be had.
  private var busy: [(move: Move, ids: [String])] = []
  /// How posts were moved, by the names of their tables.
  private var moved: [ExactName: Set<Move.Kind>] = [:]

  /// What has ended the work on single tables.
  private(set) var stopped: [any Error] = []
  /// Posts whose moment cannot be calculated.
  var unreadable: [Unreadable] = []

  init(_ settings: PublishScheduled.Settings, _ run: JobRun) {
    (self.settings, self.run, moments) = (settings, run, settings.moments(run))
  }

  func hasPublished(_ table: TableName) -> Bool { moved[ExactName(table.text)]?.contains(.publish) == true }

  /// Posts without a moment that can be calculated are dead letters.
  mutating func rejectUnreadable() async throws {
    guard !unreadable.isEmpty else { return }
    let failures = unreadable.map { $0.failure(settings) }
    try await run.transaction { tx in try tx.reject(failures) }
    report.failed += failures.count
  }

  // MARK: The work

  /// Does the work on one table.
  ///
  /// What is wrong with that table alone is thrown by `conclude`, once the others are done.
  mutating func sparingOthers(_ move: Move, _ work: (inout MovePass) async throws -> Void) async throws {
    do { try await work(&self) } catch {
      guard Self.isOfTable(error) else { throw error }
      stopped.append(error)
      run.log.warning(
        "the work on a table has ended; the run continues with the others",
        ["table": .string(move.table.text), "error": .string("\(error)")])
    }
  }

  private static func isOfTable(_ error: any Error) -> Bool {
    switch error {
    case let failure as JobFailure: failure.kind == .misconfigured || failure.kind == .denied
    case PostgresError.server(let error): error.concern != .run
    default: false
    }
  }

  /// - Throws: what has ended the work on a table.
  func conclude() throws {
    guard let error = stopped.first else { return }
    // What is missing or denied the runner names by what the job needs.
    guard case PostgresError.server(let reason) = error, reason.concern == .table, !reason.state.isDenied,
      ![.undefinedTable, .undefinedColumn, .undefinedFunction, .invalidSchemaName].contains(reason.state)
    else { throw error }
    throw PublishScheduled.mistake(error)
  }

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

  /// Tries the posts again that another session had locked.
  mutating func tryAgain() async throws {
    let (left, size) = (busy, settings.batch)
    (busy, patience) = ([], Patience())
    for (move, ids) in left {
      try await sparingOthers(move) { pass in
        for start in stride(from: 0, to: ids.count, by: size) {
          let some = Array(ids[start..<min(start + size, ids.count)])
          _ = try await pass.step(move, .only(some), limit: some.count)
        }
      }
    }
    report.busy = busy.reduce(0) { $0 + $1.ids.count }
    report.due += report.busy
    guard report.busy > 0 else { return }
    run.log.warning(
      "posts stayed locked by other transactions for the whole run, or their triggers waited too long for locks; the next run tries them again",
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

  /// Resolves dead letters of posts that no longer fail: their time, or they themselves, were changed.
  ///
  /// Not of posts that are due later than this run's moment, which it has not looked at.
  func resolve(_ moves: [Move]) async throws {
    guard hasLetters, stopped.isEmpty else { return }
    for move in moves where move.kind == .publish {
      let still = busy.filter { $0.move.table == move.table }.flatMap(\.ids)
      let condition = SQLFragment(
        sql: """
          letter.error_kind <> 'gave_up' and {of_table} and letter.payload ->> 'id' <> all (:still::text[])
          and letter.last_run_id <> :run_id::uuid
          and coalesce((letter.payload ->> 'due_at')::timestamptz <= :until, true)
          """,
        ["still": still, "run_id": run.id, "until": moments.until]
      ).filling(["of_table": settings.letters(of: move.table)])
      try await run.transaction { tx in try tx.resolve(where: condition) }
    }
  }

  // MARK: A plan

  /// Counts what a run would do.
  mutating func plan(_ moves: [Move]) async throws {
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
  }
}

extension PublishScheduled {
  static func guardFailure(_ failure: SQLFile.Failure) -> JobFailure {
    JobFailure(
      .misconfigured, failure.description,
      hint: "Correct the file of PUBLISH_GUARD: no post is published without its verdict.")
  }
}

import JobRuntime
import Postgres

/// One page of due posts, in one transaction.
struct Batch: Sendable {
  let move: Move
  let moments: Moments
  let settings: PublishScheduled.Settings
  let patience: Patience
  /// Whether dead letters of posts are pending.
  let hasLetters: Bool
  let run: JobRun

  func carryOut(_ chosen: Move.Chosen, limit: Int, _ tx: borrowing Transaction) throws -> Outcome {
    var outcome = Outcome()
    let posts = try lock(chosen, limit: limit, tx, &outcome)
    run.log.debug("locked due posts", ["posts": .integer(Int64(posts.count))])
    let isPublishing = move.kind == .publish
    let late = isPublishing ? posts.filter(\.isTooLate) : []
    var timely = isPublishing ? posts.filter { !$0.isTooLate } : posts
    var refused: [Refused] = []
    outcome.held = try apply(move.holding, late, tx, &refused).count
    if isPublishing, let file = settings.guardFile, !timely.isEmpty {
      let verdicts = try verdicts(of: file, on: timely, tx)
      outcome.guarded = timely.compactMap { post in
        verdicts[post.id].map { .init(post: "\(move.table.text)/\(post.id)", reason: $0) }
      }
      timely.removeAll { verdicts[$0.id] != nil }
    }
    let moved = try apply(move, timely, tx, &refused)
    outcome.moved = moved.map(\.id)
    if isPublishing {
      outcome.late = moved.count { $0.lateMs > settings.late.inMilliseconds }
      outcome.latest = moved.map(\.lateMs).max()
    }
    run.log.debug("moved posts", ["posts": .integer(Int64(moved.count))])
    if let channel = settings.channel, outcome.held + moved.count > 0 {
      try tx.query("select pg_notify(\(channel), '')")
    }
    if hasLetters, !moved.isEmpty { try tx.resolve(where: letters(of: outcome.moved)) }
    outcome.failed = refused.count
    try reject(refused, tx)
    return outcome
  }

  // MARK: Locks

  /// Locks the posts of a page that are still due.
  ///
  /// In the order in which they are due, and waiting for each: later posts do not overtake one that an editor is saving.
  /// Only where that takes too long is a post passed over.
  private func lock(
    _ chosen: Move.Chosen, limit: Int, _ tx: borrowing Transaction, _ outcome: inout Outcome
  ) throws -> [DuePost] {
    var isWaiting = true
    var page: Rows
    do {
      page = try tx.pipeline([
        "savepoint lock", "select set_config('lock_timeout', \("\(patience.limit.inMilliseconds)ms"), true)",
        move.page(chosen, isWaiting: true, limit: limit, moments).limited(to: run.timeLeft),
        // What triggers wait for has the limits that it had.
        "set local lock_timeout to default", "release savepoint lock",
      ])[2]
    } catch let error as PostgresError where error.state == .lockNotAvailable {
      run.log.info("passing over posts that others have locked for \(patience.limit.inMilliseconds) ms")
      isWaiting = false
      page = try tx.pipeline([
        "rollback to savepoint lock", "release savepoint lock",
        move.page(chosen, isWaiting: false, limit: limit, moments).limited(to: run.timeLeft),
      ])[2]
    }
    outcome.found = page.count
    var posts: [DuePost] = []
    for row in page {
      let id: String = try row.value("id")
      if let due: String = try row.optional("due_at") {
        posts.append(DuePost(id: id, due: due, isTooLate: try row.value("is_too_late")))
      } else if !isWaiting {
        outcome.busy.append(id)
      }
    }
    if let last = page.last { outcome.last = (due: try last.value("place"), id: try last.value("id")) }
    return posts
  }

  // MARK: The guard

  /// Why some of the posts must not be published, by their ids.
  ///
  /// The posts are locked, so the verdict holds until they are published. The server keeps the file from writing, and what
  /// it does nevertheless is rolled back.
  private func verdicts(of file: SQLFile, on posts: [DuePost], _ tx: borrowing Transaction) throws -> [String: String] {
    let ids = posts.map(\.id)
    try tx.pipeline(["savepoint guard", "set local transaction_read_only = on"])
    let rows: Rows
    do {
      rows = try tx.session.attempt(
        move.guarded(by: file, only: ids), binding: move.guardValues(moments, only: ids), limit: run.timeLeft,
        leavesTraces: false)
    } catch let failure as SQLFile.Failure {
      throw PublishScheduled.guardFailure(failure)
    }
    try tx.pipeline(["rollback to savepoint guard", "release savepoint guard"])
    var verdicts: [String: String] = [:]
    for row in rows { verdicts[try row.value("id")] = try row.value("reason") }
    return verdicts
  }

  // MARK: Changes

  private struct Moved {
    var id: String
    var lateMs: Int64
  }

  /// A post that the application's database has refused to change.
  private struct Refused {
    var move: Move
    var post: DuePost
    /// `nil` where a trigger has left it as it was, without an error.
    var error: PostgresError.ServerError?

    /// Whether it is a mistake in a statement or a function, or a missing grant: more often than not of no one post.
    var isMistake: Bool { error?.state.errorClass == "42" }
  }

  /// Carries out a move, with its events; posts that are refused are found by halves, and the others go on.
  ///
  /// - Throws: the server's error where all of the posts fail of a mistake.
  private func apply(
    _ move: Move, _ posts: [DuePost], _ tx: borrowing Transaction, _ refused: inout [Refused]
  ) throws -> [Moved] {
    var failures: [Refused] = []
    let moved = try apply(move, posts[...], tx, &failures)
    if moved.isEmpty, let first = failures.first?.error, failures.allSatisfy(\.isMistake) {
      throw PostgresError.server(first)
    }
    refused += failures
    return moved
  }

  private func apply(
    _ move: Move, _ posts: ArraySlice<DuePost>, _ tx: borrowing Transaction, _ refused: inout [Refused]
  ) throws -> [Moved] {
    guard let only = posts.first else { return [] }
    do {
      let rows = try tx.pipeline([
        "savepoint move", move.carryingOut(posts, by: run.id, at: run.scheduledAt).limited(to: run.timeLeft),
        "release savepoint move",
      ])[1]
      let moved = try rows.map { Moved(id: try $0.value("id"), lateMs: try $0.value("late_ms")) }
      let ids = Set(moved.map { ExactName($0.id) })
      refused += posts.filter { !ids.contains(ExactName($0.id)) }.map { Refused(move: move, post: $0) }
      return moved
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      try tx.pipeline(["rollback to savepoint move", "release savepoint move"])
      guard posts.count > 1 else {
        refused.append(Refused(move: move, post: only, error: error))
        return []
      }
      let middle = posts.startIndex + posts.count / 2
      return try apply(move, posts[..<middle], tx, &refused) + apply(move, posts[middle...], tx, &refused)
    }
  }

  // MARK: Dead letters

  private func reject(_ refused: [Refused], _ tx: borrowing Transaction) throws {
    guard !refused.isEmpty else { return }
    let items = refused.map { $0.move.item($0.post.id, due: $0.post.due) }
    let known = try Dictionary(
      tx.query(
        Statement(
          file: "attempts.sql", PackageResources.attempts_sql,
          binding: ["items": items, "run_id": run.id, "instance": run.instance, "job": PublishScheduled.name])
      ).map { (try $0.value("item", as: String.self), try $0.value("attempts", as: Int.self)) },
      uniquingKeysWith: { $1 })
    var failures: [ItemFailure] = []
    for (item, refused) in zip(items, refused) {
      let error = refused.error
      var message =
        error.map { "\($0.message) (SQLSTATE \($0.state.rawValue))" }
        ?? "a trigger of \(refused.move.table.text) leaves the post as it is, without an error"
      var kind = LetterKind.refused
      if settings.giveUp > 0, known[item, default: 1] >= settings.giveUp, refused.move.kind != .unpublish {
        if let reason = try giveUp(refused, tx) {
          message += "; and the state failed is refused: \(reason)"
        } else {
          kind = .gaveUp
        }
      }
      failures.append(
        ItemFailure(
          item: item, kind: kind, message: message,
          payload: [
            "table": .string(refused.move.table.text), "id": .string(refused.post.id),
            "due_at": .string(refused.post.due), "to": .string(refused.move.to),
          ]))
    }
    try tx.reject(failures)
  }

  /// Puts a post into the state `failed`.
  ///
  /// - Returns: why that cannot be.
  private func giveUp(_ refused: Refused, _ tx: borrowing Transaction) throws -> String? {
    do {
      let changed = try tx.pipeline([
        "savepoint move", move.changing(only: [refused.post.id], from: move.from, to: Move.failed),
        "release savepoint move",
      ])[1].affected
      return changed == 1 ? nil : "a trigger leaves the post as it is"
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      try tx.pipeline(["rollback to savepoint move", "release savepoint move"])
      return "\(error.message) (SQLSTATE \(error.state.rawValue))"
    }
  }

  /// The pending letters of posts, whatever moments they are for.
  private func letters(of ids: [String]) -> SQLFragment {
    SQLFragment(
      sql: """
        letter.variant = :variant and letter.payload ->> 'table' = :table_name
        and letter.payload ->> 'id' = any (:moved::text[])
        """,
      ["variant": run.variant, "table_name": move.table.text, "moved": ids])
  }
}

/// What became of a page.
struct Outcome: Sendable {
  /// How many posts the page has, locked or not.
  var found = 0
  /// Where the next page begins.
  var last: (due: String, id: String)?
  var moved: [String] = []
  var late = 0
  /// In milliseconds.
  var latest: Int64?
  var held = 0
  var guarded: [PublishScheduled.Report.Guarded] = []
  var busy: [String] = []
  var failed = 0
}

extension SQLState {
  /// Whether an error may be of one row alone: not one that passes by itself, that ends the session, or that is the
  /// server's own.
  fileprivate var mayBeOfOneRow: Bool {
    !isTransient && !["25", "26", "28", "57", "58", "F0", "XX"].contains(errorClass)
  }
}

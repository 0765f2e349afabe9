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
  /// How posts of the table were moved by this run already.
  let earlier: Set<Move.Kind>
  let run: JobRun

  func carryOut(_ chosen: Move.Chosen, limit: Int, _ tx: borrowing Transaction) throws -> Outcome {
    var outcome = Outcome()
    let posts = try lock(chosen, limit: limit, tx, &outcome)
    run.log.debug("locked due posts", ["posts": .integer(Int64(posts.count))])
    let isPublishing = move.kind == .publish
    let late = isPublishing ? posts.filter(\.isTooLate) : []
    var timely = isPublishing ? posts.filter { !$0.isTooLate } : posts
    var changes = Changes(patience: patience)
    outcome.held = try apply(move.holding, late, tx, &changes).count
    if isPublishing, let file = settings.guardFile, !timely.isEmpty {
      let verdicts = try verdicts(of: file, on: timely, tx)
      outcome.guarded = timely.compactMap { post in
        verdicts[ExactName(post.id)].map { .init(post: "\(move.table.text)/\(post.id)", reason: $0) }
      }
      timely.removeAll { verdicts[ExactName($0.id)] != nil }
    }
    let moved = try apply(move, timely, tx, &changes)
    outcome.moved = moved.map(\.id)
    if isPublishing {
      outcome.late = moved.count { $0.lateMs > settings.late.inMilliseconds }
      outcome.latest = moved.map(\.lateMs).max()
    }
    run.log.debug("moved posts", ["posts": .integer(Int64(moved.count))])
    outcome.kinds = changes.kinds
    outcome.busy += changes.waiting.map(\.id)
    outcome.failed = changes.refused.count
    let failures = try failures(changes, tx)
    try tx.pipeline(Patience.noLimits)
    if let channel = settings.channel, outcome.held + moved.count > 0 {
      try tx.query("select pg_notify(\(channel), '')")
    }
    if hasLetters, !moved.isEmpty { try tx.resolve(where: letters(of: outcome.moved)) }
    try tx.reject(failures)
    return outcome
  }

  // MARK: Locks

  /// Locks the posts of a page that are still due.
  ///
  /// In the order in which they are due, and waiting for each: later posts do not overtake one that an editor is
  /// saving. A post is skipped only where that takes too long.
  private func lock(
    _ chosen: Move.Chosen, limit: Int, _ tx: borrowing Transaction, _ outcome: inout Outcome
  ) throws -> [DuePost] {
    var isWaiting = true
    var page: Rows
    do {
      page = try tx.pipeline([
        patience.lockLimit, "savepoint lock",
        move.page(chosen, isWaiting: true, limit: limit, moments).limited(to: run.timeLeft), "release savepoint lock",
      ])[2]
    } catch let error as PostgresError where error.state == .lockNotAvailable {
      run.log.info("skipping posts that other transactions have locked for \(patience.lock.inMilliseconds) ms")
      isWaiting = false
      page = try tx.pipeline([
        "rollback to savepoint lock", "release savepoint lock",
        move.page(chosen, isWaiting: false, limit: limit, moments).limited(to: run.timeLeft),
      ])[2]
    }
    outcome.found = page.count
    var posts: [DuePost] = []
    for row in page {
      guard let id: String = try row.optional("id") else {
        throw JobFailure(
          .misconfigured, "a due post of \(move.table.text) has no \(move.columns.id)",
          hint: "Name a column in PUBLISH_COLUMNS that is not null.")
      }
      if let due: String = try row.optional("due_at") {
        posts.append(DuePost(id: id, due: due, isTooLate: try row.value("is_too_late")))
      } else if !isWaiting {
        outcome.busy.append(id)
      }
    }
    guard Set(try page.map { ExactName(try $0.value("id")) }).count == page.count else {
      throw JobFailure(
        .misconfigured, "several due posts of \(move.table.text) have the same \(move.columns.id)",
        hint: "Name a column in PUBLISH_COLUMNS that is different for each row; nothing of these was published.")
    }
    if let last = page.last { outcome.last = (due: try last.value("place"), id: try last.value("id")) }
    return posts
  }

  // MARK: The guard

  /// Why some of the posts must not be published, by their ids.
  ///
  /// The posts are locked, so the verdict holds until they are published. The server keeps the file from writing, and what
  /// it does nevertheless is rolled back.
  private func verdicts(of file: SQLFile, on posts: [DuePost], _ tx: borrowing Transaction) throws -> [ExactName:
    String]
  {
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
    var verdicts: [ExactName: String] = [:]
    for row in rows { verdicts[ExactName(try row.value("id"))] = try row.value("reason") }
    return verdicts
  }
}

/// What became of a page.
struct Outcome: Sendable {
  /// How many posts the page has, locked or not.
  var found = 0
  /// Where the next page begins.
  var last: (due: String, id: String)?
  var moved: [String] = []
  /// How posts were moved.
  var kinds: Set<Move.Kind> = []
  var late = 0
  /// In milliseconds.
  var latest: Int64?
  var held = 0
  var guarded: [PublishScheduled.Report.Guarded] = []
  var busy: [String] = []
  var failed = 0
}

import JobRuntime
import Postgres

/// The place in the queue where a page begins.
struct QueuePlace: Sendable {
  var queuedAt = "-infinity"
  var id = ""

  func page(limit: Int) throws -> Statement {
    try Statement(
      file: "page.sql", PackageResources.page_sql, binding: ["after_at": queuedAt, "after_id": id, "limit": limit])
  }

  func leftOver() throws -> Statement {
    try Statement(
      file: "left_over.sql", PackageResources.left_over_sql, binding: ["after_at": queuedAt, "after_id": id])
  }
}

/// The outcome of a page.
struct Outcome: Sendable {
  var tallies: [NotificationDelivery.Report.Tally] = []
  /// Categories that `oneshot.notification_categories` does not have.
  var unknown: Set<String> = []
  var failures: [ItemFailure] = []
  /// Notifications of this share that another session has locked.
  var busy = 0
  /// Where the next page begins; `nil` where this was the last.
  var next: QueuePlace?

  mutating func add(_ rows: Rows) throws {
    for row in rows {
      let (category, kind): (String?, String?) = (try row.optional("category"), try row.optional("kind"))
      let outcome: String = try row.value("outcome")
      let count: Int = try row.value("notifications")
      if let category, try row.optional("is_known", as: Bool.self) == false { unknown.insert(category) }
      if outcome == "busy" {
        busy += count
        continue
      }
      tallies.append(.init(category: category, kind: kind, outcome: outcome, notifications: count))
      guard let id: String = try row.optional("notification_id") else { continue }
      failures.append(ItemFailure(item: id, kind: .invalid, message: try row.value("message")))
    }
  }
}

/// One page of the queue, in one transaction.
struct Batch: Sendable {
  let decision: Decision
  let moment: Timestamp
  let limit: Int
  /// Whether dead letters of notifications are pending.
  let hasLetters: Bool
  let run: JobRun

  func carryOut(after place: QueuePlace, _ tx: borrowing Transaction) throws -> Outcome {
    var outcome = Outcome()
    let page = try tx.query(place.page(limit: limit))
    let ids: [String] = try page.map { try $0.value("notification_id") }
    if page.count == limit, let last = page.last {
      outcome.next = QueuePlace(queuedAt: try last.value("queued_at"), id: try last.value("notification_id"))
    }
    guard !ids.isEmpty else { return outcome }
    run.log.debug("read pending notifications", ["notifications": .integer(Int64(ids.count))])
    try decide(ids[...], tx, &outcome)
    run.log.debug("decided", ["notifications": .integer(Int64(ids.count))])
    try tx.reject(outcome.failures)
    if hasLetters { try tx.resolve(where: overcome(ids)) }
    return outcome
  }

  /// When Postgres refuses a page because of one notification, halving finds that one; the others are decided.
  private func decide(_ ids: ArraySlice<String>, _ tx: borrowing Transaction, _ outcome: inout Outcome) throws {
    do {
      let statement = try decision.writing(Array(ids), at: moment, for: run.shard).limited(to: run.timeLeft)
      try outcome.add(tx.pipeline(["savepoint decision", statement, "release savepoint decision"])[1])
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      try tx.pipeline(["rollback to savepoint decision", "release savepoint decision"])
      guard ids.count > 1 else { return try refuse(ids[ids.startIndex], error, tx, &outcome) }
      let middle = ids.startIndex + ids.count / 2
      try decide(ids[..<middle], tx, &outcome)
      try decide(ids[middle...], tx, &outcome)
    }
  }

  private func refuse(
    _ id: String, _ error: PostgresError.ServerError, _ tx: borrowing Transaction, _ outcome: inout Outcome
  ) throws {
    let removed = try tx.execute("delete from oneshot.notification_pending where notification_id = \(id)")
    guard removed > 0 else { return }
    outcome.tallies += ["taken", "failed"].map { .init(category: nil, kind: nil, outcome: $0, notifications: 1) }
    outcome.failures.append(
      ItemFailure(item: id, kind: .refused, message: "\(error.message) (SQLSTATE \(error.state.rawValue))"))
  }

  /// The letters of notifications that were decided this time.
  private func overcome(_ ids: [String]) -> SQLFragment {
    SQLFragment(
      sql: """
        letter.item = any (:ids::text[]) and letter.last_run_id <> :run_id::uuid and not exists (
          select from oneshot.notification_pending as pending where pending.notification_id = letter.item)
        """,
      ["ids": ids, "run_id": run.id])
  }
}

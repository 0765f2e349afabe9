import JobRuntime
import Postgres

/// The outcome of a page of users.
struct Outcome: Sendable {
  var tallies: [NotificationDigest.Report.Tally] = []
  var failures: [ItemFailure] = []
  /// How many users were on the page, and the last of them.
  var found = 0
  var last: String?
  /// Digests that Postgres has refused, which the next run tries again.
  var behind = 0

  mutating func add(_ rows: Rows, _ frequency: NotificationDigest.Frequency) throws {
    for row in rows {
      tallies.append(
        .init(
          outcome: try row.value("outcome"), users: try row.value("users"), items: try row.value("items"),
          late: try row.value("late")))
      guard let user: String = try row.optional("user_id") else { continue }
      failures.append(
        ItemFailure(
          item: "\(frequency.rawValue)/\(user)", kind: .invalid, message: "users.email is not a valid address"))
    }
  }

  /// Adds what is wrong with the users' preferences.
  mutating func note(_ problems: some Sequence<Digest.Due>, _ frequency: NotificationDigest.Frequency) {
    for due in problems {
      guard let problem = due.problem else { continue }
      let item = "\(frequency.rawValue)/\(due.user)"
      if let place = failures.firstIndex(where: { $0.item == item }) {
        failures[place].message += "; \(problem)"
      } else {
        failures.append(ItemFailure(item: item, kind: .invalid, message: problem))
      }
    }
  }
}

/// One page of users who are due, in one transaction.
struct Batch: Sendable {
  let digest: Digest
  let frequency: NotificationDigest.Frequency
  let limit: Int
  let hasLetters: Bool
  let run: JobRun

  func carryOut(after user: String, _ tx: borrowing Transaction) throws -> Outcome {
    var outcome = Outcome()
    let page = try tx.query(digest.page(frequency, after: user, limit: limit).limited(to: run.timeLeft))
      .map(Digest.Due.init)
    (outcome.found, outcome.last) = (page.count, page.last?.user)
    guard !page.isEmpty else { return outcome }
    run.log.debug("found users who are due", ["users": .integer(Int64(page.count))])
    try make(page[...], tx, &outcome)
    outcome.note(page, frequency)
    run.log.debug("made digests", ["users": .integer(Int64(page.count))])
    try tx.reject(outcome.failures)
    if hasLetters {
      let failed = Set(outcome.failures.map(\.item))
      try tx.resolve(page.map { "\(frequency.rawValue)/\($0.user)" }.filter { !failed.contains($0) })
    }
    return outcome
  }

  /// When Postgres refuses a page because of one user, halving finds that one; the others get their digests.
  private func make(_ due: ArraySlice<Digest.Due>, _ tx: borrowing Transaction, _ outcome: inout Outcome) throws {
    do {
      let rows = try tx.pipeline([
        "savepoint digests", digest.beginning(due, frequency), digest.making(due, frequency).limited(to: run.timeLeft),
        "release savepoint digests",
      ])[2]
      try outcome.add(rows, frequency)
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      try tx.pipeline(["rollback to savepoint digests", "release savepoint digests"])
      guard due.count > 1 else {
        let only = due[due.startIndex]
        outcome.behind += 1
        outcome.tallies.append(.init(outcome: "refused", users: 1, items: 0, late: 0))
        outcome.failures.append(
          ItemFailure(
            item: "\(frequency.rawValue)/\(only.user)", kind: .refused,
            message: "\(error.message) (SQLSTATE \(error.state.rawValue))"))
        return
      }
      let middle = due.startIndex + due.count / 2
      try make(due[..<middle], tx, &outcome)
      try make(due[middle...], tx, &outcome)
    }
  }
}

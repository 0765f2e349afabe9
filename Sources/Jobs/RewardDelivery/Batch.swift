import JobRuntime
import Postgres

/// What became of some rewards.
struct Outcome: Sendable {
  var tallies: [RewardDelivery.Report.Tally] = []
  var failures: [ItemFailure] = []
  /// Rewards that another session has locked.
  var locked: Set<String> = []

  mutating func add(_ rows: Rows) throws {
    for row in rows {
      let tally = RewardDelivery.Report.Tally(
        type: try row.optional("type"), method: try row.optional("method"), outcome: try row.value("outcome"),
        rewards: try row.value("rewards"), codes: try row.value("codes"))
      guard let id: String = try row.optional("reward_id") else {
        tallies.append(tally)
        continue
      }
      guard tally.outcome != "locked" else {
        locked.insert(id)
        continue
      }
      let kind: LetterKind =
        switch tally.outcome {
        case "too_old": .tooOld
        case "out_of_codes": .noCode
        case "undelivered": .undelivered
        default: .invalid
        }
      fail(id, kind, try row.value("message"), tally)
    }
  }

  fileprivate mutating func fail(
    _ id: String, _ kind: LetterKind, _ message: String, _ tally: RewardDelivery.Report.Tally
  ) {
    tallies.append(tally)
    failures.append(
      ItemFailure(item: id, kind: kind, message: message, payload: tally.type.map { ["type": .string($0)] } ?? [:]))
  }
}

/// Some rewards, in one transaction.
struct Batch: Sendable {
  let rewards: Rewards
  /// Whether dead letters of rewards are pending.
  let hasLetters: Bool
  let run: JobRun

  enum Step: Sendable {
    /// With the types that get no codes.
    case decide(short: [String])
    case decideAgain
    case follow
  }

  /// Takes some steps with the rewards.
  func carryOut(_ steps: [Step], _ ids: [String], _ tx: borrowing Transaction) throws -> Outcome {
    var outcome = Outcome()
    for step in steps {
      run.log.debug("taking rewards", ["rewards": .integer(Int64(ids.count))])
      try carryOut(step, ids, tx, &outcome)
    }
    run.log.debug("wrote outcomes", ["rewards": .integer(Int64(ids.count))])
    try tx.reject(outcome.failures)
    if hasLetters { try tx.resolve(where: overcome(ids)) }
    return outcome
  }

  /// What Postgres refuses because of one reward is found by halves, and what a trigger does not let be is left out; the
  /// others go on.
  private func carryOut(_ step: Step, _ ids: [String], _ tx: borrowing Transaction, _ outcome: inout Outcome) throws {
    guard !ids.isEmpty else { return }
    do {
      let rows = try tx.pipeline(
        ["savepoint rewards", statement(step, ids).limited(to: run.timeLeft)]
          + Session.constraintCheck(limit: run.timeLeft))[1]
      let untouched = try rows.filter { try $0.value("outcome", as: String.self) == "untouched" }
      guard !untouched.isEmpty else {
        try tx.query("release savepoint rewards")
        return try outcome.add(rows)
      }
      try tx.pipeline(Self.undo)
      var rest = Set(ids.map(ExactName.init))
      for row in untouched {
        let id: String = try row.value("reward_id")
        rest.remove(ExactName(id))
        refuse(id, type: try row.optional("type"), "a trigger on rewards prevents the change of its status", &outcome)
      }
      try carryOut(step, ids.filter { rest.contains(ExactName($0)) }, tx, &outcome)
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      try tx.pipeline(Self.undo)
      guard ids.count > 1 else {
        return refuse(ids[0], type: nil, "\(error.message) (SQLSTATE \(error.state.rawValue))", &outcome)
      }
      let middle = ids.count / 2
      try carryOut(step, Array(ids[..<middle]), tx, &outcome)
      try carryOut(step, Array(ids[middle...]), tx, &outcome)
    }
  }

  private static let undo: [Statement] = ["rollback to savepoint rewards", "release savepoint rewards"]

  private func statement(_ step: Step, _ ids: [String]) throws -> Statement {
    switch step {
    case .decide(let short): try rewards.deciding(ids, short: short, isReplay: false)
    case .decideAgain: try rewards.deciding(ids, short: [], isReplay: true)
    case .follow: try rewards.following(ids)
    }
  }

  private func refuse(_ id: String, type: String?, _ message: String, _ outcome: inout Outcome) {
    outcome.fail(id, .refused, message, .init(type: type, outcome: "refused", rewards: 1))
  }

  /// The letters of rewards that have come further since.
  private func overcome(_ ids: [String]) -> SQLFragment {
    SQLFragment(
      sql: """
        letter.item = any (:ids::text[]) and letter.last_run_id <> :run_id::uuid and exists (
          select from oneshot.reward_deliveries as d where d.reward_id = letter.item and d.state <> 'failed')
        """,
      ["ids": ids, "run_id": run.id])
  }
}

import JobRuntime
import Postgres

extension DeliveryPass {
  /// Writes down what came of an attempt.
  func record(_ finished: Finished, _ tx: borrowing Transaction, _ run: JobRun, _ step: Step) throws {
    let (message, verdict) = (finished.message, finished.verdict)
    try tx.execute(Self.outcome(finished, by: run.id))
    for (target, change) in finished.changes {
      switch change {
      case .nothing: break
      case .forgotten: try tx.execute("delete from oneshot.delivery_targets where target = \(target.name)")
      case .kept(let standing): try tx.execute(Self.keeping(standing, of: target))
      }
    }
    if verdict.isBounce {
      try tx.execute(
        Statement(
          file: "bounce.sql", PackageResources.bounce_sql,
          binding: ["id": message.id, "code": verdict.code, "moment": finished.moment]))
    }
    switch verdict.fate {
    // One that has a letter has had an attempt before.
    case .sent: if message.attempt > 1 { try tx.resolve([message.id]) }
    case .held: try tx.reject([letter(.doubt, message, verdict)])
    case .failed(let kind): try tx.reject([letter(kind, message, verdict)])
    case .retried, .returned, .cancelled: break
    }
    if let reason = disabling(finished) { try disable(message, reason, at: finished.moment, tx, step) }
  }

  private func letter(_ kind: LetterKind, _ message: Message, _ verdict: Verdict) -> ItemFailure {
    // What is no address may be anything: a name, or two addresses.
    let target = kind == .address ? "" : message.target.name
    return ItemFailure(
      item: message.id, kind: kind, message: verdict.reason,
      payload: [
        "channel": .string(message.channel.rawValue), "template": .string(message.template ?? ""),
        "target": .string(target), "attempts": .integer(Int64(message.attempt)),
      ])
  }

  static func outcome(_ finished: Finished, by run: some PostgresEncodable) throws -> Statement {
    let (message, verdict) = (finished.message, finished.verdict)
    let state =
      switch verdict.fate {
      case .sent: "sent"
      case .retried, .returned: "queued"
      case .held: "held"
      case .failed: "failed"
      case .cancelled: "cancelled"
      }
    var isFree = false
    if case .returned = verdict.fate { isFree = true }
    return try Statement(
      file: "outcome.sql", PackageResources.outcome_sql,
      binding: [
        "id": message.id, "run_id": run, "attempt": message.attempt, "moment": finished.moment, "state": state,
        "next_at": finished.nextAt, "is_free": isFree, "is_doubt": verdict.isDoubt, "outcome": verdict.outcome,
        "code": verdict.code, "message": verdict.text,
      ])
  }

  static func keeping(_ standing: Targets.Standing, of target: Target) throws -> Statement {
    try Statement(
      file: "target.sql", PackageResources.target_sql,
      binding: [
        "target": target.name, "failures": standing.failures, "first_failed_at": standing.firstFailedAt,
        "closed_until": standing.closedUntil, "reason": standing.reason,
      ])
  }

  // MARK: Endpoints that want no more

  /// How long an endpoint may only fail.
  private static let patience = Duration.days(5)
  /// So many failures it takes besides.
  private static let fewest = 10

  private func disabling(_ finished: Finished) -> String? {
    guard finished.message.channel == .webhook else { return nil }
    if finished.verdict.target == .gone { return "it answered 410" }
    for case (_, .kept(let standing)) in finished.changes {
      // Two failures a week apart, with nothing between them, say little.
      if let first = standing.firstFailedAt, finished.moment - first > Self.patience,
        standing.failures >= Self.fewest
      {
        return "it has only failed since \(first.rfc3339)"
      }
    }
    return nil
  }

  private func disable(
    _ message: Message, _ reason: String, at moment: Timestamp, _ tx: borrowing Transaction, _ step: Step
  ) throws {
    try tx.execute(Self.disabling(message.recipient, reason, at: moment))
    try tx.reject([
      ItemFailure(
        item: message.target.name, kind: .disabled, message: reason, payload: ["channel": "webhook"])
    ])
    step.count { $0.disabled += 1 }
  }

  static func disabling(_ endpoint: String, _ reason: String, at moment: Timestamp) throws -> Statement {
    try Statement(
      file: "disable.sql", PackageResources.disable_sql,
      binding: ["endpoint": endpoint, "reason": reason, "moment": moment])
  }
}

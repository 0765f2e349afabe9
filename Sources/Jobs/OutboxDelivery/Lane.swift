import JobRuntime
import Postgres

/// An attempt whose end is known, and not written down yet.
struct Finished: Sendable {
  var message: Message
  var verdict: Verdict
  var moment: Timestamp
  /// When the message is due again, where it is.
  var nextAt: Timestamp?
  /// What is to be kept of its targets.
  var changes: [(target: Target, change: Targets.Change)] = []
}

/// What a lane does next.
private enum Next: Sendable {
  case message(Message, Prepared)
  /// There is a mail, which may be sent then.
  case turn(ContinuousClock.Instant)
  /// There may be something by then.
  case later(ContinuousClock.Instant)
  case nothing
}

extension DeliveryPass {
  /// Sends messages one after the other, until there are no more or the time is over.
  ///
  /// The outcome of one and the claim of the next are one transaction, so a message costs one COMMIT.
  func send(_ run: JobRun) async throws {
    guard let line = OutsideLine(of: run) else {
      throw JobFailure(.misconfigured, "outbox-delivery \(WebDelivery.isMissing)")
    }
    var finished: Finished?
    var mails = 0
    /// When this lane may send the mail that it has found.
    var turn: ContinuousClock.Instant?
    while true {
      let next: Next
      do {
        next = try await step(finished, turn, run)
      } catch  where Task.isCancelled && finished != nil {
        // What was sent is noted all the same: else it would be in doubt.
        if let finished { try? await run.finishing { run in try await note(finished, run) } }
        throw error
      }
      if let finished { tally.count { $0.add(finished.verdict) } }
      if let failure = finished?.verdict.failure { throw failure }
      finished = nil
      switch next {
      case .message(let message, let prepared):
        if case .mail = prepared { (mails, turn) = (mails + 1, nil) }
        finished = await attempt(message, prepared, isLast: mails % settings.mailPerConnection == 0, line, run)
      case .turn(let moment):
        turn = moment
        guard moment < end else { return }
        try await Task.sleep(until: moment)
      case .later(let moment):
        guard moment < end else { return }
        try await Task.sleep(until: moment)
      case .nothing:
        guard lingers else { return }
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  // MARK: Claim

  private func step(
    _ finished: Finished?, _ turn: ContinuousClock.Instant?, _ run: JobRun
  ) async throws -> Next {
    let isWanted =
      finished?.verdict.failure == nil && .now < end && !Task.isCancelled && tally.take(of: settings.most)
    var isTaken = false
    defer { if isWanted, !isTaken { tally.giveBack() } }
    guard finished != nil || isWanted else { return .nothing }
    let step = Step()
    let next: Next = try await run.transaction { tx in
      step.begin()
      if let finished { try record(finished, tx, run, step) }
      return isWanted ? try claim(turn, tx, run, step) : .nothing
    }
    step.commit(to: tally)
    if case .message = next { isTaken = true }
    return next
  }

  private func note(_ finished: Finished, _ run: JobRun) async throws {
    let step = Step()
    try await run.transaction { tx in
      step.begin()
      try record(finished, tx, run, step)
    }
    step.commit(to: tally)
    tally.count { $0.add(finished.verdict) }
  }

  /// So many messages that cannot be sent are put aside in one transaction.
  private static let mostUnsendable = 100

  private func claim(
    _ turn: ContinuousClock.Instant?, _ tx: borrowing Transaction, _ run: JobRun, _ step: Step
  ) throws -> Next {
    var later: Next?
    for channel in Channel.allCases {
      guard let supply = supplies[channel] else { continue }
      let isMail = channel == .email
      var unsendable = 0
      search: while true {
        guard unsendable < Self.mostUnsendable else { return .later(.now) }
        switch try supply.next(tx, targets, pace, besides: isMail ? relay : nil, at: moment, step) {
        case .nothing: break search
        case .later(let moment):
          later = later ?? .later(moment)
          break search
        case .candidate(let candidate):
          if isMail {
            let turn = turn ?? pace.turn()
            guard turn <= .now else {
              release(candidate, isMail: isMail)
              supply.putBack(candidate)
              later = .turn(turn)
              break search
            }
          }
          if let (message, prepared) = try claim(candidate, supply, isMail: isMail, tx, run, step) {
            return .message(message, prepared)
          }
          unsendable += 1
        }
      }
    }
    return later ?? .nothing
  }

  private func release(_ candidate: Supply.Candidate, isMail: Bool) {
    targets.release([candidate.target] + (isMail ? [relay] : []))
    if isMail { pace.release(candidate.target) }
  }

  /// Claims a message and puts it together; one that cannot be sent fails in the same transaction.
  private func claim(
    _ candidate: Supply.Candidate, _ supply: Supply, isMail: Bool, _ tx: borrowing Transaction, _ run: JobRun,
    _ step: Step
  ) throws -> (Message, Prepared)? {
    let moment = moment
    step.undoing { release(candidate, isMail: isMail) }
    let row = try tx.query(Self.claiming(candidate.id, by: run.id, at: moment)).first
    guard let row else {
      release(candidate, isMail: isMail)
      supply.pass(candidate)
      return nil
    }
    let message = try Message(row)
    do throws(Unsendable) {
      return (message, try settings.prepare(message, at: moment))
    } catch {
      release(candidate, isMail: isMail)
      var verdict = Verdict(
        fate: error.kind.map { .failed($0) } ?? .cancelled, outcome: "unsendable", text: error.reason)
      verdict.reason = error.reason
      try record(Finished(message: message, verdict: verdict, moment: moment), tx, run, step)
      step.count { [verdict] in $0.add(verdict) }
      return nil
    }
  }

  static func claiming(_ id: String, by run: some PostgresEncodable, at moment: Timestamp) throws -> Statement {
    let inputs: [String: any PostgresEncodable] = [
      "id": id, "run_id": run, "moment": moment, "largest": OutboxDelivery.Settings.largest,
    ]
    return try SQLFragment("claim.sql", PackageResources.claim_sql, inputs)
      .filling(["suppressed": .suppressed]).binding(inputs).statement()
  }

  // MARK: Send

  private func attempt(
    _ message: Message, _ prepared: Prepared, isLast: Bool, _ line: OutsideLine, _ run: JobRun
  ) async -> Finished {
    run.log.debug("sending", ["delivery": .string(message.id)])
    var verdict: Verdict
    if Task.isCancelled {
      verdict = Verdict(fate: .returned(after: .zero), outcome: "stopped")
    } else {
      switch prepared {
      case .mail(let mail):
        let reply = await line.send(mail, by: settings.relay, isLast: isLast, within: settings.mailTimeout)
        verdict = Verdict(reply, to: message.recipient, holdsOnDoubt: message.holdsOnDoubt, relay: relay.name)
        if case .failed = verdict.fate, verdict.relay == .none {
          if targets.countRefusal(true) { verdict.relay = .closed(for: .minutes(5)) }
        } else if verdict.relay == .works {
          _ = targets.countRefusal(false)
        }
      case .webhook(let request):
        verdict = Verdict(await line.send(request, within: settings.webhookTimeout), wasStopped: Task.isCancelled)
      }
    }
    let now = moment
    var finished = Finished(message: message, verdict: verdict, moment: now)
    switch verdict.fate {
    case .retried:
      let delays = settings.delays(of: message.channel)
      if message.attempt > delays.count {
        finished.verdict.fate = .failed(.gaveUp)
      } else {
        finished.nextAt = now + delays[message.attempt - 1] * Double.random(in: 0.8...1.2)
      }
    case .returned(let pause): finished.nextAt = pause == .zero ? nil : now + pause
    case .sent, .held, .failed, .cancelled: break
    }
    finished.changes.append(
      (message.target, targets.note(verdict.target, of: message.target, why: verdict.reason, at: now)))
    if message.channel == .email {
      finished.changes.append((relay, targets.note(verdict.relay, of: relay, why: verdict.reason, at: now)))
    }
    run.log.debug("came to an end", ["delivery": .string(message.id), "outcome": .string(verdict.outcome)])
    return finished
  }
}

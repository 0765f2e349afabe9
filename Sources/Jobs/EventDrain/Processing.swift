import Events
import JobRuntime
import Postgres

/// Gives the events of one batch to their handlers, in its transaction.
///
/// Where a handler fails, its events are rolled back to a savepoint and halved until the failing event stands alone.
struct Processing {
  let settings: EventDrain.Settings
  let moment: Timestamp
  /// When what has used up no attempt is due: by the next run at once, whatever moment that is for.
  let start: Timestamp
  /// When the run's time is over: no event is looked for any more then that takes too long.
  let end: ContinuousClock.Instant
  /// Whether an event that is alone in its batch is given up: several runs have ended while they processed it.
  let isFatal: Bool
  /// Handlers that are themselves wrong, and what is wrong with each.
  var broken: [String: String]

  /// All events that are new to the inbox or were waiting, by their numbers in the batch.
  private(set) var events: [Int] = []
  private(set) var ignored = 0
  /// Of events that are not done.
  private(set) var outcomes: [Int: StagedBatch.Outcome] = [:]
  /// Whether a handler has run into its time limit.
  private var hasTimedOut = false
  /// Events that wait for the correction of a handler.
  private(set) var held: [Int] = []
  /// Keys of events that wait, of handlers that keep an order.
  private var waitingKeys: Set<Int> = []

  init(
    _ settings: EventDrain.Settings, at moment: Timestamp, since start: Timestamp, until end: ContinuousClock.Instant,
    isFatal: Bool, broken: [String: String]
  ) {
    (self.settings, self.moment, self.start, self.end) = (settings, moment, start, end)
    (self.isFatal, self.broken) = (isFatal, broken)
  }

  mutating func carryOut(_ turn: StagedBatch.Turn, _ tx: borrowing Transaction) throws {
    guard turn.verdict != .ignored else {
      ignored += turn.events.count
      return
    }
    events += turn.events
    switch turn.verdict {
    case .malformed: decide(turn.events, .init(.dead, .malformed, "it cannot be read"))
    case .unknown: decide(turn.events, .init(.dead, .unknown, "no handler takes this type"))
    case .behind: decide(turn.events, waiting("an earlier event of its key waits"))
    case .new where isFatal:
      decide(turn.events, .init(.dead, .fatal, "several runs have ended while they processed this event"))
    case .new, .ignored: try settle(turn.events, turn, tx)
    }
  }

  private mutating func decide(_ events: [Int], _ outcome: StagedBatch.Outcome) {
    for event in events { outcomes[event] = outcome }
  }

  /// Waits without having used up an attempt.
  private func waiting(_ why: String) -> StagedBatch.Outcome {
    .init(.waiting, .failed, why, isAttempt: false, dueAt: start)
  }

  private mutating func settle(_ all: [Int], _ turn: StagedBatch.Turn, _ tx: borrowing Transaction) throws {
    let late = all.filter { waitingKeys.contains(turn.keys[$0] ?? 0) }
    for event in late { outcomes[event] = waiting("an earlier event of its key waits") }
    let events = late.isEmpty ? all : all.filter { outcomes[$0] == nil }
    guard !events.isEmpty else { return }
    if let name = turn.handlers.first(where: { broken[$0] != nil }) {
      return hold(events, turn, "the handler \(name) has a mistake", broken[name])
    }
    if hasTimedOut, isOver {
      return postpone(events, turn, "the run has no time left, because a handler has taken too long")
    }
    switch try attempt(events, turn, tx) {
    case .done: return
    case .refused(let said):
      // Nothing of the turn is kept; what was refused is out of it, and the rest is given to the handlers again.
      for (event, outcome) in said { give(event, outcome, turn) }
      try settle(events.filter { said[$0] == nil }, turn, tx)
    case .failed(let handler, let failure):
      switch failure.state?.meaning ?? .mistake {
      case .mistake:
        broken[handler.name] = failure.description
        hold(events, turn, "the handler \(handler.name) has a mistake", failure.description)
      case .event where events.count == 1, .moment where events.count == 1:
        let state = failure.state?.rawValue ?? ""
        let isFinal = failure.state?.meaning == .event
        let outcome = StagedBatch.Outcome(
          isFinal ? .dead : .waiting, .failed, "\(handler.file.place) fails on it (SQLSTATE \(state))",
          detail: failure.description)
        give(events[0], outcome, turn)
      case .moment where failure.state?.rawValue == "57014" && isOver:
        // One of them takes too long. To look for it takes that long each time: they are given to the handler in
        // smaller parts when they are due again, and the last time each by itself.
        hasTimedOut = true
        for event in events {
          give(
            event,
            .init(
              .waiting, .failed, "\(handler.file.place) takes too long for the events that it was given",
              detail: failure.description),
            turn, isAlone: false)
        }
      case .event, .moment:
        hasTimedOut = hasTimedOut || failure.state?.rawValue == "57014"
        let middle = events.count / 2
        try settle(Array(events[..<middle]), turn, tx)
        try settle(Array(events[middle...]), turn, tx)
      }
    }
  }

  private var isOver: Bool { ContinuousClock.now >= end }

  private mutating func hold(_ events: [Int], _ turn: StagedBatch.Turn, _ why: String, _ detail: String?) {
    held += events
    postpone(events, turn, why, detail)
  }

  private mutating func postpone(_ events: [Int], _ turn: StagedBatch.Turn, _ why: String, _ detail: String? = nil) {
    for event in events {
      outcomes[event] = .init(.waiting, .failed, why, detail: detail, isAttempt: false, dueAt: start)
      if let key = turn.keys[event], key > 0 { waitingKeys.insert(key) }
    }
  }

  /// Notes an attempt that has failed; the last one is final, where it is known to be this event's.
  private mutating func give(
    _ event: Int, _ outcome: StagedBatch.Outcome, _ turn: StagedBatch.Turn, isAlone: Bool = true
  ) {
    var outcome = outcome
    let attempt = turn.attempts[event] ?? 1
    let most = turn.handlers.compactMap { settings.handler($0)?.attempts }.min() ?? settings.attempts
    if outcome.state == .waiting, attempt >= most {
      if isAlone {
        outcome.state = .dead
        outcome.message = "\(outcome.message), attempt \(attempt) of \(most)"
      } else {
        outcome.isAttempt = false
      }
    }
    if outcome.state == .waiting {
      outcome.dueAt = moment + settings.retryAfter[min(attempt, settings.retryAfter.count) - 1]
      if let key = turn.keys[event], key > 0 { waitingKeys.insert(key) }
    }
    outcomes[event] = outcome
  }

  // MARK: One attempt

  private enum Attempt {
    case done
    case refused([Int: StagedBatch.Outcome])
    case failed(Handler, SQLFile.Failure)
  }

  /// Gives events to all handlers of a turn.
  private func attempt(_ events: [Int], _ turn: StagedBatch.Turn, _ tx: borrowing Transaction) throws -> Attempt {
    try tx.query("savepoint turn")
    let handlers = turn.handlers.compactMap(settings.handler)
    for (place, handler) in handlers.enumerated() {
      do {
        let limit = handler.timeout ?? settings.timeout
        try tx.pipeline(StagedBatch.present(events, for: limit))
        let refused = try refusals(tx.attempt(handler.file, limit: limit + Self.grace), of: events, handler)
        // One handler's rows may be what the constraints of another's want.
        if place == handlers.count - 1 { try tx.checkConstraints(after: handler.file, limit: limit + Self.grace) }
        guard refused.isEmpty else {
          try tx.query("rollback to savepoint turn")
          return .refused(refused)
        }
      } catch let failure as SQLFile.Failure {
        try tx.query("rollback to savepoint turn")
        return .failed(handler, failure)
      } catch PostgresError.endsTransaction(let what) {
        try tx.query("rollback to savepoint turn")
        return .failed(handler, SQLFile.Failure("\(handler.file.place): \(what)"))
      }
    }
    try tx.query("release savepoint turn")
    return .done
  }

  /// The server ends a statement that takes too long; this side waits a little longer.
  private static let grace = Duration.seconds(15)

  /// Reads `(n, outcome, message)`.
  private func refusals(
    _ rows: Rows, of events: [Int], _ handler: Handler
  ) throws -> [Int: StagedBatch.Outcome] {
    guard !rows.isEmpty else { return [:] }
    let known = Set(events)
    func fail(_ what: String) -> SQLFile.Failure { SQLFile.Failure("\(handler.file.place): \(what)") }
    guard Set(rows.columns).isSuperset(of: ["n", "outcome"]) else {
      throw fail("it yields rows without the columns n and outcome")
    }
    var refused: [Int: StagedBatch.Outcome] = [:]
    for row in rows {
      guard let number = try row.optional("n", as: String.self).flatMap({ Int($0) }), known.contains(number) else {
        throw fail("it yields an n that it was not given")
      }
      let said = rows.columns.contains("message") ? try row.optional("message", as: String.self) : nil
      switch try row.optional("outcome", as: String.self) {
      case "reject": refused[number] = .init(.dead, .rejected, said ?? "\(handler.name) rejects it")
      case "absent": refused[number] = .init(.dead, .absent, said ?? "\(handler.name) is not installed yet")
      case "retry": refused[number] = .init(.waiting, .failed, said ?? "\(handler.name) requests another attempt")
      case let word: throw fail("it yields the outcome «\(word ?? "")», which is neither retry nor reject")
      }
    }
    return refused
  }
}

/// What an error of a handler's statement is about.
enum ErrorMeaning { case event, moment, mistake }

extension SQLState {
  var meaning: ErrorMeaning {
    switch rawValue {
    case "23502", "23505", "23514", "23P01", "21000": return .event
    case "23503", "57014", "P0001": return .moment
    default: break
    }
    switch errorClass {
    case "22": return .event
    case "42", "0A", "2F", "3D", "3F", "25", "26", "28", "34", "38", "39", "F0": return .mistake
    default: return .moment
    }
  }
}

extension EventDrain.Settings {
  func handler(_ name: String) -> Handler? { handlers.first { $0.name == name } }

  /// How often the event is tried that is tried least.
  var fewestAttempts: Int { min(attempts, handlers.compactMap(\.attempts).min() ?? attempts) }
}

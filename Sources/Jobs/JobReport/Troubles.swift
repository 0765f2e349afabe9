import JobRuntime
import Operations

/// Something that a person should look at.
struct Trouble: Sendable, Equatable {
  /// The part of a job, or the lock.
  var what: String
  /// A short word: `failing`, `overdue`, `endless_lock`.
  var kind: String
  var text: String
}

/// What is wrong by the ledger and the locks alone: the one place that the page's headline and list of troubles come from.
/// How often a job should have run, only `HEALTH_EXPECT` tells: see `oneshot health`.
extension Picture {
  /// How many runs in a row may fail for a cause that passes.
  private static let patience = 3

  var troubles: [Trouble] {
    parts.shown.flatMap(troubles(of:))
      + locks.shown.filter { $0.lock.timeLeft == nil }.map {
        Trouble(
          what: $0.lock.name, kind: "endless_lock",
          text: "its lock has no end, which no run of a job leaves: nothing of it will run until somebody removes it")
      }
  }

  private func troubles(of part: Part) -> [Trouble] {
    var troubles: [Trouble] = []
    let name = part.part.description
    if let ended = part.ended, part.needsSomebody(patience: Self.patience) {
      let since = part.succeededAt.map { "; its last success was \($0.age(at: madeAt))" } ?? "; it has never succeeded"
      let count = part.unsuccessfulInARow
      troubles.append(
        Trouble(
          what: name, kind: "failing",
          text: (count > 1 ? "\(Words.count(count)) runs in a row did not succeed" : "its last run did not succeed")
            + " (\(ended.errorKind ?? ended.status.rawValue))\(since)"))
    }
    if part.newest.isOverdue {
      troubles.append(
        Trouble(
          what: name, kind: "overdue",
          text:
            "it started \(part.newest.startedAt.age(at: madeAt)) and is beyond its deadline: it is stuck, or it died"))
    }
    return troubles
  }
}

extension Part {
  /// Whether the newest run that ended did so in a way that does not pass by itself, or several did in a row.
  fileprivate func needsSomebody(patience: Int) -> Bool {
    guard let ended, ended.status != .succeeded else { return false }
    if ended.status == .partial || unsuccessfulInARow >= patience { return true }
    switch ended.errorKind.flatMap(FailureKind.init(rawValue:)) {
    case .denied, .misconfigured, .internal, .usage: return true
    case .unavailable, .lockLost, .fenced, .deadline, nil: return false
    }
  }
}

import JobRuntime
import Operations

extension JobDoctor {
  /// What a run found, and whom it notified.
  struct Report: JobReport {
    /// Parts of jobs that were looked at.
    var parts = 0
    /// What `HEALTH_EXPECT` names: looked for, whether or not it has ever run.
    var expected = 0
    var troubles = 0
    /// Troubles that somebody has silenced for a while; they are not among the others.
    var snoozed = 0
    /// Incidents that began, and that are over.
    var opened = 0
    var over = 0
    /// Incidents that are no longer seen, and not over yet.
    var settling = 0
    /// Messages that receivers took, each of one incident or of several.
    var told = 0
    /// The first of the troubles; the log has all.
    var found: [Found] = []
    /// Expected jobs that are not installed: nothing is missed.
    var notInstalled: [String] = []
    /// Receivers that did not get every notice; the next run tries again.
    var undelivered: [Undelivered] = []

    struct Found: Encodable {
      var part: String
      var kind: String
      var since: String
      var message: String
    }

    struct Undelivered: Encodable {
      var receiver: String
      var reason: String
    }

    var itemsProcessed: Int { max(parts, expected) }
    var exceedsBudget: Bool { troubles > 0 }

    /// How many troubles a result names at most.
    static let shown = 50

    init(_ verdict: Verdict, named names: PartNames, parts: Int, expected: Int) {
      (self.parts, self.expected) = (parts, expected)
      (troubles, snoozed) = (verdict.troubles.count, verdict.snoozed)
      found = verdict.troubles.prefix(Self.shown).map {
        Found(
          part: names[$0.part], kind: $0.kind.rawValue, since: $0.since.rfc3339, message: $0.message)
      }
    }

    mutating func add(_ outcome: Notifier.Outcome) {
      told += outcome.taken
      if let reason = outcome.failure { undelivered.append(Undelivered(receiver: outcome.receiver, reason: reason)) }
    }
  }
}

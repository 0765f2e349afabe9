import JobRuntime

extension RewardDelivery {
  struct Report: JobReport {
    /// Rewards that were decided on.
    var due = 0
    var codesGiven = 0
    /// Messages that were requested.
    var emails = 0
    var webhooks = 0
    /// Rewards whose message has come to this since.
    var delivered = 0
    var held = 0
    /// Dead letters, but for those that are too old.
    var failed = 0
    var tooOld = 0
    /// Rewards that wait for a code since this run.
    var noCode = 0
    /// Rewards that have expired, or whose user is gone, or that were taken back.
    var gone = 0
    /// Rewards that the application has made due although they have an outcome: their status is that again.
    var restored = 0
    /// Rewards without an outcome.
    var behind = 0

    /// The same by type, of the first fifty, and how many free codes each has.
    var types: [String: [String: Int]]?
    var itemsProcessed: Int { due }

    private static let mostTypes = 50

    mutating func add(_ tally: Tally) {
      func count(_ path: WritableKeyPath<Self, Int>, _ name: String) {
        self[keyPath: path] += tally.rewards
        note(name, tally.rewards, of: tally.type)
      }
      switch tally.outcome {
      case "queued": tally.method == "email" ? count(\.emails, "emails") : count(\.webhooks, "webhooks")
      case "delivered": count(\.delivered, "delivered")
      case "held": count(\.held, "held")
      case "no_code": count(\.noCode, "no_code")
      case "expired", "no_user", "gone": count(\.gone, "gone")
      case "known": count(\.restored, "restored")
      case "too_old": count(\.tooOld, "too_old")
      default: count(\.failed, "failed")
      }
      if tally.codes > 0 {
        codesGiven += tally.codes
        note("codes_given", tally.codes, of: tally.type)
      }
    }

    mutating func note(_ name: String, _ count: Int, of type: String?) {
      var all = types ?? [:]
      guard let type, all[type] != nil || all.count < Self.mostTypes else { return }
      all[type, default: [:]][name, default: 0] += count
      types = all
    }

    /// Rewards of a type that had the same outcome.
    struct Tally: Sendable {
      var type: String?
      var method: String?
      var outcome: String
      var rewards: Int
      var codes = 0
    }
  }
}

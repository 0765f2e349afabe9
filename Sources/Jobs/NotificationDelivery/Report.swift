import JobRuntime

extension NotificationDelivery {
  struct Report: JobReport {
    /// Notifications that were taken from the queue.
    var taken = 0
    /// Shown in the application.
    var inApp = 0
    /// E-mails that were requested, those for the end of quiet hours among them.
    var emails = 0
    var webhooks = 0
    /// Items for a digest that the user has chosen.
    var digested = 0
    /// Notifications that have replaced an e-mail or an item, or were replaced by a later one.
    var collapsed = 0
    /// Items for the daily digest, because the user has had as many e-mails as allowed.
    var overflow = 0
    /// Channels that are off.
    var off = 0
    var suppressed = 0
    var noAddress = 0
    var tooOld = 0
    /// Notifications that no longer exist, or whose user does not.
    var gone = 0
    /// Dead letters.
    var failed = 0
    /// Notifications that are still pending.
    var behind = 0

    /// The same by category, for the first fifty.
    var categories: [String: [String: Int]]?
    var itemsProcessed: Int { taken }

    private static let mostCategories = 50

    mutating func add(_ tally: Tally) {
      let count = tally.notifications
      let name: String
      switch (tally.kind, tally.outcome) {
      case (_, "taken"):
        taken += count
        return
      case (_, "gone"):
        gone += count
        return
      case (_, "failed"):
        failed += count
        name = "failed"
      case ("in_app", "immediate"):
        inApp += count
        name = "in_app"
      case ("webhook", "immediate"):
        webhooks += count
        name = "webhooks"
      case (_, "immediate"), (_, "quiet"):
        emails += count
        name = "emails"
      case (_, "daily"), (_, "weekly"):
        digested += count
        name = "digested"
      case (_, "collapsed"):
        collapsed += count
        name = "collapsed"
      case (_, "overflow"):
        overflow += count
        name = "overflow"
      case (_, "off"):
        off += count
        name = "off"
      case (_, "suppressed"):
        suppressed += count
        name = "suppressed"
      case (_, "no_address"):
        noAddress += count
        name = "no_address"
      case (_, "too_old"):
        tooOld += count
        name = "too_old"
      default: return
      }
      var all = categories ?? [:]
      guard let category = tally.category, all[category] != nil || all.count < Self.mostCategories else { return }
      all[category, default: [:]][name, default: 0] += count
      categories = all
    }

    /// A row of `outcome.sql`.
    struct Tally: Sendable {
      var category: String?
      var kind: String?
      var outcome: String
      var notifications: Int
    }
  }
}

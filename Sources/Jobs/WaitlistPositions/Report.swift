import JobRuntime

extension WaitlistPositions {
  struct Report: JobReport {
    var campaigns = 0
    /// Campaigns in which nothing has changed since they were found in order; they are not ranked.
    var unchangedCampaigns = 0
    /// Entries that have a place.
    var entries = 0
    /// Entries whose place has changed, among them those that had none.
    var moved = 0
    var up = 0
    var down = 0
    /// Events that were written.
    var notified = 0
    /// Events that `WAITLIST_NOTIFY_EVERY` holds back.
    var suppressed = 0
    /// Entries that share their original position with another one.
    var twins = 0
    /// Entries without an original position, which are last.
    var unplaced = 0
    /// Entries whose `referred_by` cannot count.
    var oddReferrals = 0
    /// Entries whose place a trigger of the application has left as it was.
    var refused = 0
    /// Campaigns that could not be placed.
    var failed = 0

    /// Of a plan, the first of those who would be notified.
    var notices: [Notice]?

    var itemsProcessed: Int { campaigns }

    struct Notice: Codable, Sendable {
      var campaign: Int64
      var entry: Int64
      /// The place that its last message named.
      var from: Int64
      var to: Int64
    }

    /// How many of those who would be notified a result names.
    private static let mostNotices = 20

    mutating func add(_ outcome: Outcome) {
      campaigns += 1
      unchangedCampaigns += outcome.isUnchanged ? 1 : 0
      entries += outcome.entries
      moved += outcome.moved
      up += outcome.up
      down += outcome.down
      notified += outcome.notified
      suppressed += outcome.suppressed
      twins += outcome.twins
      unplaced += outcome.unplaced
      oddReferrals += outcome.odd
      refused += outcome.refused
      failed += outcome.hasFailed ? 1 : 0
      let shown = outcome.notices.prefix(Self.mostNotices - (notices?.count ?? 0))
      if !shown.isEmpty { notices = (notices ?? []) + shown }
    }
  }

  /// What became of a campaign.
  struct Outcome: Sendable {
    var isUnchanged = false
    var hasFailed = false
    var entries = 0
    var moved = 0
    var up = 0
    var down = 0
    var notified = 0
    var suppressed = 0
    var twins = 0
    var unplaced = 0
    var refused = 0
    var odd = 0
    /// The first of the odd referrals, as JSON.
    var oddSample = "[]"
    var notices: [Report.Notice] = []
  }
}

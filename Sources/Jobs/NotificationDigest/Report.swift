import JobRuntime

extension NotificationDigest {
  struct Report: JobReport {
    /// Users who were due, whatever the outcome.
    var due = 0
    var made = 0
    /// Items in the digests that were made.
    var items = 0
    /// Users without a remaining item.
    var empty = 0
    /// Users with fewer than `DIGEST_MIN_ITEMS`.
    var few = 0
    var suppressed = 0
    /// Users who have turned the digest off.
    var unwanted = 0
    var noAddress = 0
    /// Digests that were made more than an hour after their due time.
    var late = 0
    /// Users whose due time is longer ago than `DIGEST_GRACE`: their items wait for the next one.
    var missed = 0
    /// Items that have waited for too long, whose notification is gone, or that the user has read.
    var dropped = 0
    /// Dead letters.
    var failed = 0
    /// Digests that were due and are not done.
    var behind = 0
    /// The same by frequency.
    var frequencies: [String: [String: Int]] = [:]

    var itemsProcessed: Int { made + empty + few + suppressed + unwanted + noAddress + missed + failed }

    mutating func add(_ tally: Tally, of frequency: Frequency) {
      due += tally.users
      switch tally.outcome {
      case "made": made += tally.users
      case "empty": empty += tally.users
      case "few": few += tally.users
      case "suppressed": suppressed += tally.users
      case "unwanted": unwanted += tally.users
      case "no_address": noAddress += tally.users
      case "missed": missed += tally.users
      case "removed": dropped += tally.items
      default: break
      }
      if tally.outcome == "made" {
        items += tally.items
        late += tally.late
      }
      if tally.users > 0 { frequencies[frequency.rawValue, default: [:]][tally.outcome, default: 0] += tally.users }
    }

    /// A row of `outcome.sql`.
    struct Tally: Sendable {
      var outcome: String
      var users: Int
      var items: Int
      var late: Int
    }
  }
}

/// The line of migrations that makes a job's own tables. In a database where none of it was ever applied, the job is not
/// installed. Jobs that only look at others have none. A test holds it against what the binaries say (`--describe`).
package enum OwnLine {
  package static let ofJob = [
    "event-drain": "events", "fraud-detection": "fraud", "metrics-rollups": "rollups",
    "notification-delivery": "notifications", "notification-digest": "notifications", "outbox-delivery": "delivery",
    "publish-scheduled": "events", "reindex": "search", "reward-delivery": "rewards", "top-stats": "boards",
    "usage-aggregation": "usage", "waitlist-positions": "waitlist",
  ]
}

/// Jobs that somebody expects and that are not installed.
extension Judgement {
  /// Whether no run of an expected job was ever seen in a database that never got its line of migrations: then nothing is
  /// missed. Of a job that has run, whatever became of its tables, this says nothing.
  func isOff(_ expectation: Expectation) -> Bool {
    guard let lines = facts.lines, let own = OwnLine.ofJob[expectation.job], !lines.contains(own) else { return false }
    return !facts.runs.contains { isOf($0.part, expectation.instance, expectation.job) }
  }

  /// How the expectations call them.
  package var off: [String] { settings.expectations.filter { $0.period != nil && isOff($0) }.map(\.name) }
}

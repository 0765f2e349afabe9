import JobRuntime

extension SuggestedUsers {
  struct Report: JobReport {
    /// Users who were looked at.
    var users = 0
    /// Lists that are not what they were.
    var changed = 0
    var unchanged = 0
    /// Users for whom there is nobody to suggest.
    var empty = 0
    /// Lists that popular people were added to.
    var filled = 0
    /// Users who are gone: their lists are removed.
    var removed = 0
    /// Users who were not seen for long: they get no list.
    var inactive = 0
    /// Users whose list could not be made.
    var failed = 0
    /// Keys of a sample that Redis does not have any more, where that is most of them.
    var lost = 0
    /// Users who are queued or whose lists are old, and who are left to the next run.
    var behind = 0
    /// Of a verification: lists that name somebody they must not.
    var forbidden = 0
    /// Of a verification: lists that would be another now.
    var stale = 0
    /// Of a verification: lists that are not in Redis.
    var missing = 0
    /// The tables that are not there, whose rows are therefore not regarded.
    var withoutTables: [String]?
    /// The tables of which no trigger queues what changes.
    var withoutTriggers: [String]?
    var oldestSeconds: Double?

    var itemsProcessed: Int { users }
    var countsAreMetrics: Bool { true }
    var exceedsBudget: Bool { forbidden > 0 }
  }
}

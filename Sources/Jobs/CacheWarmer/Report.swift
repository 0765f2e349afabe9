import JobRuntime

extension CacheWarmer {
  struct Report: JobReport {
    /// Active users of this process's share.
    var users = 0
    /// Feeds that were written.
    var warmed = 0
    /// Feeds that had more than `WARM_AHEAD` left.
    var fresh = 0
    /// Feeds that somebody else wrote or removed while they were computed.
    var kept = 0
    /// Users for whom the ranking has nothing: no feed is written, so a reader falls back.
    var empty = 0
    /// Active ids that are no user, or a deleted one.
    var unknown = 0
    /// Users of batches that failed.
    var failed = 0
    /// Users whose feeds were due and whom the run did not reach.
    var behind = 0

    /// The remaining life of the feed that had least left at the start; under zero, for how long feeds may have been
    /// missing because no run came in time.
    var leastLeftMs: Double?
    /// Feeds that never expire, which the job leaves as they are.
    var endless: Double?
    /// Whether the run was for a moment so long ago that its feeds would have expired.
    var staleSlot: Bool?
    /// What the ranking does without, because the application does not have it.
    var without: [String]?

    var itemsProcessed: Int { warmed + kept + empty + unknown + failed }
  }
}

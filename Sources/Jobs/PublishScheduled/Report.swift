import JobRuntime

extension PublishScheduled {
  struct Report: JobReport {
    /// Posts that were found due, whatever became of them.
    var due = 0
    var published = 0
    var unpublished = 0
    /// Of the published, how many were later than `PUBLISH_LATE`.
    var late = 0
    /// Posts that were too late to be published, and are `missed` now.
    var held = 0
    /// Posts that the guard keeps from being published.
    var guarded = 0
    /// Posts whose locks another session held until the end of the run.
    var busy = 0
    /// Dead letters.
    var failed = 0
    /// Scheduled posts without a time; only in the first run of a day.
    var undated: Int?

    /// How late the latest of the published was.
    var latestMs: Double?
    /// When a post is due that is not yet, if one is.
    var nextDueAt: String?
    /// The first of the guarded, and why.
    var guardedPosts: [Guarded]?

    var itemsProcessed: Int { published + unpublished + held + failed }
    var behind: Int { busy }

    struct Guarded: Encodable, Sendable {
      var post: String
      var reason: String
    }

    /// How many guarded posts a result names.
    private static let mostGuarded = 20

    mutating func add(_ outcome: Outcome, of move: Move) {
      due += outcome.moved.count + outcome.held + outcome.guarded.count + outcome.failed
      if move.kind == .unpublish { unpublished += outcome.moved.count } else { published += outcome.moved.count }
      late += outcome.late
      held += outcome.held
      failed += outcome.failed
      guarded += outcome.guarded.count
      if let latest = outcome.latest { latestMs = max(latestMs ?? 0, Double(latest)) }
      let shown = outcome.guarded.prefix(Self.mostGuarded - (guardedPosts?.count ?? 0))
      if !shown.isEmpty { guardedPosts = (guardedPosts ?? []) + shown }
    }
  }
}

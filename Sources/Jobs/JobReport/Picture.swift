import JobRuntime
import Operations

/// What the page shows: the state of all jobs at one moment.
struct Picture: Sendable {
  /// The title of the page, chosen by the operator.
  var title: String
  /// The moment that the page shows, which is when the run that makes it started.
  var madeAt: Timestamp
  /// The scheduled time of that run.
  var scheduledAt: Timestamp
  var version: String
  var runID: String
  /// The age from which the page shows that it is old.
  var oldAfter: Duration
  var axis: TimeAxis
  var parts: Bounded<Part>
  /// How many parts did not end well the last time, whether they are shown or not.
  var unwell: Int
  /// Of all parts, whether they are shown or not.
  var tally: Tally
  var failures: Bounded<FailureGroup>
  var deadLetters: Bounded<LetterGroup>
  /// How many dead letters wait.
  var letters: Int
  var locks: Bounded<LockStanding>
  /// `nil` where the database has no messages for the outside.
  var deliveries: Deliveries?
  /// `nil` where fraud-detection does not run.
  var reviews: Reviews?
  /// The names of the parts.
  var names = PartNames([])
  /// Where the page leads to.
  var links: Links
  /// The jobs that are paused.
  var paused: [JobPause] = []
  /// What is snoozed, each with how many troubles it silences now.
  var snoozes: [(snooze: Snooze, troubles: Int)] = []
  /// The troubles, in the order of the jobs.
  var troubles: [Trouble]
  /// Whether `HEALTH_EXPECT` declares how often jobs should run: without it none is missed.
  var hasExpectations: Bool

  /// The first elements of a list, and how many there are.
  struct Bounded<Element: Sendable>: Sendable {
    var shown: [Element] = []
    var total = 0

    var more: Int { max(0, total - shown.count) }
  }

  /// How many runs there were on the days that the page shows, and how they went.
  struct Tally: Sendable {
    var runs = 0
    var succeeded = 0
    var unsuccessful = 0
    /// How many parts are at work now.
    var running = 0
  }

  /// A text from elsewhere, or its beginning.
  struct Excerpt: Sendable, Equatable {
    var text: String
    /// How long the whole is, in characters.
    var length: Int
  }
}

/// A part of a job with separate runs, and how they went.
struct Part: Sendable {
  var part: JobPart
  var newest: (id: String, startedAt: Timestamp, isRunning: Bool, isOverdue: Bool, deadlineAt: Timestamp?)
  /// The newest that has ended.
  var ended: Ended?
  var succeededAt: Timestamp?
  /// How many runs in a row have not succeeded, up to now.
  var unsuccessfulInARow: Int
  // Of the days that the page shows:
  var runs: Int
  var succeeded: Int
  var unsuccessful: Int
  var median: Duration?
  /// The 95th percentile of the durations.
  var high: Duration?
  var longest: Duration?
  /// A double, because the sum may not fit an integer: the ledger may hold any values.
  var items: Double?
  var cells: [Cell] = []

  struct Ended: Sendable {
    var status: LedgerRun.Status
    var startedAt: Timestamp
    var errorKind: String?
    var duration: Duration?
    var items: Int64?
    var behind: Int64?
    /// How long the oldest work that it left had waited.
    var oldest: Duration?
  }

  /// The runs that started in one stretch of time.
  struct Cell: Sendable, Equatable {
    var number: Int
    var counts: [LedgerRun.Status: Int]
    var median: Duration?
    var items: Double?
  }
}

/// Runs that did not succeed for what seems to be one cause.
struct FailureGroup: Sendable {
  /// The part, whatever its shard.
  var part: JobPart
  var kind: String
  var message: Picture.Excerpt?
  /// What to do about the newest of them.
  var hint: Picture.Excerpt?
  var errorsTotal: Int
  var times: Int
  var firstAt: Timestamp
  var newestAt: Timestamp
  /// The newest of them.
  var runID: String
}

/// Dead letters of one job and kind that wait.
struct LetterGroup: Sendable {
  var part: JobPart
  var kind: String
  var letters: Int
  var firstAt: Timestamp
  var newestAt: Timestamp
  var mostAttempts: Int
  /// The cause of the kind, as the job last declared it.
  var cause: String?
  var remedy: String?
  var samples: [Sample] = []

  struct Sample: Sendable {
    var item: Picture.Excerpt
    var message: Picture.Excerpt
    var attempts: Int
    var lastFailedAt: Timestamp
  }
}

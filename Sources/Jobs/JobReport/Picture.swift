import JobRuntime
import Operations

/// What the page shows: how all jobs stand at one moment.
struct Picture: Sendable {
  /// What the jobs are of, in the operator's words.
  var title: String
  /// The moment that the page shows, which is when the run that makes it started.
  var madeAt: Timestamp
  /// The moment that run was for.
  var scheduledAt: Timestamp
  var version: String
  var runID: String
  /// From which age on the page says itself that it is old.
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
  /// How parts are called.
  var names = PartNames([])
  /// What is wrong, in the order of the jobs.
  var troubles: [Trouble]
  /// Whether somebody said how often jobs should run: without that, none is missed.
  var hasExpectations: Bool

  /// The first of some things, and how many there are.
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

  /// A text of somebody else's, or its beginning.
  struct Excerpt: Sendable, Equatable {
    var text: String
    /// How long the whole is, in characters.
    var length: Int
  }
}

/// What has runs of its own, and how these went.
struct Part: Sendable {
  var part: JobPart
  var newest: (id: String, startedAt: Timestamp, isRunning: Bool, isOverdue: Bool, deadlineAt: Timestamp?)
  /// The newest that has ended.
  var ended: Ended?
  var succeededAt: Timestamp?
  /// How many in a row have not succeeded, up to now.
  var unsuccessfulInARow: Int
  // Of the days that the page shows:
  var runs: Int
  var succeeded: Int
  var unsuccessful: Int
  var median: Duration?
  /// Which only one run in twenty took longer than.
  var high: Duration?
  var longest: Duration?
  /// The sum need not fit an integer: a ledger may say what it likes.
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
  /// Of whatever shard.
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
  /// What the kind means, as the job last said.
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

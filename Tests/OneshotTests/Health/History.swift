import JobRuntime

@testable import Operations

/// Facts made up for the judgement: runs of a job, told from the newest back.
struct History {
  static let now = Timestamp(seconds: 1_762_650_000)
  var runs: [LedgerRun] = []
  var locks: [HeldLock]? = []
  var orphans: Set<String> = []
  var letters: [HealthFacts.PendingLetters] = []
  var firstStarts: [JobPart: Timestamp] = [:]
  var migratedAt = History.now - .days(100)
  var lines: Set<String>?
  var pauses: [JobPause] = []
  var snoozes: [Snooze] = []

  /// Runs that started so long ago each, and took so long.
  mutating func add(
    _ job: String = "job", variant: String = "", shard: Int = 0, of shardCount: Int = 1, ago: [Duration],
    took: Duration? = .seconds(2), _ status: LedgerRun.Status = .succeeded, change: (inout LedgerRun) -> Void = { _ in }
  ) {
    for ago in ago {
      let start = Self.now - ago
      var run = LedgerRun(
        id: "run-\(runs.count)", part: JobPart(job: job, variant: variant, shard: shard), shardCount: shardCount,
        scheduledAt: start, scheduledBy: "clock", isForced: false, status: status, attempt: 1,
        fence: Int64(runs.count), startedAt: start, finishedAt: status == .running ? nil : took.map { start + $0 },
        deadlineAt: start + .minutes(50), itemsProcessed: 5, behind: 0, errorsTotal: 0, host: "h", version: "1")
      change(&run)
      runs.append(run)
    }
  }

  /// Successes that came one every period, the newest this long ago.
  mutating func addRegular(
    _ job: String = "job", variant: String = "", shard: Int = 0, of shardCount: Int = 1, every period: Duration,
    newest: Duration = .minutes(1), count: Int = 21, change: (inout LedgerRun) -> Void = { _ in }
  ) {
    add(
      job, variant: variant, shard: shard, of: shardCount, ago: (0..<count).map { newest + period * $0 },
      change: change)
  }

  func verdict(_ settings: HealthSettings, by observer: String? = nil) -> Verdict {
    var facts = HealthFacts(
      now: Self.now, migratedAt: migratedAt, runs: runs.sorted { $0.startedAt > $1.startedAt },
      firstStarts: firstStarts, locks: locks, orphans: orphans, letters: letters)
    (facts.lines, facts.pauses, facts.snoozes) = (lines, pauses, snoozes)
    return Judgement(facts, settings, by: observer).verdict
  }

  func troubles(_ settings: HealthSettings, by observer: String? = nil) -> [Trouble] {
    verdict(settings, by: observer).troubles
  }

  /// Each as `part kind`.
  func kinds(_ settings: HealthSettings, by observer: String? = nil) -> [String] {
    troubles(settings, by: observer).map { "\($0.part) \($0.kind.rawValue)" }
  }
}

extension HealthSettings {
  /// One job, or variant of it, that is expected.
  static func expecting(_ job: String = "job", variant: String? = nil, every period: Duration) -> HealthSettings {
    HealthSettings(expectations: [Expectation(job: job, variant: variant, period: period)])
  }
}

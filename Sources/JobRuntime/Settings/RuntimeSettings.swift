/// The settings that every job has, besides those of its servers.
struct RuntimeSettings: JobSettings {
  /// Empty where there is one installation only.
  var instance: String
  var scheduledAt: Timestamp?
  var executionID: String?
  var kubernetesName: String?
  var clockTolerance: Duration
  var timeout: Duration
  var lockTTL: Duration
  var lockMinHold: Duration
  var lockWait: Duration
  var attempts: Int
  var longestBackoff: Duration
  var errorBudget: ErrorBudget
  var isForced: Bool
  var isDryRun: Bool
  var replays: Bool
  var shard: Shard
  var ledgerKeep: Duration
  var resultFile: String?
  var telemetry: TelemetrySettings
  var logFormat: Log.Format
  var logLevel: Log.Level
  /// Of the process that waits for events; a run only checks it.
  var lambdaFailures: LambdaAnswer.Failures

  /// Those that an event of Lambda may set, besides settings of the job.
  static let forEvents = ["JOB_FORCE", "JOB_DRY_RUN", "JOB_SHARD_INDEX", "JOB_SHARD_COUNT", "JOB_LOG_LEVEL"]

  init(from env: inout Environment) {
    instance =
      InstanceName.read(
        from: &env,
        help:
          "The name of this installation, where several share one Redis or one database; part of lock, fence, ledger and progress."
      ) ?? ""
    scheduledAt = env.custom(
      "JOB_SCHEDULED_AT", form: "RFC 3339", default: nil,
      help: "The moment this run is for, filled in by the scheduler."
    ) { text in
      guard let moment = Timestamp(rfc3339: text) else {
        return .failure("is «\(text)», not a moment such as 2025-11-01T02:00:00Z")
      }
      return moment.isNameable ? .success(moment) : .failure(CalendarDay.complaint(about: text))
    }
    executionID = env.optionalString(
      "JOB_EXECUTION_ID", help: "The scheduler's own name for this start, for the log; a Lambda event fills it in.")
    kubernetesName = env.optionalString(
      "JOB_KUBERNETES_NAME", help: "The Kubernetes Job's name; its suffix is the scheduled time, in minutes since 1970."
    )
    clockTolerance = env.duration(
      "JOB_CLOCK_TOLERANCE", default: .minutes(5), in: .seconds(1) ... .days(36_525),
      help: "Refuse a run whose host's clock is further than this from those of Postgres and Redis.")
    timeout = env.duration(
      "JOB_TIMEOUT", default: .minutes(50), in: .seconds(1) ... .days(30), help: "The deadline of the whole run.")
    lockTTL = env.duration(
      "JOB_LOCK_TTL", default: .seconds(30), in: .seconds(1) ... .days(1),
      help: "The lease of the lock; it is renewed every third of it.")
    lockMinHold = env.duration(
      "JOB_LOCK_MIN_HOLD", default: .zero, in: .zero ... .days(1),
      help: "Keep the lock at least this long, for schedulers whose clocks differ.")
    lockWait = env.duration(
      "JOB_LOCK_WAIT", default: .minutes(5), in: .zero ... .days(1),
      help:
        "How long to wait for the lock while a run that does other work (a mode, levels, a prefix) holds it; after that the run ends with 75."
    )
    attempts = env.int(
      "JOB_ATTEMPTS", default: 3, in: 1...100, help: "Attempts at an operation that fails with a transient error.")
    longestBackoff = env.duration(
      "JOB_BACKOFF_MAX", default: .seconds(32), in: .zero ... .hours(1),
      help: "Retry n waits a random time up to min(2^n s, this).")
    errorBudget =
      env.custom(
        "JOB_ERROR_BUDGET", form: "25 or 0.1%", default: "0",
        help: "How many items, or what share of them, may fail before the run counts as partial."
      ) { text in
        ErrorBudget(text).map { .success($0) } ?? .failure("is «\(text)», not a number of items (25) or a share (0.1%)")
      } ?? .items(0)
    isForced = env.bool("JOB_FORCE", default: false, help: "Run although the slot has already succeeded.")
    isDryRun = env.bool(
      "JOB_DRY_RUN", default: false, help: "Do everything except write: report what would change (the same as --plan).")
    replays = env.bool(
      "JOB_REPLAY", default: true,
      help: "Replay the dead letters that `oneshot dead-letters replay` requested; false leaves them to a later run.")
    shard = Shard(from: &env)
    ledgerKeep = env.duration(
      "JOB_LEDGER_KEEP", default: .days(90), in: .days(1) ... .days(3660),
      help: "Age at which the rows of this job and variant leave the ledger.")
    resultFile = env.custom(
      "JOB_RESULT_FILE", form: "path", default: "/dev/termination-log where that exists",
      help: "A second copy of the result, valid JSON in at most 4,096 bytes."
    ) { .success($0) }
    telemetry = TelemetrySettings(from: &env)
    logFormat = env.choice(
      "JOB_LOG_FORMAT", default: .auto, help: "Form of the log on stderr; auto is text on a terminal, else json.")
    logLevel = env.choice("JOB_LOG_LEVEL", default: .info, help: "The least important lines that are still written.")
    lambdaFailures = env.choice(
      "LAMBDA_FAILURES", default: .error,
      help:
        "How a Lambda function answers for a run that failed: error, which Lambda counts and retries, or response, for callers that wait."
    )
  }
}

/// This process's share of the work.
public struct Shard: Sendable, Hashable {
  /// This process's number among those that share the work, from 0.
  public var index: Int
  /// How many processes share the work.
  public var count: Int

  package init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// Reads index and count; the index falls back to the variables that Kubernetes and AWS Batch set.
  init(from env: inout Environment) {
    count = env.int("JOB_SHARD_COUNT", default: 1, in: 1...10_000, help: "How many processes share the work.")
    index = 0
    let names = ["JOB_SHARD_INDEX", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"]
    let helps = [
      "This process's share, from 0.", "Set by Kubernetes in an Indexed Job; used when JOB_SHARD_INDEX is not set.",
      "Set by AWS Batch in an array job; used when the two before are not set.",
    ]
    var isFound = false
    for (name, help) in zip(names, helps) {
      let given: Int? = env.custom(name, form: "0…9999", default: name == names[0] ? "0" : nil, help: help) { text in
        guard let value = Int(text), (0...9999).contains(value) else {
          return .failure("is «\(text)», not a number from 0 to 9999")
        }
        return .success(value)
      }
      guard let given, !isFound else { continue }
      isFound = true
      // An Indexed Job that does not share work still has an index.
      if name == names[0] || count > 1 { index = given }
      if index >= count { env.complain(name, "is \(index), but JOB_SHARD_COUNT is \(count): the index counts from 0") }
    }
  }

  /// Whether this process does all the work.
  public var isWhole: Bool { count == 1 }
}

/// How many items may fail before a run counts as partial.
public enum ErrorBudget: Sendable, Equatable {
  case items(Int)
  /// A share of all items, from 0 to 1.
  case share(Double)

  init?(_ text: String) {
    if text.hasSuffix("%") {
      let digits = text.dropLast()
      guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let percent = Double(digits),
        (0...100).contains(percent)
      else { return nil }
      self = .share(percent / 100)
    } else {
      guard let items = Int(text), items >= 0 else { return nil }
      self = .items(items)
    }
  }

  /// - Parameters:
  ///   - failed: items that failed.
  ///   - total: all items, the failed ones included.
  func allows(failed: Int, of total: Int) -> Bool {
    switch self {
    case .items(let allowed): failed <= allowed
    // 0.29 * 100 is 28.999999999999996.
    case .share(let share): Double(failed) <= share * Double(max(total, failed)) * (1 + 1e-12)
    }
  }
}

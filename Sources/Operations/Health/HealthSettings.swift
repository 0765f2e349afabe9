package import JobRuntime

/// What counts as healthy: declared once, for `oneshot health` and for `job-doctor`.
package struct HealthSettings: Sendable {
  package var expectations: [Expectation]
  /// How much later than expected is still in time.
  package var grace: Duration
  /// How many times longer than usual is slow.
  package var slow: Int
  /// How many unsuccessful runs in a row are too many.
  package var failures: Int
  /// How many successes in a row that found nothing to do are suspicious.
  package var idle: Int
  /// How long work may wait that runs leave to later ones.
  package var oldest: Duration
  /// Jobs, or variants of them, that may have nothing to do.
  package var mayIdle: [IdleName]
  /// The lines of migrations that make each job's tables, by job.
  package var lines: [String: Set<String>] = [:]
  /// The installation that checks; empty where there is only one, or where it checks all.
  package var instance = ""
  /// How old a pending dead letter may become; `nil` for no limit.
  package var deadLettersAge: Duration?

  package struct IdleName: Sendable, Equatable {
    package var instance: String?
    package var job: String
    package var variant: String?

    package init(instance: String? = nil, job: String, variant: String? = nil) {
      (self.instance, self.job, self.variant) = (instance, job, variant)
    }

    var name: String { Expectation(instance: instance, job: job, variant: variant, period: nil).name }
  }

  package init(
    expectations: [Expectation] = [], grace: Duration = .minutes(10), slow: Int = 3, failures: Int = 3, idle: Int = 3,
    oldest: Duration = .hours(1), mayIdle: [IdleName] = [], deadLettersAge: Duration? = nil
  ) {
    (self.expectations, self.grace, self.slow, self.failures) = (expectations, grace, slow, failures)
    (self.idle, self.oldest, self.mayIdle, self.deadLettersAge) = (idle, oldest, mayIdle, deadLettersAge)
  }

  package init(from env: inout Environment) {
    expectations =
      env.custom(
        "HEALTH_EXPECT", form: Expectation.form, default: nil,
        help:
          "How often each job is started: usage-aggregation=1d,reindex:pending=1m. A job without a variant stands for all its variants that are not named; never says that no run is expected any more.",
        parse: Expectation.list) ?? []
    grace = env.duration(
      "HEALTH_GRACE", default: .minutes(10), in: .zero ... .days(30),
      help: "How much later than expected a run may start, or a success be.")
    slow = env.int(
      "HEALTH_SLOW", default: 3, in: 2...1000,
      help:
        "A run is slow if it takes this many times longer than the median of the successes before it, and at least 10s longer."
    )
    failures = env.int(
      "HEALTH_FAILURES", default: 3, in: 1...HealthFacts.newest,
      help: "This many runs in a row that did not succeed are reported, whatever their cause.")
    idle = env.int(
      "HEALTH_IDLE", default: 3, in: 1...HealthFacts.newest,
      help: "This many successes in a row that found nothing to do are reported.")
    oldest = env.duration(
      "HEALTH_OLDEST", default: .hours(1), in: .minutes(1) ... .days(3660),
      help: "Age from which work that runs leave to later ones is reported: events, or messages that are due.")
    mayIdle =
      env.custom(
        "HEALTH_MAY_IDLE", form: "[INSTANCE/]JOB[:VARIANT], with spaces", default: nil,
        help: "Jobs that often find nothing to do, rightly: reindex:pending.", parse: Self.names) ?? []
    lines =
      env.custom(
        "HEALTH_LINES", form: "JOB=LINE, separated by commas", default: nil,
        help:
          "The lines of migrations that make a job's tables: fraud-detection=fraud. A job that never ran is not missed while one of its lines was never applied.",
        parse: Self.lines) ?? [:]
    deadLettersAge = env.optionalDuration(
      "HEALTH_DEAD_LETTERS_AGE", in: .minutes(1) ... .days(3660),
      help: "Age from which a pending dead letter is reported; without it dead letters are only counted.")
  }

  /// The other installations whose runs are read: those that expectations name.
  package var instances: Set<String> {
    Set(expectations.compactMap(\.instance) + mayIdle.compactMap(\.instance) + [instance])
  }

  private static func lines(_ text: String) -> Environment.Parsed<[String: Set<String>]> {
    var found: [String: Set<String>] = [:]
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, !entry.contains(where: \.isWhitespace) else {
        return .failure("holds «\(entry)»: write JOB=LINE, for example fraud-detection=fraud")
      }
      found[String(parts[0]), default: []].insert(String(parts[1]))
    }
    return .success(found)
  }

  private static func names(_ text: String) -> Environment.Parsed<[IdleName]> {
    var found: [IdleName] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      guard !word.prefix(while: { $0 != ":" }).contains(",") else {
        return .failure("holds «\(word)»: names are separated by spaces, because variants hold commas")
      }
      switch Expectation.name(String(word)) {
      case .success(let name): found.append(IdleName(instance: name.instance, job: name.job, variant: name.variant))
      case .failure(let message): return .failure(message)
      }
    }
    return .success(found)
  }
}

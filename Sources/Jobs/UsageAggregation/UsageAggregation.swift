import JobRuntime
import Postgres
import Redis

/// Moves usage counters from Redis, where an application counts with `INCRBY`, to Postgres.
///
/// - Reads and writes: keys `usage:{merchant}:{yyyy-MM-dd}:{metric}`; `merchant_usage`, `oneshot.usage_days`.
/// - Safe to run twice: the counter's absolute value is written, and only where it differs.
/// - Safe to stop halfway: a day is written in one transaction, a large one in two, and completed once all of it is
///   written; the next run does the days that are left.
/// - If it is late: every day that is not completed and whose counters still live is done then.
@main
struct UsageAggregation: Job {
  static let facts = JobFacts(
    name: "usage-aggregation",
    summary: "moves usage counters from Redis to Postgres",
    keepsDataInRedis: true,
    schema: [MigrationNeed("usage", 4)],
    tables: [
      TableNeed(
        "merchant_usage",
        columns: ["merchant_id", "usage_date", "metric_type", "value", "first_seen_at", "updated_at"],
        privileges: [.select, .insert, .update]),
      TableNeed(
        "oneshot.usage_days",
        columns: [
          "instance", "server", "key_prefix", "usage_date", "shard", "shard_count", "keys", "completed_at", "run_id",
          "read_for", "changed_at", "reading",
        ],
        privileges: [.select, .insert, .update]),
    ],
    letterKinds: letterKinds)

  enum Mode: String, CaseIterable { case aggregate, status }
  enum OnRegression: String, CaseIterable { case keep, overwrite, fail }

  struct Settings: JobSettings {
    let mode: Mode
    let days: DaySelection
    let includesToday: Bool
    let retention: Duration
    let settle: Duration
    let recheck: Bool
    let timeZone: String
    let format: KeyFormat
    let ignored: [Glob]
    let merchant: String?
    let onRegression: OnRegression
    let newTTL: Duration?
    /// The user's statement that takes the counters.
    let target: SQLFile?

    init(from env: inout Environment) {
      mode = env.choice(
        "USAGE_MODE", default: .aggregate, help: "aggregate writes; status compares both sides and writes nothing.",
        selects: .work)
      days =
        env.custom(
          "USAGE_DAYS", form: "2025-11-01, 2025-11-01..2025-11-07, yesterday, today, or a list separated by commas",
          default: nil, help: "Which days; unset, every day up to yesterday that is not completed yet.",
          selects: .once(as: "days", isFixed: true), written: \.words, parse: DaySelection.parse) ?? .open
      includesToday = env.bool(
        "USAGE_INCLUDE_TODAY", default: false, help: "Add the current, unfinished day.", selects: .work(as: "and_today")
      )
      retention = env.duration(
        "USAGE_RETENTION", default: .days(7), in: .days(1) ... .days(366),
        help: "The counters' life in Redis: how far back days without a completed run are looked for.",
        selects: .work(as: "retention"))
      settle = env.duration(
        "USAGE_SETTLE", default: .hours(1), in: .zero ... .days(2),
        help: "A day counts as completed once it was read this long after its end; until then it is read again.")
      recheck = env.bool(
        "USAGE_RECHECK", default: true,
        help:
          "Read each completed day again a day later and a day before its counters expire, for counters that have grown since then.",
        selects: .work(as: "recheck"))
      timeZone = env.timeZone(
        "USAGE_TIMEZONE", help: "The time zone of the days: a name such as Asia/Kolkata. Offsets are refused.")
      let prefix: String? = env.custom(
        "USAGE_KEY_PREFIX", form: "text", default: "usage:",
        help: "The prefix of the keys, before the merchant id, with its colon: short for the usual USAGE_KEY_FORMAT.",
        selects: .work(as: "prefix"), written: { [$0] }, parse: { .success($0) })
      let format: KeyFormat? = env.custom(
        "USAGE_KEY_FORMAT", form: KeyFormat.form, default: Self.usualFormat.text,
        help:
          "The form of the keys; {merchant} may contain the separator of the parts, or {metric*} where it is marked so.",
        selects: .work(as: "format"), written: { [$0.text] }, parse: KeyFormat.parse)
      if prefix != nil, format != nil {
        env.complain("USAGE_KEY_FORMAT", "is set, and USAGE_KEY_PREFIX too; set only one of them")
      }
      self.format = format ?? prefix.map { KeyFormat(prefix: $0) } ?? Self.usualFormat
      ignored =
        env.custom(
          "USAGE_IGNORE", form: "patterns such as usage:config:*, separated by commas", default: nil,
          help: "Keys that are not counters: they are left out, and do not become dead letters.",
          selects: .work(as: "ignored"), written: { $0.map(\.text) }
        ) { text in
          .success(Glob.list(text))
        } ?? []
      merchant = env.optionalString(
        "USAGE_MERCHANT", help: "Only this merchant.", selects: .work(as: "merchant"))
      onRegression = env.choice(
        "USAGE_ON_REGRESSION", default: .keep,
        help:
          "What to do with a counter that is smaller than what is stored: keep the stored value, overwrite it, or fail the item.",
        selects: .work(as: "regressed"))
      newTTL = env.optionalDuration(
        "USAGE_SET_TTL", in: .hours(1) ... .days(3660),
        help:
          "Give counters of days that are over and have none this time to live, once they are written (Redis 7 or newer).",
        selects: .work(as: "ttl"))
      target = env.custom(
        "USAGE_TARGET", form: "path", default: nil,
        help: "A .sql file with a statement of your own that takes the counters, in place of merchant_usage.",
        selects: .work(as: "target"), written: { [$0.place] }
      ) { (path: String) -> Environment.Parsed<SQLFile> in
        let file = SQLFile(path: path)
        return file.problem.map { .failure("cannot be used: \($0)") } ?? .success(file)
      }
      env.reserveForInstallers("USAGE_KEY_PREFIX", "USAGE_KEY_FORMAT", "USAGE_SET_TTL")
      if newTTL != nil, merchant != nil, self.format.field == .merchant {
        env.complain(
          "USAGE_SET_TTL",
          "cannot be set with USAGE_MERCHANT where merchants are fields: a hash has one life for all of them")
      }
      if target != nil, mode == .status {
        env.complain("USAGE_MODE", "is status, which compares with merchant_usage; it cannot be set with USAGE_TARGET")
      }
    }

    var table: CounterTable { CounterTable(format: format) }

    /// Names the counters, and where they go, in the progress and in dead letters.
    var source: String {
      format.name + (target.map { " into \($0.place)" } ?? "")
    }

    private static let usualFormat = KeyFormat(prefix: "usage:")

    /// How long after a day's end its counters live: their time to live began on the day itself.
    var lifeAfterDay: Duration { min(retention - .days(1), newTTL ?? retention) }
  }

  struct Report: JobReport {
    var scanned = 0
    var matched = 0
    /// Keys that USAGE_IGNORE leaves out.
    var ignored = 0
    var inserted = 0
    var updated = 0
    var unchanged = 0
    /// Rows that the file of USAGE_TARGET wrote.
    var written = 0
    /// Of those inserted, updated or written, how many had changed after their day was completed.
    var late = 0
    var regressed = 0
    var vanished = 0
    var failed = 0
    var days = 0
    /// Days for which nothing could be written.
    var failedDays = 0
    /// Days that have rows, and no counter in Redis any more.
    var lostDays = 0
    /// Keys without a time to live, out of a sample of at most a thousand.
    var keysWithoutTTL = 0
    var byDay: [DayReport] = []
    var regressedItems: [RegressedItem] = []
    var status: [DayStatus]?

    var itemsProcessed: Int { matched }
  }

  let settings: Settings

  var writes: Bool { settings.mode == .aggregate }

  func run(_ run: JobRun) async throws -> Report {
    let days = try await plan(run)
    guard let first = days.first, let last = days.last else {
      run.log.info("every day is completed; nothing to do")
      return Report()
    }
    run.setWindow(Window(start: first.start, end: last.end))
    var progress = Progress(days: days)
    try await Self.asAWhole("aggregating", run) {
      try await run.withLanes(lanes) { try await pass(&progress, on: $0, run) }
    }
    if progress.report.keysWithoutTTL > 0 {
      run.log.warning(
        "counters without a time to live", ["of_a_sample_of_1000": .integer(Int64(progress.report.keysWithoutTTL))])
    }
    return progress.report
  }

  /// How many connections write at once.
  ///
  /// A user's statement, and a comparison, have to see a whole day.
  private var lanes: Int { settings.target != nil || settings.mode == .status ? 1 : 2 }

  /// Reads the counters of all days and writes those days that are left.
  private func pass(_ progress: inout Progress, on connections: [JobRun], _ run: JobRun) async throws {
    let isFailing = settings.onRegression == .fail
    // All days, including finished ones: a pass counts everything.
    let staged = try await stage(progress.days.map(\.date), on: connections, run)
    let scanned = staged.report
    progress.note(staged.reading)
    progress.report.take(scanned, failing: isFailing)
    if scanned.rejected > 0, !progress.hasReportedRejections {
      try await rejectStaged(run)
      progress.hasReportedRejections = true
    }
    if writes {
      let empty = progress.left.filter { !scanned.days.contains($0.date) }
      for day in try await passOver(empty, run) { progress.report.take(day, failing: isFailing) }
      progress.left.removeAll { !scanned.days.contains($0.date) }
      progress.report.days += empty.count
    }
    while let day = progress.left.first {
      switch settings.mode {
      case .aggregate:
        if let written = try await writeOrReject(day, hasRejected: scanned.rejected > 0, from: staged.lanes) {
          if written.report.isCompleted { progress.done[day.date] = written.report }
          progress.report.take(written, failing: isFailing)
        } else {
          progress.failedDays.insert(day.date)
          progress.report.failedDays += 1
          progress.report.failed += 1
        }
      case .status: progress.report.status = (progress.report.status ?? []) + [try await compare(day, run)]
      }
      progress.left.removeFirst()
      progress.report.days += 1
      try run.checkpoint(progress.report)
    }
    // The keys of a day that still grows get no expiry: INCRBY keeps a time to live, and a counter would expire while
    // it grows.
    guard let ttl = settings.newTTL, writes, !run.isDryRun else { return }
    // A hash of merchants belongs to every shard where each takes its merchants, and has one time to live for all of
    // them.
    let isShared = settings.format.field == .merchant && !run.shard.isWhole && staged.reading == .byMerchant
    for day in progress.days where day.isSettled && !progress.failedDays.contains(day.date) {
      if isShared {
        if let report = progress.done[day.date] { try await complete(day, report, run) }
        let isCompleted = try await run.read(Statements.isCompletedByAll(day, settings, run)).only()
        guard try isCompleted.value("is_completed") else { continue }
        for lane in staged.lanes { try await giveTTL(ttl, day.date, of: lane) }
        continue
      }
      for lane in staged.lanes { try await giveTTL(ttl, day.date, of: lane) }
      // Completed only after its keys have their expiry: a run that is stopped in between leaves the day to the next
      // run.
      if let report = progress.done[day.date] { try await complete(day, report, run) }
    }
  }

  /// Reads and writes again, as a whole, when it failed with a transient error.
  static func asAWhole(_ what: String, _ run: JobRun, _ work: () async throws -> Void) async throws {
    try await run.retrying(what, isPassing: isWriteConflict) {
      do { try await work() } catch  where hasLostStage(error) {
        throw PostgresError.connection("the connection was lost, and what had been read with it")
      }
    }
  }

  /// Somebody else inserted a row between reading and writing: reading again resolves it.
  private static func isWriteConflict(_ error: any Error) -> Bool {
    (error as? PostgresError)?.state == .uniqueViolation
  }

  /// A COMMIT whose answer was lost may have succeeded; the run continues on a new connection, without the temporary
  /// table.
  private static func hasLostStage(_ error: any Error) -> Bool {
    guard let error = error as? PostgresError, error.state == .undefinedTable else { return false }
    return "\(error)".contains("staged_counters")
  }
}

import JobRuntime

/// The progress of a run.
///
/// What a failed attempt has done stays done.
struct Progress {
  private(set) var days: [PlannedDay]
  /// Days that are not written yet.
  var left: [PlannedDay]
  var report = UsageAggregation.Report()
  var hasReportedRejections = false
  /// The days that are done.
  var done: [CalendarDay: DayReport] = [:]
  /// Days for which nothing could be written.
  var failedDays: Set<CalendarDay> = []

  init(days: [PlannedDay]) { (self.days, left) = (days, days) }

  /// Notes how the counters of the days were found.
  mutating func note(_ reading: Reading) {
    for index in days.indices { days[index].reading = reading.name }
    for index in left.indices { left[index].reading = reading.name }
  }
}

/// The outcome of one day.
struct DayReport: Encodable, Sendable {
  var day: String
  var keys = 0
  var inserted = 0
  var updated = 0
  var unchanged = 0
  var regressed = 0
  /// Rows that the file of USAGE_TARGET wrote.
  var written = 0
  /// How many of the inserted, updated or written rows had changed after the day was completed.
  var late = 0
  /// How many rows of the day have no counter in Redis any more.
  var lostRows = 0
  /// Whether later runs skip the day.
  var isCompleted = false

  /// Whether smaller counters replaced stored values.
  var hasOverwritten = false

  var hasChanged: Bool { inserted + updated + written > 0 || hasOverwritten }

  /// Adds the outcome of another part of the same day.
  mutating func add(_ part: DayReport) {
    keys += part.keys
    inserted += part.inserted
    updated += part.updated
    unchanged += part.unchanged
    regressed += part.regressed
    late += part.late
    hasOverwritten = hasOverwritten || part.hasOverwritten
  }

  private enum CodingKeys: CodingKey {
    case day, keys, inserted, updated, unchanged, regressed, written, late, lostRows, isCompleted
  }
}

/// A counter that is smaller than the stored value.
struct RegressedItem: Encodable, Sendable {
  var item: String
  var counter: Int64
  var stored: Int64
}

/// Both sides of one day, as `USAGE_MODE=status` shows them.
struct DayStatus: Encodable, Sendable {
  var day: String
  var redisKeys: Int
  var redisSum: JSON
  var postgresRows: Int
  var postgresSum: JSON
  /// Counters without a row.
  var missing: Int
  /// Rows whose value differs from the counter.
  var differing: Int

  /// A sum of 64-bit numbers may be longer than 64 bits; then it is written as text.
  static func sum(_ text: String) -> JSON { Int64(text).map { .integer($0) } ?? .string(text) }
}

/// A written day: its counts, and a sample of the regressed counters.
struct WrittenDay: Sendable {
  var report: DayReport
  var regressedItems: [RegressedItem] = []

  /// Adds the outcome of another part of the same day.
  mutating func add(_ part: WrittenDay) {
    report.add(part.report)
    regressedItems += part.regressedItems
  }
}

extension UsageAggregation.Report {
  /// How many regressed items the details show.
  static let regressedShown = 20

  mutating func take(_ scan: ScanReport, failing: Bool) {
    // A pass that is repeated after a failure counts once.
    scanned = scan.scanned
    matched = scan.matched
    ignored = scan.ignored
    vanished = scan.vanished
    keysWithoutTTL = scan.keysWithoutTTL
    failed = scan.rejected + (failing ? regressed + lostDays : 0) + failedDays
  }

  mutating func take(_ day: WrittenDay, failing: Bool) {
    inserted += day.report.inserted
    updated += day.report.updated
    unchanged += day.report.unchanged
    regressed += day.report.regressed
    written += day.report.written
    late += day.report.late
    let isLost = day.report.lostRows > 0
    if isLost { lostDays += 1 }
    if failing { failed += day.report.regressed + (isLost ? 1 : 0) }
    // Days without counters are checked first.
    byDay.insert(day.report, at: byDay.firstIndex { $0.day > day.report.day } ?? byDay.endIndex)
    regressedItems += day.regressedItems.prefix(max(0, Self.regressedShown - regressedItems.count))
  }
}

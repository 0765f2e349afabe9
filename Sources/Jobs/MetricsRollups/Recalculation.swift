import JobRuntime
import Postgres

/// Calculates queued buckets of one level of one source: a day of them at a time, or several days with little to read.
struct Recalculation: Sendable {
  let calculated: CalculatedRollups
  let timezone: String
  /// Megabytes of work_mem.
  let workMemory: Int
  let newestFirst: Bool
  /// Whether rollups of whole days without rows are kept.
  let keepsEmptied: Bool
  /// Whether days are taken one at a time, without counting first the rows that they are calculated from.
  var takesSingleDays: Bool

  init(calculated: CalculatedRollups, timezone: String, workMemory: Int, newestFirst: Bool, keepsEmptied: Bool) {
    (self.calculated, self.timezone, self.workMemory, self.newestFirst) = (
      calculated, timezone, workMemory, newestFirst
    )
    self.keepsEmptied = keepsEmptied && calculated.granularity.child == nil
    takesSingleDays = !calculated.hasParts
  }

  var source: Source { calculated.source }
  var granularity: Granularity { calculated.granularity }

  /// The most rows that a transaction reads for more than one day; it takes a few tenths of a second.
  ///
  /// A single day is read whole, however large.
  static let most = 100_000
  /// The most queued buckets that one transaction considers.
  static let mostBuckets = 5000
  /// The most calculations in one transaction: each creates temporary tables, whose locks it holds until it ends.
  static let mostCalculations = 100

  /// What one transaction did.
  struct Step: Sendable {
    var buckets: [Bucket] = []
    /// The starts of the buckets, encoded once.
    var starts = Parameter.null
    /// The number of calculations.
    var calculations = 0
    /// The span that was considered; queued buckets that failed stay in it.
    var span: Bucket
    var records = 0
    var inserted = 0
    var updated = 0
    var deleted = 0
    /// Days whose rollups were kept, though they have no rows any more.
    var kept: [Bucket] = []
    var failures: [ItemFailure] = []

    var changed: Int { inserted + updated + deleted }
    var period: Window? {
      guard let start = buckets.map(\.start).min(), let end = buckets.map(\.end).max() else { return nil }
      return Window(start: start, end: end)
    }
  }

  /// Calculates days until there is enough for one transaction, and queues the buckets that they are part of.
  ///
  /// - Parameter range: where in the queue to look.
  /// - Returns: `nil` when nothing is queued there.
  func step(in range: Bucket, _ tx: borrowing Transaction) throws -> Step? {
    try tx.pipeline([Self.withoutWaiting, settings])
    guard var step = try take(in: range, tx) else { return nil }
    while takesSingleDays, step.records < Self.most, step.calculations < Self.mostCalculations,
      let more = try take(in: rest(of: range, after: step), tx)
    {
      step.add(more)
    }
    step.starts = step.buckets.map(\.start).postgresParameter
    if step.changed > 0, !granularity.parents.isEmpty {
      try tx.execute(
        Statement(
          file: "queue_parents.sql", PackageResources.queue_parents_sql,
          binding: [
            "source": source.name, "zone": timezone, "starts": step.starts,
            "levels": granularity.parents.map(\.rawValue),
          ]))
    }
    return step
  }

  /// After a large day the next one is probably large, too: counting it first would be wasted.
  mutating func adapt(to step: Step) { takesSingleDays = !calculated.hasParts || step.records >= Self.most }

  /// The rest of the queue that a step has not considered.
  func rest(of range: Bucket, after step: Step) -> Bucket {
    newestFirst
      ? Bucket(start: range.start, end: step.span.start) : Bucket(start: step.span.end, end: range.end)
  }

  /// Takes buckets off the queue and calculates them, in the transaction of the session.
  ///
  /// They leave the queue first: what changes meanwhile is queued again.
  private func take(in range: Bucket, _ tx: borrowing Transaction) throws -> Step? {
    let taken = try tx.pipeline(
      [CalculatedRollups.withoutPages, takeStatement(in: range)] + CalculatedRollups.planOfChoice)[1]
    guard let first = taken.first else { return nil }
    var step = Step(span: Bucket(start: try first.value("span_start"), end: try first.value("span_end")))
    let stretches = try taken.map { row in
      let bucket = Bucket(start: try row.value("bucket_start"), end: try row.value("bucket_end"))
      return Stretch(time: bucket, origin: granularity.child == nil ? try row.value("day_start") : bucket.start)
    }
    step.buckets = stretches.map(\.time)
    guard try !first.value("is_light") else {
      try replace(stretches, in: &step, tx)
      return step
    }
    // When there is much to read, adjoining buckets are read by one statement each, which may be planned in parallel.
    // Reading two hours that were not touched costs less than another statement, and changes nothing.
    let joined = stretches.joined(over: .hours(2))
    for joined in newestFirst ? joined.reversed() : joined {
      try replace(
        stretches.filter { $0.time.start >= joined.time.start && $0.time.end <= joined.time.end }, over: .hours(2),
        in: &step, tx)
    }
    return step
  }

  /// A commit that does not wait for the disk.
  ///
  /// A server that crashes may lose the last steps, each as a whole: their buckets are still queued then. The commit
  /// that ends the run in the ledger waits for the disk, and with it all earlier ones.
  static let withoutWaiting: Statement = "select set_config('synchronous_commit', 'off', true)"

  private var settings: Statement {
    "select set_config('work_mem', \("\(workMemory)MB"), true), set_config('jit', 'off', true), set_config('oneshot.counts_visitors', 'on', true)"
  }

  private func takeStatement(in range: Bucket) throws -> Statement {
    try takeFragment.binding(
      calculated.names.merging([
        "zone": timezone, "newest_first": newestFirst, "from": range.start, "until": range.end,
        "most": takesSingleDays ? 1 : Self.most, "most_buckets": takesSingleDays ? 1 : Self.mostBuckets,
      ]) { $1 }
    ).statement().limited(to: calculated.limit)
  }

  private var takeFragment: SQLFragment {
    SQLFragment("take.sql", PackageResources.take_sql).filling([
      "direction": SQLFragment(sql: newestFirst ? "desc" : "asc"), "parts": calculated.parts,
    ])
  }

  /// Replaces buckets; when that fails, halves of them, so that only the bucket with the error fails.
  private func replace(
    _ buckets: [Stretch], over gap: Duration = .zero, in step: inout Step, _ tx: borrowing Transaction
  ) throws {
    guard step.calculations < Self.mostCalculations else { return try putBack(buckets, in: &step, tx) }
    step.calculations += 1
    let stretches = Stretches(granularity.child == nil ? buckets.joined(over: gap) : buckets)
    do {
      var summary = try calculated.calculate(stretches, tx.session)
      // Bad rows are reported for their bucket.
      if summary.hasBadRows {
        guard buckets.count == 1 else {
          try tx.query("drop table oneshot_rollup_fresh")
          return try replaceHalves(of: buckets, in: &step, tx)
        }
        step.calculations += 1
        let good = try calculated.calculateGood(stretches.all[0], tx.session)
        summary = good.summary
        step.failures.append(good.badRows)
      }
      step.records += summary.records
      try replace(stretches, by: summary, in: &step, tx)
    } catch let failure as SQLFile.Failure {
      guard buckets.count == 1 else { return try replaceHalves(of: buckets, in: &step, tx) }
      let start = buckets[0].time.start
      step.failures.append(
        ItemFailure(
          item: calculated.item(start), kind: .bucketFailed, message: failure.description,
          payload: ["source": .string(source.name), "granularity": .string(granularity.rawValue)]))
      try queueAgain([start], tx)
    }
  }

  /// In the order of the queue, so that the buckets that are put back are at its end.
  private func replaceHalves(of buckets: [Stretch], in step: inout Step, _ tx: borrowing Transaction) throws {
    let middle = buckets.count / 2
    let halves = [Array(buckets[..<middle]), Array(buckets[middle...])]
    for half in newestFirst ? halves.reversed() : halves { try replace(half, in: &step, tx) }
  }

  /// Leaves buckets to the next transaction.
  private func putBack(_ buckets: [Stretch], in step: inout Step, _ tx: borrowing Transaction) throws {
    let time: Bucket = buckets.span
    step.buckets.removeAll { $0.start >= time.start && $0.end <= time.end }
    if newestFirst {
      step.span.start = max(step.span.start, time.end)
    } else {
      step.span.end = min(step.span.end, time.start)
    }
    try queueAgain(buckets.map(\.time.start), tx)
  }

  private func queueAgain(_ starts: [Timestamp], _ tx: borrowing Transaction) throws {
    try tx.execute(
      Statement(
        file: "queue_again.sql", PackageResources.queue_again_sql,
        binding: ["source": source.name, "granularity": granularity.rawValue, "buckets": starts]))
  }

  /// Replaces the stored rollups of some stretches with what their parts add up to now: only rows that differ are
  /// written.
  private func replace(
    _ stretches: Stretches, by summary: CalculatedRollups.Summary, in step: inout Step, _ tx: borrowing Transaction
  ) throws {
    func statement(_ place: String, _ text: [UInt8], _ holes: [String: SQLFragment] = [:]) throws -> Statement {
      try SQLFragment(place, text).filling(holes).binding(stretches.values.merging(calculated.names) { $1 }).statement()
        .limited(to: calculated.limit)
    }
    func insert(_ rows: String) throws -> Statement {
      try statement("insert_new.sql", PackageResources.insert_new_sql, ["rows": SQLFragment(sql: rows)])
    }
    guard summary.hasStored else {
      step.inserted += try tx.pipeline([insert("oneshot_rollup_fresh"), "drop table oneshot_rollup_fresh"])[0].affected
      return
    }
    let compare = try [
      Self.joinsByHash, statement("changes.sql", PackageResources.changes_sql, ["stored": .stored]),
      "set local enable_mergejoin to default",
    ]
    let write = try [
      insert("oneshot_rollup_changes where not is_stored"),
      statement("update_changed.sql", PackageResources.update_changed_sql),
      statement("delete_vanished.sql", PackageResources.delete_vanished_sql),
      "drop table oneshot_rollup_fresh, oneshot_rollup_changes",
    ]
    if keepsEmptied {
      try tx.pipeline(compare)
      step.kept += try keepEmptied(tx)
    }
    let done = try tx.pipeline(keepsEmptied ? write : compare + write).suffix(write.count).map(\.affected)
    step.inserted += done[0]
    step.updated += done[1]
    step.deleted += done[2]
  }

  /// Joins stored and calculated rows by hashing, whatever the planner estimates: sorting by four texts for a merge
  /// takes three times as long.
  private static let joinsByHash: Statement = "select set_config('enable_mergejoin', 'off', true)"
}

extension Recalculation.Step {
  /// The sum of two steps.
  fileprivate mutating func add(_ more: Self) {
    buckets += more.buckets
    calculations += more.calculations
    span = Bucket(start: min(span.start, more.span.start), end: max(span.end, more.span.end))
    records += more.records
    inserted += more.inserted
    updated += more.updated
    deleted += more.deleted
    kept += more.kept
    failures += more.failures
  }
}

extension CalculatedRollups {
  /// Whether the rows that a bucket is calculated from can be counted by an index, without reading them.
  fileprivate var hasParts: Bool { granularity.child != nil || source.isOurTable }

  /// Counts the rows that a bucket, a row of `candidate`, is calculated from.
  fileprivate var parts: SQLFragment {
    guard hasParts else { return SQLFragment(sql: "select") }
    return granularity.child == nil ? .partsOfEvents : .partsOfLevel
  }
}

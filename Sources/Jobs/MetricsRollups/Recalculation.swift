import JobRuntime
import Postgres

/// Calculates queued buckets of one level of one source: a day of them at a time, or several days of which little is to be read.
struct Recalculation: Sendable {
  let fresh: Fresh
  let timezone: String
  /// Megabytes of work_mem.
  let workMemory: Int
  let newestFirst: Bool
  /// Whether rollups of whole days stay that have no rows any more.
  let keepsEmptied: Bool
  /// Whether days are taken one at a time, without counting first what they are calculated from.
  var takesSingleDays: Bool

  init(fresh: Fresh, timezone: String, workMemory: Int, newestFirst: Bool, keepsEmptied: Bool) {
    (self.fresh, self.timezone, self.workMemory, self.newestFirst) = (fresh, timezone, workMemory, newestFirst)
    self.keepsEmptied = keepsEmptied && fresh.granularity.child == nil
    takesSingleDays = !fresh.hasParts
  }

  var source: Source { fresh.source }
  var granularity: Granularity { fresh.granularity }

  /// Rows of more than one day that a transaction reads: what a few tenths of a second do. One day is read whole, however large.
  static let most = 100_000
  /// Queued buckets that are looked at for one transaction.
  static let mostBuckets = 5000
  /// Times that a transaction calculates something: each makes temporary tables, whose locks it holds until it ends.
  static let mostCalculations = 100

  /// What one transaction did.
  struct Step: Sendable {
    var buckets: [Bucket] = []
    /// When they begin, encoded once.
    var starts = Parameter.null
    /// How often something was calculated.
    var calculations = 0
    /// The time that was looked at; queued buckets that failed stay in it.
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

  /// Calculates days until there is enough for one transaction, and queues what they are part of.
  ///
  /// - Parameter range: where in the queue to look.
  /// - Returns: nothing when nothing is queued there.
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

  /// After a large day the next is most likely another one: to count it first would be for nothing.
  mutating func learn(from step: Step) { takesSingleDays = !fresh.hasParts || step.records >= Self.most }

  /// Where in the queue is left what a step has not looked at.
  func rest(of range: Bucket, after step: Step) -> Bucket {
    newestFirst
      ? Bucket(start: range.start, end: step.span.start) : Bucket(start: step.span.end, end: range.end)
  }

  /// Takes buckets off the queue and calculates them, in the transaction of the session. Off the queue first: what changes meanwhile
  /// is queued again.
  private func take(in range: Bucket, _ tx: borrowing Transaction) throws -> Step? {
    let taken = try tx.pipeline([Fresh.withoutPages, takeStatement(in: range)] + Fresh.planOfChoice)[1]
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
    // Of much, what adjoins is read by one statement each, which may be planned in parallel. Reading two hours that were not touched
    // costs less than a statement more, and changes nothing.
    let joined = stretches.joined(over: .hours(2))
    for joined in newestFirst ? joined.reversed() : joined {
      try replace(
        stretches.filter { $0.time.start >= joined.time.start && $0.time.end <= joined.time.end }, over: .hours(2),
        in: &step, tx)
    }
    return step
  }

  /// A commit that does not wait for the disk. A server that crashes may lose the last steps, each with all that it did: they are
  /// queued again then. The end of the run in the ledger waits, and with it all that came before.
  static let withoutWaiting: Statement = "select set_config('synchronous_commit', 'off', true)"

  private var settings: Statement {
    "select set_config('work_mem', \("\(workMemory)MB"), true), set_config('jit', 'off', true), set_config('oneshot.counts_visitors', 'on', true)"
  }

  private func takeStatement(in range: Bucket) throws -> Statement {
    try takeFragment.binding(
      fresh.names.merging([
        "zone": timezone, "newest_first": newestFirst, "from": range.start, "until": range.end,
        "most": takesSingleDays ? 1 : Self.most, "most_buckets": takesSingleDays ? 1 : Self.mostBuckets,
      ]) { $1 }
    ).statement().limited(to: fresh.limit)
  }

  private var takeFragment: SQLFragment {
    SQLFragment("take.sql", PackageResources.take_sql).filling([
      "direction": SQLFragment(sql: newestFirst ? "desc" : "asc"), "parts": fresh.parts,
    ])
  }

  /// Replaces buckets; when that fails, halves of them, so that only the one that is to blame fails.
  private func replace(
    _ buckets: [Stretch], over gap: Duration = .zero, in step: inout Step, _ tx: borrowing Transaction
  ) throws {
    guard step.calculations < Self.mostCalculations else { return try putBack(buckets, in: &step, tx) }
    step.calculations += 1
    let stretches = Stretches(granularity.child == nil ? buckets.joined(over: gap) : buckets)
    do {
      var summary = try fresh.calculate(stretches, tx.session)
      // Bad rows are reported for the bucket in which they are.
      if summary.hasBadRows {
        guard buckets.count == 1 else {
          try tx.query("drop table oneshot_rollup_fresh")
          return try replaceHalves(of: buckets, in: &step, tx)
        }
        step.calculations += 1
        let good = try fresh.calculateGood(stretches.all[0], tx.session)
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
          item: fresh.item(start), kind: .bucketFailed, message: failure.description,
          payload: ["source": .string(source.name), "granularity": .string(granularity.rawValue)]))
      try queueAgain([start], tx)
    }
  }

  /// In the order in which the queue is taken, so that what is put back lies at the end.
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

  /// Replaces what is stored of some stretches by what their parts come to now: only rows that differ are written.
  private func replace(
    _ stretches: Stretches, by summary: Fresh.Summary, in step: inout Step, _ tx: borrowing Transaction
  ) throws {
    func statement(_ place: String, _ text: [UInt8], _ holes: [String: SQLFragment] = [:]) throws -> Statement {
      try SQLFragment(place, text).filling(holes).binding(stretches.values.merging(fresh.names) { $1 }).statement()
        .limited(to: fresh.limit)
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

  /// Joins what is stored with what is fresh by hashing, whatever the planner thinks of how many there are: sorting four texts a row, to
  /// merge, takes three times as long.
  private static let joinsByHash: Statement = "select set_config('enable_mergejoin', 'off', true)"
}

extension Recalculation.Step {
  /// What two looks at the queue have done together.
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

extension Fresh {
  /// Whether it is known how to count what a bucket is calculated from: by an index, and not by reading it.
  fileprivate var hasParts: Bool { granularity.child != nil || source.isOurTable }

  /// Counts what a bucket, a row of `candidate`, is calculated from.
  fileprivate var parts: SQLFragment {
    guard hasParts else { return SQLFragment(sql: "select") }
    return granularity.child == nil ? .partsOfEvents : .partsOfLevel
  }
}

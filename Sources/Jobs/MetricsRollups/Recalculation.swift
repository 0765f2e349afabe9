import JobRuntime
import Postgres

/// Calculates queued buckets of one level of one source: one day of them a step, each step a transaction.
struct Recalculation: Sendable {
  let fresh: Fresh
  let timezone: String
  /// Megabytes of work_mem.
  let workMemory: Int
  let newestFirst: Bool

  var source: Source { fresh.source }
  var granularity: Granularity { fresh.granularity }

  /// What one step did.
  struct Step: Sendable {
    var buckets: [Bucket] = []
    /// The day that was looked at; queued buckets that failed stay in it.
    var span: Bucket
    var records = 0
    var inserted = 0
    var updated = 0
    var deleted = 0
    var failures: [ItemFailure] = []

    var changed: Int { inserted + updated + deleted }
    var period: Window? { Window(start: buckets[0].start, end: buckets[buckets.count - 1].end) }
  }

  /// Takes the buckets of a day off the queue, calculates them, and queues what they are part of, in the transaction of
  /// the session. Off the queue first: what changes meanwhile is queued anew.
  ///
  /// - Parameter range: where in the queue to look.
  /// - Returns: nothing when nothing is queued there.
  func step(in range: Bucket, _ tx: borrowing Transaction) throws -> Step? {
    let take = try statement(
      "take.sql", PackageResources.take_sql,
      ["zone": timezone, "newest_first": newestFirst, "from": range.start, "until": range.end])
    let taken = try tx.pipeline([Self.withoutWaiting, settings, take])[2]
    guard let first = taken.first else { return nil }
    var step = Step(span: Bucket(start: try first.value("span_start"), end: try first.value("span_end")))
    step.buckets = try taken.map { Bucket(start: try $0.value("bucket_start"), end: try $0.value("bucket_end")) }
    for buckets in Self.adjoining(step.buckets) { try replace(buckets, in: &step, tx) }
    if step.changed > 0, !granularity.parents.isEmpty {
      try tx.execute(
        Statement(
          file: "queue_parents.sql", PackageResources.queue_parents_sql,
          binding: [
            "source": source.name, "zone": timezone, "moments": step.buckets.map(\.start),
            "levels": granularity.parents.map(\.rawValue),
          ]))
    }
    return step
  }

  /// A commit that does not wait for the disk. A server that crashes may lose the last steps, each with all that it did: they are
  /// queued again then. The end of the run in the ledger waits, and with it all that came before.
  static let withoutWaiting: Statement = "select set_config('synchronous_commit', 'off', true)"

  private var settings: Statement {
    "select set_config('work_mem', \("\(workMemory)MB"), true), set_config('jit', 'off', true)"
  }

  /// Buckets with at most a small gap between them are calculated together: reading two hours that were not touched costs less
  /// than a statement more, and changes nothing.
  static func adjoining(_ buckets: [Bucket]) -> [[Bucket]] {
    var groups: [[Bucket]] = []
    for bucket in buckets {
      if let last = groups.last?.last, bucket.start - last.end <= .hours(2) {
        groups[groups.count - 1].append(bucket)
      } else {
        groups.append([bucket])
      }
    }
    return groups
  }

  /// Replaces buckets; when that fails, one after the other, so that only the one that is to blame fails.
  private func replace(_ buckets: [Bucket], in step: inout Step, _ tx: borrowing Transaction) throws {
    do {
      let window = Bucket(start: buckets[0].start, end: buckets[buckets.count - 1].end)
      let summary = try fresh.calculate(window, day: step.span.start, tx.session)
      // Bad rows are told of the bucket in which they are.
      guard summary.badRows == nil || buckets.count == 1 else {
        try tx.query("drop table oneshot_rollup_fresh")
        for bucket in buckets { try replace([bucket], in: &step, tx) }
        return
      }
      try replace(window, by: summary, in: &step, tx)
    } catch let failure as SQLFile.Failure {
      guard buckets.count == 1 else {
        for bucket in buckets { try replace([bucket], in: &step, tx) }
        return
      }
      step.failures.append(
        ItemFailure(
          item: fresh.item(buckets[0].start), kind: .bucketFailed, message: failure.description,
          payload: ["source": .string(source.name), "granularity": .string(granularity.rawValue)]))
      try tx.execute(statement("queue_again.sql", PackageResources.queue_again_sql, ["buckets": [buckets[0].start]]))
    }
  }

  /// Replaces what is stored of a window by what its parts come to now: only rows that differ are written.
  private func replace(
    _ window: Bucket, by summary: Fresh.Summary, in step: inout Step, _ tx: borrowing Transaction
  ) throws {
    if let badRows = summary.badRows { step.failures.append(badRows) }
    step.records += summary.records
    let values: [String: any PostgresEncodable] = [
      "window_start": window.start, "window_end": window.end, "is_stored": summary.stored > 0,
    ]
    let insert = try statement("insert_new.sql", PackageResources.insert_new_sql, values)
    guard summary.stored > 0 else {
      step.inserted += try tx.pipeline([insert, "drop table oneshot_rollup_fresh"])[0].affected
      return
    }
    let update = try statement("update_changed.sql", PackageResources.update_changed_sql, values)
    let done = try tx.pipeline([insert, Self.joinsByHash, update] + Self.joinsOfChoice)
    step.inserted += done[0].affected
    step.updated += done[2].affected
    // All that is fresh is stored by now: only where there is more has some of it vanished.
    if summary.stored + done[0].affected > summary.groups {
      step.deleted += try tx.execute(statement("delete_vanished.sql", PackageResources.delete_vanished_sql, values))
    }
    try tx.query("drop table oneshot_rollup_fresh")
  }

  /// Joins what is stored with what is fresh by hashing, whatever the planner thinks of how many there are: sorting four texts a row, to
  /// merge, takes three times as long, and a nested loop over all pairs takes for ever.
  private static let joinsByHash: Statement =
    "select set_config('enable_mergejoin', 'off', true), set_config('enable_nestloop', 'off', true)"

  /// As before: what a source of one's own joins, in the same transaction, is the planner's choice.
  private static let joinsOfChoice: [Statement] = [
    "set local enable_mergejoin to default", "set local enable_nestloop to default",
  ]

  private func statement(
    _ place: String, _ text: [UInt8], _ values: [String: any PostgresEncodable]
  ) throws -> Statement {
    let names: [String: any PostgresEncodable] = ["source": source.name, "granularity": granularity.rawValue]
    return try Statement(file: place, text, binding: values.merging(names, uniquingKeysWith: { $1 })).limited(
      to: fresh.limit)
  }
}

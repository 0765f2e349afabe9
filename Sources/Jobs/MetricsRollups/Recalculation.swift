import JobRuntime
import Postgres

/// Calculates queued buckets of one level of one source: one day of them a step, each step a transaction.
struct Recalculation: Sendable {
  let source: Source
  let granularity: Granularity
  let timezone: String
  /// A moment at which an hour begins.
  let grid: Timestamp
  /// Megabytes of work_mem.
  let workMemory: Int
  let newestFirst: Bool
  let limit: Duration

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
  func step(in range: Bucket, _ session: borrowing Session) throws -> Step? {
    let take = try statement(
      PackageResources.take_sql,
      ["zone": timezone, "newest_first": newestFirst, "from": range.start, "until": range.end])
    let taken = try session.pipeline([
      "select set_config('work_mem', \("\(workMemory)MB"), true), set_config('jit', 'off', true)", take,
    ])[1]
    guard let first = taken.first else { return nil }
    var step = Step(span: Bucket(start: try first.value("span_start"), end: try first.value("span_until")))
    step.buckets = try taken.map { Bucket(start: try $0.value("bucket_start"), end: try $0.value("bucket_end")) }
    for buckets in Self.adjoining(step.buckets) { try replace(buckets, in: &step, session) }
    if step.changed > 0, !granularity.parents.isEmpty {
      try session.execute(
        Statement(
          file: PackageResources.queue_parents_sql,
          binding: [
            "source": source.name, "zone": timezone, "moments": step.buckets.map(\.start),
            "levels": granularity.parents.map(\.rawValue),
          ]))
    }
    return step
  }

  /// Buckets without a gap between them are calculated by one statement.
  static func adjoining(_ buckets: [Bucket]) -> [[Bucket]] {
    var groups: [[Bucket]] = []
    for bucket in buckets {
      if let last = groups.last?.last, last.end == bucket.start {
        groups[groups.count - 1].append(bucket)
      } else {
        groups.append([bucket])
      }
    }
    return groups
  }

  // MARK: Buckets

  /// Replaces buckets; when that fails, one after the other, so that only the one that is to blame fails.
  private func replace(_ buckets: [Bucket], in step: inout Step, _ session: borrowing Session) throws {
    do {
      try replace(Bucket(start: buckets[0].start, end: buckets[buckets.count - 1].end), in: &step, session)
    } catch let failure as SQLFile.Failure {
      guard buckets.count == 1 else {
        for bucket in buckets { try replace([bucket], in: &step, session) }
        return
      }
      step.failures.append(
        ItemFailure(
          item: item(buckets[0]), kind: "bucket_failed", message: failure.description,
          payload: ["source": .string(source.name), "granularity": .string(granularity.rawValue)]))
      try session.execute(
        statement(PackageResources.queue_again_sql, ["buckets": [buckets[0].start]]))
    }
  }

  /// Names a bucket to a person.
  func item(_ bucket: Bucket) -> String { "\(source.name) \(granularity.rawValue) \(bucket.start)" }

  /// Replaces what is stored of a window by what its parts come to now: only rows that differ are written.
  private func replace(_ window: Bucket, in step: inout Step, _ session: borrowing Session) throws {
    let values: [String: any PostgresEncodable] = ["window_start": window.start, "window_end": window.end]
    var summary = try calculate(window, values, day: step.span.start, onlyGood: false, session)
    if summary.hasBadRows {
      step.failures.append(try badRows(window, values, session))
      try session.query("drop table rollup_fresh")
      summary = try calculate(window, values, day: step.span.start, onlyGood: true, session)
    }
    var writes: [Statement] = []
    if summary.isStored {
      writes = [
        try statement(PackageResources.delete_vanished_sql, values),
        try statement(PackageResources.update_changed_sql, values),
      ]
    }
    let all = values.merging(["is_stored": summary.isStored]) { $1 }
    writes.append(try statement(PackageResources.insert_new_sql, all))
    let done = try session.pipeline(writes + ["drop table rollup_fresh"])
    if summary.isStored {
      step.deleted += done[0].affected
      step.updated += done[1].affected
    }
    step.inserted += done[writes.count - 1].affected
    step.records += summary.records
  }

  private struct Summary {
    var records: Int
    var hasBadRows: Bool
    var isStored: Bool
  }

  /// Makes the temporary table `rollup_fresh`: the window as it should be.
  private func calculate(
    _ window: Bucket, _ values: [String: any PostgresEncodable], day: Timestamp, onlyGood: Bool,
    _ session: borrowing Session
  ) throws -> Summary {
    if let child = granularity.child {
      let file = SQLFile(builtIn: "fresh_from_children", PackageResources.fresh_from_children_sql)
      let all = values.merging(
        ["source": source.name, "child": child.rawValue, "bucket_start": window.start], uniquingKeysWith: { $1 })
      try session.attempt(file, binding: all, limit: limit)
    } else {
      // A table made by a query, and not one that is filled: only the former is planned in parallel.
      let file = source.reading(
        text(PackageResources.fresh_from_events_sql), by: "create temporary table rollup_fresh on commit drop as ")
      let all = values.merging(["grid": grid, "day_start": day, "only_good": onlyGood]) { $1 }
      try session.attempt(file, binding: all, limit: limit)
    }
    let row = try session.query(
      statement(
        PackageResources.fresh_summary_sql,
        values.merging(["from_events": granularity.child == nil && !onlyGood], uniquingKeysWith: { $1 }))
    ).only()
    return Summary(
      records: try row.value("records"), hasBadRows: try row.value("has_bad_rows"),
      isStored: try row.value("is_stored"))
  }

  /// Says what is wrong with the rows of a window that are left out.
  private func badRows(
    _ window: Bucket, _ values: [String: any PostgresEncodable], _ session: borrowing Session
  ) throws -> ItemFailure {
    let row = try session.attempt(
      source.reading(text(PackageResources.bad_rows_sql)), binding: values, limit: limit
    ).only()
    let reasons = [
      ("nameless", "without metric or entity"), ("too_long", "with a name longer than 512 bytes"),
      ("without_value", "without value"), ("not_finite", "whose value is no finite number"),
    ]
    let counts = try reasons.map { (count: try row.value($0.0, as: Int.self), what: $0.1) }.filter { $0.count > 0 }
    return ItemFailure(
      item: item(window), kind: "bad_rows",
      message: "rows of \(source.file.place) are left out: "
        + counts.map { "\($0.count) \($0.what)" }.joined(separator: ", "),
      payload: ["rows": .integer(Int64(try row.value("rows", as: Int.self))), "until": .string(window.end.rfc3339)])
  }

  private func statement(_ file: [UInt8], _ values: [String: any PostgresEncodable]) throws -> Statement {
    let names: [String: any PostgresEncodable] = ["source": source.name, "granularity": granularity.rawValue]
    return try Statement(file: file, binding: values.merging(names, uniquingKeysWith: { $1 })).limited(to: limit)
  }
}

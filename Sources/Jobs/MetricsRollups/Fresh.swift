import JobRuntime
import Postgres

/// Calculates a window of one level of one source, into the temporary table `oneshot_rollup_fresh`: as it should be.
struct Fresh: Sendable {
  let source: Source
  let granularity: Granularity
  let limit: Duration

  struct Summary {
    /// Rows that were read: raw events, or buckets of the level below.
    var records: Int
    /// How many rows of rollups come of it, and how many are stored of the window.
    var groups: Int
    var stored: Int
    /// What is wrong with rows that are left out.
    var badRows: ItemFailure?
  }

  /// - Parameter day: where the day begins in which the window lies.
  func calculate(_ window: Bucket, day: Timestamp, _ session: borrowing Session) throws -> Summary {
    try calculate(window, day: day, onlyGood: false, session)
    let (summary, hasBadRows) = try summary(of: window, session)
    guard hasBadRows else { return summary }
    let badRows = try badRows(window, session)
    try session.query("drop table oneshot_rollup_fresh")
    try calculate(window, day: day, onlyGood: true, session)
    var good = try self.summary(of: window, session).summary
    good.badRows = badRows
    return good
  }

  private func calculate(_ window: Bucket, day: Timestamp, onlyGood: Bool, _ session: borrowing Session) throws {
    if let child = granularity.child {
      var file = SQLFile(builtIn: "fresh_from_children", PackageResources.fresh_from_children_sql)
      file.isBlamedForShortage = false
      try session.attempt(
        file,
        binding: values(window).merging(
          ["source": source.name, "child": child.rawValue, "bucket_start": window.start], uniquingKeysWith: { $1 }),
        limit: limit)
    } else {
      if source.isOurTable { try session.query(Self.pageByPage) }
      try session.attempt(
        source.fresh,
        binding: values(window).merging(
          ["day_start": day, "only_good": onlyGood], uniquingKeysWith: { $1 }),
        limit: limit)
    }
  }

  /// Until the transaction ends. The planner thinks that events lie in the order of their times, as most do, and would look up one row
  /// after the other; those that do not make that take twice as long as to sort the pages first, and were all in order, it would be no faster.
  private static let pageByPage: Statement = "select set_config('enable_indexscan', 'off', true)"

  private func summary(
    of window: Bucket, _ session: borrowing Session
  ) throws -> (summary: Summary, hasBadRows: Bool) {
    let row = try session.query(
      Statement(
        file: "fresh_summary.sql", PackageResources.fresh_summary_sql,
        binding: values(window).merging(
          ["source": source.name, "granularity": granularity.rawValue, "from_events": granularity.child == nil],
          uniquingKeysWith: { $1 })
      ).limited(to: limit)
    ).only()
    let summary = Summary(
      records: try row.value("records"), groups: try row.value("groups"), stored: try row.value("stored"))
    return (summary, try row.value("has_bad_rows"))
  }

  /// Says what is wrong with the rows of a window that are left out.
  private func badRows(_ window: Bucket, _ session: borrowing Session) throws -> ItemFailure {
    let row = try session.attempt(
      source.reading(.badRows), binding: values(window), limit: limit
    ).only()
    let reasons = [
      ("nameless", "without metric or entity"), ("too_long", "with a name longer than 512 bytes"),
      ("without_value", "without value"), ("not_finite", "whose value is no finite number"),
    ]
    let counts = try reasons.map { (count: try row.value($0.0, as: Int.self), what: $0.1) }.filter { $0.count > 0 }
    return ItemFailure(
      item: item(window.start), kind: .badRows,
      message: "rows of \(source.file.place) are left out: "
        + counts.map { "\($0.count) \($0.what)" }.joined(separator: ", "),
      payload: ["rows": .integer(Int64(try row.value("rows", as: Int.self))), "until": .string(window.end.rfc3339)])
  }

  /// Names a bucket to a person.
  func item(_ start: Timestamp) -> String { "\(source.name) \(granularity.rawValue) \(start)" }

  private func values(_ window: Bucket) -> [String: any PostgresEncodable] {
    ["window_start": window.start, "window_end": window.end]
  }
}

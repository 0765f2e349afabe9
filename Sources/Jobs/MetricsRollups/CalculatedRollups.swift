import JobRuntime
import Postgres

/// Calculates the correct rollups for stretches of one level of one source, into the temporary table
/// `oneshot_rollup_fresh`.
struct CalculatedRollups: Sendable {
  let source: Source
  let granularity: Granularity
  let limit: Duration

  struct Summary {
    /// Rows that were read: raw events, or buckets of the level below.
    var records: Int
    /// Whether anything is stored of the stretches.
    var hasStored: Bool
    /// Whether there are rows among them that cannot be counted.
    var hasBadRows: Bool
  }

  /// Calculates all of the stretches in one statement.
  ///
  /// With bad rows in it, the result cannot be used.
  func calculate(_ stretches: Stretches, _ session: borrowing Session) throws -> Summary {
    try calculate(stretches, onlyGood: false, session)
    return try summary(of: stretches, session)
  }

  /// Calculates a stretch that has bad rows once more, without them.
  ///
  /// - Returns: what is wrong with the rows that are left out.
  func calculateGood(
    _ stretch: Stretch, _ session: borrowing Session
  ) throws -> (summary: Summary, badRows: ItemFailure) {
    let badRows = try badRows(stretch.time, session)
    try session.query("drop table oneshot_rollup_fresh")
    let stretches = Stretches([stretch])
    try calculate(stretches, onlyGood: true, session)
    return (try summary(of: stretches, session), badRows)
  }

  private func calculate(_ stretches: Stretches, onlyGood: Bool, _ session: borrowing Session) throws {
    var values = stretches.values
    values["exact_visitors"] = Visitors.mostExact
    guard granularity.child == nil else {
      values.merge(names) { $1 }
      if stretches.all.count > 1 { try session.query(Self.withoutPages) }
      try session.attempt(source.freshFromChildren, binding: values, limit: limit)
      return
    }
    values.merge([
      "origins": stretches.all.map(\.origin), "day_start": stretches.all[0].origin, "only_good": onlyGood,
    ]) { $1 }
    if stretches.all.count > 1 {
      try session.query(Self.withoutPages)
    } else if source.isOurTable {
      try session.query(Self.pageByPage)
    }
    try session.attempt(source.fresh(of: stretches.all.count), binding: values, limit: limit)
  }

  /// Reads pages sorted rather than row by row.
  ///
  /// The planner assumes that events are stored in the order of their times, as most are, and would look up one row
  /// after the other.
  ///
  /// The rest make that take twice as long as sorting the pages first. Even if all were in order, it would not be
  /// faster.
  private static let pageByPage: Statement = "select set_config('enable_indexscan', 'off', true)"

  /// Finds the rows of a stretch by an index.
  ///
  /// The planner does not know how short the stretches are, and might read all pages for each.
  static let withoutPages: Statement = "select set_config('enable_seqscan', 'off', true)"

  /// Resets both settings: later plans are the planner's choice.
  static let planOfChoice: [Statement] = [
    "set local enable_indexscan to default", "set local enable_seqscan to default",
  ]

  private func summary(of stretches: Stretches, _ session: borrowing Session) throws -> Summary {
    let statement = try SQLFragment("fresh_summary.sql", PackageResources.fresh_summary_sql)
      .filling(["stored": .stored])
      .binding(stretches.values.merging(names) { $1 }.merging(["from_events": granularity.child == nil]) { $1 })
      .statement()
    let row = try session.pipeline(Self.planOfChoice + [statement.limited(to: limit)])[2].only()
    return Summary(
      records: try row.value("records"), hasStored: try row.value("has_stored"),
      hasBadRows: try row.value("has_bad_rows"))
  }

  /// Describes what is wrong with the rows of a window that are left out.
  private func badRows(_ window: Bucket, _ session: borrowing Session) throws -> ItemFailure {
    let row = try session.attempt(
      source.reading(.badRows), binding: ["window_start": window.start, "window_end": window.end], limit: limit
    ).only()
    let reasons = [
      ("nameless", "without metric or entity"), ("too_long", "with a name longer than 512 bytes"),
      ("without_value", "without value"), ("not_finite", "whose value is not a finite number"),
    ]
    let counts = try reasons.map { (count: try row.value($0.0, as: Int.self), what: $0.1) }.filter { $0.count > 0 }
    return ItemFailure(
      item: item(window.start), kind: .badRows,
      message: "rows of \(source.file.place) are left out: "
        + counts.map { "\($0.count) \($0.what)" }.joined(separator: ", "),
      payload: ["rows": .integer(Int64(try row.value("rows", as: Int.self))), "until": .string(window.end.rfc3339)])
  }

  /// Names a bucket for people.
  func item(_ start: Timestamp) -> String { "\(source.name) \(granularity.rawValue) \(start)" }

  /// The values that name its source and level.
  var names: [String: any PostgresEncodable] {
    ["source": source.name, "granularity": granularity.rawValue, "child": granularity.child?.rawValue]
  }
}

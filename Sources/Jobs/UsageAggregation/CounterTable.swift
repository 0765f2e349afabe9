import JobRuntime
import Postgres

/// Where counters are stored, and how they are staged: a row for each day, or for each hour.
struct CounterTable: Sendable {
  let format: KeyFormat

  var isHourly: Bool { format.time.unit == .hour }
  var name: String { isHourly ? "merchant_usage_hourly" : "merchant_usage" }

  var need: TableNeed {
    TableNeed(
      name,
      columns: ["merchant_id", "usage_date", "metric_type", "value", "first_seen_at", "updated_at"]
        + (isHourly ? ["usage_hour"] : []),
      privileges: [.select, .insert, .update])
  }

  /// The temporary table for what one pass over Redis finds.
  ///
  /// A row is either a counter, or a rejected item as JSON, with its day where it has one. Temporary: it costs no WAL,
  /// and a killed run leaves nothing behind.
  var staging: StagingTable {
    var columns: [StagingTable.Column] = [
      .init("merchant_id", #"text collate "C""#), .init("usage_date", "date"),
      .init("metric_type", #"text collate "C""#), .init("value", "bigint"), .init("rejection", "text"),
    ]
    if isHourly { columns.append(.init("usage_hour", "smallint")) }
    // Three thousand rows are a large enough sample for the planner, and ten times cheaper than the default.
    return StagingTable("staged_counters", columns, statisticsTarget: 10)
  }

  /// One of the job's files, with its holes filled.
  func fragment(_ file: String, _ text: [UInt8], _ inputs: [String: any PostgresEncodable]) -> SQLFragment {
    let sql = String(decoding: text, as: UTF8.self)
    return SQLFragment(file, text, inputs).filling(holes.filter { sql.contains("{\($0.key)}") })
  }

  /// In SQL, hourly counters are daily ones with one more column.
  private var holes: [String: SQLFragment] {
    func ifHourly(_ sql: String) -> SQLFragment { isHourly ? SQLFragment(sql: sql) : .empty }
    return [
      "table": SQLFragment(sql: name), "names_of_keys": namesOfKeys,
      "hour": ifHourly(", usage_hour"), "staged_hour": ifHourly(", s.usage_hour"),
      "hour_or_none": SQLFragment(sql: isHourly ? ", usage_hour" : ", null::smallint"),
      "same_hour": ifHourly(" and t.usage_hour = s.usage_hour"),
      "hour_digest": ifHourly(" # hashint2extended(usage_hour, 2)"),
      "hour_of_letter": ifHourly(" and coalesce(s.usage_hour::text = letter.payload ->> 'usage_hour', true)"),
    ]
  }

  /// A hash is one key for all its fields.
  private var namesOfKeys: SQLFragment {
    switch format.field {
    case .metric?: SQLFragment(sql: "distinct merchant_id, '' as metric_type")
    case .merchant?: SQLFragment(sql: "distinct '' as merchant_id, metric_type")
    default: SQLFragment(sql: "merchant_id, metric_type")
    }
  }
}

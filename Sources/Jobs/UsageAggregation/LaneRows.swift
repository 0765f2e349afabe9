import JobRuntime
import Postgres
import Redis

/// Rows of `staged_counters` for Postgres, by the lane that writes them.
///
/// A counter's lane depends on its name, so duplicates that SCAN returns end up in one table.
struct LaneRows: Sendable {
  private(set) var lanes: [CopyRows]
  private let table: CounterTable
  private let columns: Int

  /// How many bytes of rows are sent on at once, for all lanes together.
  static let chunk = 1024 * 1024

  /// - Parameters:
  ///   - count: how many lanes there are.
  ///   - room: bytes to reserve; by default a chunk.
  init(of table: CounterTable, lanes count: Int, room: Int = chunk) {
    self.table = table
    columns = table.staging.columns.count
    lanes = (0..<count).map { _ in CopyRows(capacity: room / count + 4096) }
  }

  /// How many bytes the rows take so far.
  var size: Int { lanes.reduce(0) { $0 + $1.size } }

  mutating func append(_ key: CounterKey, _ number: Int64) {
    lanes[lane(of: key)].append(key, number, columns: columns, isHourly: table.isHourly)
  }

  /// Adds a rejected item; all of them go to the first lane.
  mutating func append(rejection: JSON, of day: CalendarDay?) {
    lanes[0].append(rejection, of: day, columns: columns, isHourly: table.isHourly)
  }

  /// Adds the rows of another piece, lane by lane.
  mutating func append(_ rows: LaneRows) {
    for lane in lanes.indices { lanes[lane].append(rows.lanes[lane]) }
  }

  /// Takes the rows out.
  mutating func removeAll() -> [CopyRows] {
    let rows = lanes
    self = LaneRows(of: table, lanes: lanes.count)
    return rows
  }

  private func lane(of key: CounterKey) -> Int {
    guard lanes.count > 1 else { return 0 }
    // Not by the merchant alone, so that a merchant with most of the counters is divided, too. The last bytes hardly
    // affect the upper bits of FNV-1a, and shards use the lowest bits, so the digest is multiplied once more (Knuth's
    // multiplicative hashing).
    let digest = FNV1a.digest(key.metric, after: FNV1a.digest(key.merchant)) &* 0x9E37_79B9_7F4A_7C15
    return Int((digest >> 32) % UInt64(lanes.count))
  }
}

extension CopyRows {
  fileprivate mutating func append(_ key: CounterKey, _ number: Int64, columns: Int, isHourly: Bool) {
    beginRow(columns: columns)
    append(text: key.merchant)
    append(dateSince2000: key.day.daysSince2000)
    append(text: key.metric)
    append(bigint: number)
    appendNull()
    if isHourly { append(smallint: Int16(key.hour ?? 0)) }
  }

  fileprivate mutating func append(_ rejection: JSON, of day: CalendarDay?, columns: Int, isHourly: Bool) {
    beginRow(columns: columns)
    appendNull()
    if let day { append(dateSince2000: day.daysSince2000) } else { appendNull() }
    appendNull()
    appendNull()
    append(text: rejection.text)
    if isHourly { appendNull() }
  }
}

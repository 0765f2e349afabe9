import JobRuntime
import Postgres
import Redis

/// What one pass over the keyspace counted.
struct ScanReport: Sendable {
  /// Keys with the prefix that SCAN returned.
  var scanned = 0
  /// Counters of the run: of its days, its merchant, its shard.
  var matched = 0
  /// Keys that USAGE_IGNORE leaves out.
  var ignored = 0
  /// Counters that were gone when their value was read.
  var vanished = 0
  /// Keys and values that are no counters.
  var rejected = 0
  /// Counters without a time to live, out of the first `ttlSample` ones.
  var keysWithoutTTL = 0

  static let ttlSample = 1000

  mutating func add(_ other: ScanReport) {
    scanned += other.scanned
    matched += other.matched
    ignored += other.ignored
    vanished += other.vanished
    rejected += other.rejected
    keysWithoutTTL += other.keysWithoutTTL
  }
}

/// What keys and values come to: counters and rejected items, as rows of `staged_counters`.
struct CounterRows: Sendable {
  private let selection: CounterSelection
  var report = ScanReport()
  var rows: CopyRows
  /// Keys that are to be looked at one by one (`look`): `MGET` had no string for them, or was not tried.
  var unread: [[UInt8]] = []
  /// Whether a value was found that is too long for a counter. Where there is one there are more.
  var hasLongValues = false

  /// What one pass over Redis found. A row is either a counter, or an item that was rejected, as JSON, with its day where
  /// it has one. Temporary: it costs no WAL, and a killed run leaves nothing behind.
  static let table = StagingTable(
    "staged_counters",
    [
      .init("merchant_id", #"text collate "C""#), .init("usage_date", "date"),
      .init("metric_type", #"text collate "C""#), .init("value", "bigint"), .init("rejection", "text"),
    ],
    // Three thousand rows are sample enough to plan by, and ten times cheaper to look at than the default.
    statisticsTarget: 10)

  init(of selection: CounterSelection, room: Int) {
    (self.selection, rows) = (selection, CopyRows(capacity: room))
  }

  mutating func take(_ key: CounterKey, _ value: RedisValue, of name: LentBytes) throws {
    switch value {
    // To GETRANGE a key that is gone is an empty one.
    case .bytes(let bytes) where !bytes.isEmpty: bytes.withUnsafeBytes { take(key, $0, of: name) }
    case .error(let code, let message) where code != "WRONGTYPE": throw RedisError.server(code: code, message: message)
    default: take(key, nil, of: name)
    }
  }

  mutating func take(_ key: CounterKey, _ value: LentBytes?, of name: LentBytes) {
    guard let value else {
      // Gone, or of another type; MGET does not say which.
      unread.append([UInt8](name))
      return
    }
    if value.count >= CounterValue.longest { hasLongValues = true }
    switch CounterValue.parse(value) {
    case .success(let number):
      rows.beginRow(columns: Self.table.columns.count)
      rows.append(text: key.merchant)
      rows.append(dateSince2000: key.day.daysSince2000)
      rows.append(text: key.metric)
      rows.append(bigint: number)
      rows.appendNull()
    case .failure(let problem):
      let shown = ItemName.shown(LentBytes(rebasing: value.prefix(100)))
      reject(name, problem.rawValue, problem.message, key, value: shown)
    }
  }

  /// What is asked of a key that is looked at by itself. No more of its value is fetched than a counter may have.
  static func look(at key: [UInt8]) -> [RedisCommand] {
    [
      RedisCommand("GETRANGE", bytes: [key, Array("0".utf8), Array("\(CounterValue.lastByte)".utf8)]),
      RedisCommand("TYPE", bytes: [key]),
    ]
  }

  /// Takes what `GETRANGE` and `TYPE` say of a counter.
  mutating func take(_ name: [UInt8], value: RedisValue, type: RedisValue) throws {
    try name.withUnsafeBytes { name in
      guard case .success(let key) = selection.format.parse(name) else { return }
      switch value {
      // To GETRANGE a key that is gone is an empty one.
      case .bytes([]) where type == .status("none"): report.vanished += 1
      case .bytes(let bytes): bytes.withUnsafeBytes { take(key, $0, of: name) }
      case .error(let code, let message) where code != "WRONGTYPE":
        throw RedisError.server(code: code, message: message)
      default:
        let message = "the key is a \(type.text ?? "value of another type"), not a string counter; rename or delete it"
        reject(name, UsageAggregation.wrongType, message, key)
      }
    }
  }

  /// Takes what `GETRANGE` and `TYPE` say of any key, whether it names a counter or not.
  mutating func look(at name: [UInt8], value: RedisValue, type: RedisValue) throws {
    if case .error(let code, let message) = type { throw RedisError.server(code: code, message: message) }
    let problem = name.withUnsafeBytes { name -> CounterKey.Problem? in
      if case .failure(let problem) = selection.format.parse(name) { problem } else { nil }
    }
    guard let problem else { return try take(name, value: value, type: type) }
    if type == .status("none") {
      report.vanished += 1
    } else {
      name.withUnsafeBytes { reject($0, problem) }
    }
  }

  /// Hands over a key that names no counter.
  mutating func reject(_ name: LentBytes, _ problem: CounterKey.Problem) {
    reject(name, problem.rawValue, problem.message(of: selection.format))
  }

  /// Hands over a rejected item as JSON, as `rejectStaged` reads it back.
  mutating func reject(
    _ name: LentBytes, _ kind: String, _ message: String, _ key: CounterKey? = nil, value: String? = nil
  ) {
    var payload: [(String, JSON)] = [("key_prefix", .string(selection.format.name))]
    if let key {
      payload += [
        ("merchant_id", .string(String(decoding: key.merchant, as: UTF8.self))),
        ("usage_date", .string(key.day.description)),
        ("metric_type", .string(String(decoding: key.metric, as: UTF8.self))),
      ]
    }
    if let value { payload.append(("value", .string(value))) }
    let rejection: JSON = [
      "item": .string(ItemName.shown(name)), "kind": .string(kind), "message": .string(message),
      "payload": JSON(members: payload),
    ]
    report.rejected += 1
    rows.beginRow(columns: Self.table.columns.count)
    rows.appendNull()
    if let key { rows.append(dateSince2000: key.day.daysSince2000) } else { rows.appendNull() }
    rows.appendNull()
    rows.appendNull()
    rows.append(text: rejection.text)
  }
}

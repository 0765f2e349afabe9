import JobRuntime
import Postgres
import Redis

/// The counts of one pass over the keyspace.
struct ScanReport: Sendable {
  /// Keys with the prefix that SCAN returned.
  var scanned = 0
  /// Counters of the run: of its days, its merchant, its shard.
  var matched = 0
  /// Keys that USAGE_IGNORE leaves out.
  var ignored = 0
  /// Counters that were gone when their value was read.
  var vanished = 0
  /// Keys and values that are not counters.
  var rejected = 0
  /// Counters without a time to live, out of the first `ttlSample` ones.
  var keysWithoutTTL = 0

  /// The days for which counters or rejected items were found.
  var days: DaySet

  static let ttlSample = 1000

  /// - Parameter days: the days to look for.
  init(of days: DaySet) { self.days = days.emptied }

  mutating func add(_ other: ScanReport) {
    scanned += other.scanned
    matched += other.matched
    ignored += other.ignored
    vanished += other.vanished
    rejected += other.rejected
    keysWithoutTTL += other.keysWithoutTTL
    days.formUnion(other.days)
  }
}

/// Counters and rejected items, made from keys and values, as rows of `staged_counters`.
struct CounterRows: Sendable {
  let selection: CounterSelection
  var report: ScanReport
  var rows: LaneRows
  /// Keys to be read one by one (`look`): `MGET` had no string for them, or was not tried.
  var unread: [[UInt8]] = []
  /// How many values were found that are too long for counters.
  var longValues = 0

  init(of selection: CounterSelection, rows: LaneRows) {
    (self.selection, self.rows) = (selection, rows)
    report = ScanReport(of: selection.days)
  }

  /// Parses a key.
  ///
  /// - Returns: `nil` for a key that is not the run's, and for one that is not a counter's, which is rejected.
  mutating func counter(named name: LentBytes) -> CounterKey? {
    if selection.isIgnored(name) {
      report.ignored += 1
      return nil
    }
    switch selection.format.parse(name) {
    case .success(let key): return selection.contains(key) ? key : nil
    case .failure(let problem):
      if selection.isResponsible(for: name) { reject(name, problem) }
      return nil
    }
  }

  mutating func take(_ key: CounterKey, _ value: RedisValue, of name: LentBytes) throws {
    switch value {
    // GETRANGE reads a missing key as an empty one.
    case .bytes(let bytes) where !bytes.isEmpty: bytes.withUnsafeBytes { take(key, $0, of: name) }
    case .error(let code, let message) where code != "WRONGTYPE": throw RedisError.server(code: code, message: message)
    default: take(key, nil, of: name)
    }
  }

  mutating func take(_ key: CounterKey, _ value: LentBytes?, of name: LentBytes) {
    guard let value else {
      // The key is gone, or of another type; MGET does not say which.
      unread.append([UInt8](name))
      return
    }
    take(key, value, of: name, field: nil)
  }

  /// Takes a value that was read.
  mutating func take(_ key: CounterKey, _ value: LentBytes, of name: LentBytes, field: LentBytes?) {
    if value.count >= CounterValue.longest { longValues += 1 }
    switch CounterValue.parse(value) {
    case .success(let number):
      report.days.insert(key.day)
      rows.append(key, number)
    case .failure(let problem):
      let shown = ItemName.shown(LentBytes(rebasing: value.prefix(100)))
      reject(name, field: field, problem.rawValue, problem.message, key, value: shown)
    }
  }

  /// The commands that read a single key.
  ///
  /// No more of its value is fetched than a counter may have.
  ///
  /// GETRANGE reads a missing key as an empty one, so the type is read before and after it.
  static func questions(about key: [UInt8]) -> [RedisRead] {
    [
      RedisRead(.type, bytes: [key]),
      RedisRead(.getrange, bytes: [key, Array("0".utf8), Array("\(CounterValue.lastByte)".utf8)]),
      RedisRead(.type, bytes: [key]),
    ]
  }

  /// The type of a key from both answers; none for a key that was deleted or created between them.
  static func type(_ before: RedisValue, _ after: RedisValue) -> RedisValue {
    before == after ? after : .status("none")
  }

  /// Takes the answers to `GETRANGE` and `TYPE` for a counter.
  mutating func take(_ name: [UInt8], value: RedisValue, type: RedisValue) throws {
    try name.withUnsafeBytes { name in
      guard case .success(let key) = selection.format.parse(name) else { return }
      switch value {
      case .bytes(let bytes) where !bytes.isEmpty: bytes.withUnsafeBytes { take(key, $0, of: name) }
      case .error(let code, let message) where code != "WRONGTYPE":
        throw RedisError.server(code: code, message: message)
      case _ where type == .status("none"): report.vanished += 1
      case .bytes(let bytes): bytes.withUnsafeBytes { take(key, $0, of: name) }
      case _ where selection.format.field != nil: rejectNoHash(name, key)
      default:
        let message = "the key is a \(type.text ?? "value of another type"), not a string counter; rename or delete it"
        reject(name, UsageAggregation.wrongType, message, key)
      }
    }
  }

  /// Takes the answers to `GETRANGE` and `TYPE` for any key, whether it is a counter's or not.
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

  /// Rejects a key that is not a counter's.
  mutating func reject(_ name: LentBytes, _ problem: CounterKey.Problem) {
    reject(name, problem.rawValue, problem.message(of: selection.format))
  }

  /// Stages a rejected item as JSON, which `rejectStaged` reads back.
  ///
  /// - Parameter field: the field, where the counter is one of a hash.
  mutating func reject(
    _ name: LentBytes, field: LentBytes? = nil, _ kind: String, _ message: String, _ key: CounterKey? = nil,
    value: String? = nil
  ) {
    var payload: [(String, JSON)] = [("key_prefix", .string(selection.source))]
    if let key {
      payload += [
        ("merchant_id", .string(String(decoding: key.merchant, as: UTF8.self))),
        ("usage_date", .string(key.day.description)),
        ("metric_type", .string(String(decoding: key.metric, as: UTF8.self))),
      ]
      if let hour = key.hour { payload.append(("usage_hour", .integer(Int64(hour)))) }
    }
    if let value { payload.append(("value", .string(value))) }
    let rejection: JSON = [
      "item": .string(ItemName.shown(name) + (field.map { ItemName.beforeField + ItemName.shown($0) } ?? "")),
      "kind": .string(kind), "message": .string(message),
      "payload": JSON(members: payload),
    ]
    report.rejected += 1
    if let key { report.days.insert(key.day) }
    rows.append(rejection: rejection, of: key?.day)
  }
}

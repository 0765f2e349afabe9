import BlockingIO
import JobRuntime
import Postgres
import Redis

/// What one pass over the keyspace counted.
struct ScanReport: Sendable {
  /// Keys with the prefix that SCAN returned.
  var scanned = 0
  /// Counters of the run: of its days, its merchant, its shard.
  var matched = 0
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
    vanished += other.vanished
    rejected += other.rejected
    keysWithoutTTL += other.keysWithoutTTL
  }
}

/// One pass over the keyspace: `SCAN` and `MGET`, a page ahead of itself.
///
/// The next page is asked for before the keys of this one are even looked at, and the values of this one
/// before the next page is. So Redis always has work, and so have this thread and Postgres beside it.
struct CounterScan {
  private let selection: CounterSelection
  private let handoff: Handoff<CopyRows>
  private let log: Log
  /// How many counters are asked for their time to live.
  private let sample: Int
  /// A primary of a cluster refuses `MGET` over several slots.
  private let keyByKey: Bool
  private(set) var report = ScanReport()
  private var rows = CopyRows(capacity: Self.room)
  /// Keys for which `MGET` had no string: looked at once more with the next page.
  private var unread: [[UInt8]] = []

  /// Keys a page: large enough for few round trips, small enough that no other client of Redis waits
  /// longer than a millisecond. Of 200 to 10,000 tried, 500 and 1000 were the fastest.
  private static let page = 1000
  /// How many bytes of rows are handed over at once.
  private static let chunk = 1024 * 1024
  private static let room = chunk + 4096

  static let columns = ["merchant_id", "usage_date", "metric_type", "value", "rejection"]

  init(
    _ selection: CounterSelection, into handoff: Handoff<CopyRows>, log: Log, sample: Int, keyByKey: Bool
  ) {
    self.sample = sample
    self.keyByKey = keyByKey
    self.selection = selection
    self.handoff = handoff
    self.log = log
  }

  /// Reads all counters of the run and hands them over as rows of `staged_counters`.
  mutating func run(_ session: inout RedisSession) throws {
    let total = try session.command(RedisCommand("DBSIZE")).integer.map { Int($0) }
    try session.sendScan(cursor: "0", match: selection.pattern, count: Self.page)
    var waiting: ScanPage? = try nextPage(&session)
    while let page = waiting.take() {
      let asked = try ask(for: page, &session)
      if page.cursor != "0" { waiting = try nextPage(&session) }
      try take(asked, from: page, &session)
      if rows.size >= Self.chunk { try handOver() }
      log.debug("scanned a page", ["keys": .integer(Int64(page.count)), "in_all": .integer(Int64(report.scanned))])
      log.progress("scanned", report.scanned, of: total)
    }
    let missed = try askAgain(&session)
    for key in missed { try takeSecondLook(at: key, &session) }
    if rows.count > 0 { try handOver() }
  }

  /// Takes the page that was asked for, and asks for the one after it.
  private func nextPage(_ session: inout RedisSession) throws -> ScanPage {
    let page = try session.receiveScanPage()
    if page.cursor != "0" {
      try session.sendScan(cursor: page.cursor, match: selection.pattern, count: Self.page)
      try session.flush()
    }
    return page
  }

  /// What has been asked of one page's keys, in the order of the answers.
  private struct Asked {
    /// Keys of earlier pages that are looked at once more.
    var missed: [[UInt8]] = []
    /// The page's counters, lent from it, and how they read.
    var names: [LentBytes] = []
    var keys: [CounterKey] = []
    /// How many of them were asked for their time to live.
    var sampled = 0
  }

  /// Asks for the values of a page's counters.
  private mutating func ask(for page: borrowing ScanPage, _ session: inout RedisSession) throws -> Asked {
    var asked = Asked()
    for index in 0..<page.count {
      guard let name = page.key(at: index) else { continue }
      switch CounterKey.parse(name, prefix: selection.prefix.count) {
      case .success(let key) where selection.contains(key):
        asked.names.append(name)
        asked.keys.append(key)
      case .success: break
      case .failure(let problem) where selection.isResponsible(for: name):
        reject(name, problem.rawValue, problem.message)
      case .failure: break
      }
    }
    asked.sampled = min(asked.names.count, max(0, sample - report.matched))
    report.scanned += page.count
    report.matched += asked.names.count

    asked.missed = try askAgain(&session)
    if keyByKey {
      for name in asked.names { try session.send("GET", lent: [name]) }
    } else if !asked.names.isEmpty {
      try session.send("MGET", lent: asked.names)
    }
    for name in asked.names.prefix(asked.sampled) { try session.send("TTL", lent: [name]) }
    try session.flush()
    return asked
  }

  /// Takes the answers. The page is borrowed because the names are lent from it.
  private mutating func take(
    _ asked: Asked, from page: borrowing ScanPage, _ session: inout RedisSession
  ) throws {
    for name in asked.missed { try takeSecondLook(at: name, &session) }
    if keyByKey {
      for index in asked.names.indices { try take(asked.keys[index], session.receiveValue(), of: asked.names[index]) }
    } else if !asked.names.isEmpty {
      let values = try session.receive()
      for index in asked.names.indices { take(asked.keys[index], values.string(at: index), of: asked.names[index]) }
    }
    for _ in 0..<asked.sampled where try session.receive().value.integer == -1 { report.keysWithoutTTL += 1 }
  }

  private mutating func handOver() throws {
    try handoff.send(rows)
    rows = CopyRows(capacity: Self.room)
  }

  // MARK: Values

  private mutating func take(_ key: CounterKey, _ value: RedisValue, of name: LentBytes) throws {
    switch value {
    case .bytes(let bytes): bytes.withUnsafeBytes { take(key, $0, of: name) }
    case .error(let code, let message) where code != "WRONGTYPE": throw RedisError.server(code: code, message: message)
    default: take(key, nil, of: name)
    }
  }

  private mutating func take(_ key: CounterKey, _ value: LentBytes?, of name: LentBytes) {
    guard let value else {
      // Gone, or of another type; MGET does not say which.
      unread.append([UInt8](name))
      return
    }
    switch CounterValue.parse(value) {
    case .success(let number):
      rows.beginRow(columns: Self.columns.count)
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

  /// Sends for what the last page left unread.
  private mutating func askAgain(_ session: inout RedisSession) throws -> [[UInt8]] {
    for key in unread {
      try session.send(RedisCommand("GET", bytes: [key]))
      try session.send(RedisCommand("TYPE", bytes: [key]))
    }
    defer { unread = [] }
    return unread
  }

  /// What `MGET` had no string for: gone by now, of another type, or back again.
  private mutating func takeSecondLook(at name: [UInt8], _ session: inout RedisSession) throws {
    let value = try session.receiveValue()
    let type = try session.receiveValue()
    try name.withUnsafeBytes { name in
      guard case .success(let key) = CounterKey.parse(name, prefix: selection.prefix.count) else { return }
      switch value {
      case .bytes(let bytes): bytes.withUnsafeBytes { take(key, $0, of: name) }
      case .null: report.vanished += 1
      case .error(let code, let message) where code != "WRONGTYPE":
        throw RedisError.server(code: code, message: message)
      default:
        let message = "the key is a \(type.text ?? "value of another type"), not a string counter; rename or delete it"
        reject(name, "wrong_type", message, key)
      }
    }
  }

  /// Hands over a rejected item as JSON, as `rejectStaged` reads it back.
  private mutating func reject(
    _ name: LentBytes, _ kind: String, _ message: String, _ key: CounterKey? = nil, value: String? = nil
  ) {
    var payload: [(String, JSON)] = [("key_prefix", .string(selection.prefixText))]
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
    rows.beginRow(columns: Self.columns.count)
    rows.appendNull()
    if let key { rows.append(dateSince2000: key.day.daysSince2000) } else { rows.appendNull() }
    rows.appendNull()
    rows.appendNull()
    rows.append(text: rejection.text)
  }
}

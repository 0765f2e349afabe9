import JobRuntime
import Redis

/// One pass over the keyspace where counters are fields of hashes: `SCAN`, and `HSCAN` of each hash.
///
/// A round trip requests fields of all open hashes, and the next page of keys.
struct HashScan: KeyspaceScan {
  private let selection: CounterSelection
  private let lanes: CounterLanes
  private let log: Log
  /// For how many keys the time to live is read.
  private var sample: Int
  private var found: CounterRows

  /// A hash that is not read to its end.
  private struct Open: Sendable {
    var key: [UInt8]
    /// The cursor of its next page.
    var cursor = "0"
  }

  /// Where the next page of keys starts; `nil` after the last.
  private var cursor: String?
  private var open: [Open] = []
  /// Hashes with an answer that was too large.
  private var large: [Open] = []

  /// Whether the server cuts long names: a page of them was too large.
  private var cutsNames = false

  private static let page = 1000
  /// How many hashes are read at once.
  private static let hashes = 50
  /// How many fields a page of a hash has.
  ///
  /// A small hash comes as a whole.
  private static let fields = 1000
  /// The most bytes that a page of fields may have.
  private static let mostBytes = 1024 * 1024

  init(_ selection: CounterSelection, into lanes: CounterLanes, log: Log, sample: Int) {
    (self.selection, self.lanes, self.log, self.sample) = (selection, lanes, log, sample)
    found = CounterRows(of: selection, rows: lanes.emptyRows())
    cursor = selection.reading.share.firstCursor
  }

  var report: ScanReport { found.report }
  private(set) var isDone = false

  func goingOn(_ session: inout RedisSession) throws -> HashScan {
    var scan = self
    try scan.run(&session)
    return scan
  }

  private mutating func run(_ session: inout RedisSession) throws {
    while let hash = large.popLast() {
      do { try readCutShort(hash, &session) } catch RedisError.tooLarge {
        found.rejectTooLarge(hash.key, "names of fields that take more memory than they may")
        return
      }
    }
    while cursor != nil || !open.isEmpty {
      guard try readRound(&session) else { return }
      log.debug("scanned a page", ["in_all": .integer(Int64(report.scanned))])
    }
    try lanes.end(with: found.rows)
    isDone = true
  }

  /// - Returns: whether the connection can be used further.
  private mutating func readRound(_ session: inout RedisSession) throws -> Bool {
    let asked = Array(open.prefix(Self.hashes))
    open.removeFirst(asked.count)
    // No more keys than can be read soon.
    let next = open.count < Self.hashes ? cursor : nil
    for hash in asked {
      try session.send(
        RedisRead(
          .hscan, bytes: [hash.key, Array(hash.cursor.utf8), Array("COUNT".utf8), Array("\(Self.fields)".utf8)]))
    }
    let sampled = asked.filter { $0.cursor == "0" }.prefix(sample)
    for hash in sampled { try session.send(RedisRead(.ttl, bytes: [hash.key])) }
    if let next, cutsNames {
      try session.sendScan(
        cursor: next, match: selection.pattern, count: Self.page, cuttingNamesAt: ItemName.longestRead)
    } else if let next {
      try session.sendScan(cursor: next, match: selection.pattern, count: Self.page)
    }
    for (index, hash) in asked.enumerated() {
      do {
        try receiveFields(of: hash, &session)
        try lanes.send(&found.rows)
      } catch RedisError.tooLarge {
        large = [hash]
        open = asked[(index + 1)...] + open
        return false
      }
    }
    sample -= sampled.count
    for _ in sampled where try session.receive().value.integer == -1 { found.report.keysWithoutTTL += 1 }
    guard next != nil else { return true }
    do { try receiveKeys(&session) } catch RedisError.tooLarge where !cutsNames {
      cutsNames = true
      log.warning("Redis has a key whose name is larger than an answer may be; long names are read cut")
      return false
    }
    return true
  }

  private mutating func receiveKeys(_ session: inout RedisSession) throws {
    let page = try session.receiveScanPage()
    cursor = try selection.cursor(after: page, askedWith: cursor)
    found.report.scanned += page.count
    for index in 0..<page.count {
      guard let name = page.key(at: index), found.counter(named: name) != nil else { continue }
      open.append(Open(key: [UInt8](name)))
    }
  }

  private mutating func receiveFields(of hash: Open, _ session: inout RedisSession) throws {
    if let page = try Self.receivePage(&session) {
      take(page, of: hash)
    } else {
      hash.key.withUnsafeBytes { name in
        guard case .success(let key) = selection.format.parse(name) else { return }
        found.rejectNoHash(name, key)
      }
    }
  }

  /// - Returns: `nil` for a key that is not a hash.
  private static func receivePage(_ session: inout RedisSession) throws(RedisError) -> ScanPage? {
    do throws(RedisError) {
      return try session.receiveScanPage(atMost: mostBytes)
    } catch {
      guard case .server("WRONGTYPE", _) = error else { throw error }
      return nil
    }
  }

  private mutating func take(_ page: borrowing ScanPage, of hash: Open) {
    hash.key.withUnsafeBytes { name in
      guard case .success(let key) = selection.format.parse(name) else { return }
      for index in stride(from: 0, to: page.count - 1, by: 2) {
        guard let field = page.key(at: index), let value = page.key(at: index + 1) else { continue }
        found.take(field, value, of: name, key)
      }
    }
    if page.count == 0, page.cursor == "0", hash.cursor == "0" { found.report.vanished += 1 }
    if page.cursor != "0" { open.append(Open(key: hash.key, cursor: page.cursor)) }
  }

  private mutating func readCutShort(_ hash: Open, _ session: inout RedisSession) throws {
    let lanes = lanes
    try found.readCutShort(hash.key, &session) { try lanes.send(&$0.rows) }
  }
}

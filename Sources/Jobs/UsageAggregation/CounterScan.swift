import BlockingIO
import JobRuntime
import Postgres
import Redis

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
  private var found: CounterRows

  /// Keys a page: large enough for few round trips, small enough that no other client of Redis waits
  /// longer than a millisecond. Of 200 to 10,000 tried, 500 and 1000 were the fastest.
  private static let page = 1000
  /// How many bytes of rows are handed over at once.
  private static let chunk = 1024 * 1024
  private static let room = chunk + 4096

  var report: ScanReport { found.report }

  init(
    _ selection: CounterSelection, into handoff: Handoff<CopyRows>, log: Log, sample: Int, keyByKey: Bool
  ) {
    self.sample = sample
    self.keyByKey = keyByKey
    self.selection = selection
    found = CounterRows(of: selection, room: Self.room)
    self.handoff = handoff
    self.log = log
  }

  /// Reads all counters of the run and hands them over as rows of `staged_counters`.
  mutating func run(_ session: inout RedisSession) throws {
    // It only says how far the reading is, so a server may refuse it.
    let total = try session.pipeline([RedisCommand("DBSIZE")])[0].integer.map { Int($0) }
    try session.sendScan(cursor: "0", match: selection.pattern, count: Self.page)
    var waiting: ScanPage? = try nextPage(&session)
    while let page = waiting.take() {
      let asked = try ask(for: page, &session)
      if page.cursor != "0" { waiting = try nextPage(&session) }
      try take(asked, from: page, &session)
      if found.rows.size >= Self.chunk { try handOver() }
      log.debug("scanned a page", ["keys": .integer(Int64(page.count)), "in_all": .integer(Int64(report.scanned))])
      log.progress("scanned", report.scanned, of: total)
    }
    let missed = try askAgain(&session)
    for key in missed { try takeSecondLook(at: key, &session) }
    if found.rows.count > 0 { try handOver() }
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
        found.reject(name, problem.rawValue, problem.message)
      case .failure: break
      }
    }
    asked.sampled = min(asked.names.count, max(0, sample - report.matched))
    found.report.scanned += page.count
    found.report.matched += asked.names.count

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
      for index in asked.names.indices {
        try found.take(asked.keys[index], session.receiveValue(), of: asked.names[index])
      }
    } else if !asked.names.isEmpty {
      let values = try session.receive()
      for index in asked.names.indices {
        found.take(asked.keys[index], values.string(at: index), of: asked.names[index])
      }
    }
    for _ in 0..<asked.sampled where try session.receive().value.integer == -1 { found.report.keysWithoutTTL += 1 }
  }

  private mutating func handOver() throws {
    try handoff.send(found.rows)
    found.rows = CopyRows(capacity: Self.room)
  }

  /// Sends for what the last page left unread.
  private mutating func askAgain(_ session: inout RedisSession) throws -> [[UInt8]] {
    for key in found.unread {
      try session.send(RedisCommand("GET", bytes: [key]))
      try session.send(RedisCommand("TYPE", bytes: [key]))
    }
    defer { found.unread = [] }
    return found.unread
  }

  /// What `MGET` had no string for: gone by now, of another type, or back again.
  private mutating func takeSecondLook(at name: [UInt8], _ session: inout RedisSession) throws {
    try found.take(name, value: session.receiveValue(), type: session.receiveValue())
  }
}

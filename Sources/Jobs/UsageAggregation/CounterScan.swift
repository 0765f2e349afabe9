import JobRuntime
import Redis

/// One pass over the keyspace: `SCAN` and `MGET`, a page ahead of itself.
///
/// The next page is requested before the keys of this one are processed, and the values of this page before those of
/// the next one. So Redis always has work, and so have this thread and Postgres at the same time.
///
/// `MGET` is the cheapest command by far, and the only one that does not limit a value's size. So it is used where
/// values are as short as counters: only after a first page was read key by key, and, after an answer was too large,
/// only once some pages had no large value.
struct CounterScan: KeyspaceScan {
  private let selection: CounterSelection
  private let lanes: CounterLanes
  private let log: Log
  /// For how many counters the time to live is read.
  private let sample: Int
  /// A primary of a cluster refuses `MGET` over several slots.
  private let keyByKey: Bool
  private var found: CounterRows

  /// Keys a page: large enough for few round trips, small enough that no other client of Redis waits longer than a
  /// millisecond.
  ///
  /// Of 200 to 10,000 tried, 500 and 1000 were the fastest.
  private static let page = 1000
  /// The most bytes that a page's values may have: forty times what counters take.
  private static let mostBytes = 1024 * 1024

  /// How many pages without a large value have to come first.
  ///
  /// The content of a page is known two pages later.
  private static let carefulPages = 4

  /// Where the next page starts; `nil` after the last.
  private var cursor: String?

  /// Whether the server cuts long names: a page of them was too large.
  private var cutsNames = false

  /// How many more pages are read key by key, if they have no large value: an answer was too large.
  private var carefulPages = 0
  /// How many large values were known when they began.
  private var knownLongValues = 0

  var report: ScanReport { found.report }

  private(set) var isDone = false

  init(
    _ selection: CounterSelection, into lanes: CounterLanes, log: Log, sample: Int, keyByKey: Bool
  ) {
    self.sample = sample
    self.keyByKey = keyByKey
    self.selection = selection
    found = CounterRows(of: selection, rows: lanes.emptyRows())
    self.lanes = lanes
    cursor = selection.reading.share.firstCursor
    self.log = log
  }

  func goingOn(_ session: inout RedisSession) throws -> CounterScan {
    var scan = self
    try scan.run(&session)
    return scan
  }

  private mutating func run(_ session: inout RedisSession) throws {
    // Only for the display of progress, so the server may refuse it.
    let total = try session.pipeline([RedisRead(.dbsize)])[0].integer.map { Int($0) }
    var waiting: ScanPage?
    if let cursor {
      try request(pageAt: cursor, &session)
      guard try receivePage(&session, into: &waiting) else { return }
    }
    while let page = waiting.take() {
      let request = try self.request(valuesOf: page, &session)
      cursor = try selection.cursor(after: page, askedWith: cursor)
      if cursor != nil, try !receivePage(&session, into: &waiting) {
        if request.isRead { postpone(request, of: page) }
        found.unread += request.missed
        return
      }
      do {
        try take(request, from: page, &session)
      } catch RedisError.tooLarge {
        carefulPages = Self.carefulPages
        postpone(request, of: page)
        return
      }
      try lanes.send(&found.rows)
      log.debug("scanned a page", ["keys": .integer(Int64(page.count)), "in_all": .integer(Int64(report.scanned))])
      log.progress("scanned", report.scanned, of: total)
    }
    let missed = try requestUnread(&session)
    for key in missed { try takeSecondLook(at: key, &session) }
    try lanes.end(with: found.rows)
    isDone = true
  }

  private func request(pageAt cursor: String, _ session: inout RedisSession) throws {
    if cutsNames {
      try session.sendScan(
        cursor: cursor, match: selection.pattern, count: Self.page, cuttingNamesAt: ItemName.longestRead)
    } else {
      try session.sendScan(cursor: cursor, match: selection.pattern, count: Self.page)
    }
  }

  /// Takes the requested page, and requests the one after it.
  ///
  /// - Returns: whether there is one. If not, its names took too much memory, and the connection is lost with them.
  private mutating func receivePage(_ session: inout RedisSession, into waiting: inout ScanPage?) throws -> Bool {
    do {
      let page = try session.receiveScanPage()
      if selection.reading.share.has(page.cursor) {
        try request(pageAt: page.cursor, &session)
        try session.flush()
      }
      waiting = consume page
      return true
    } catch RedisError.tooLarge where !cutsNames {
      cutsNames = true
      log.warning("Redis has a key whose name is larger than an answer may be; long names are read cut")
      return false
    }
  }

  /// The requests for one page's keys, in the order of the answers.
  private struct PageRequest {
    /// Keys of earlier pages that are read once more.
    var missed: [[UInt8]] = []
    /// The page's counters, lent from it, and their parsed keys.
    var names: [LentBytes] = []
    var keys: [CounterKey] = []
    /// For how many of them the time to live was requested.
    var sampled = 0
    /// Whether their values were requested together; otherwise each is read separately, with the next page.
    var isRead = true
  }

  /// Requests the values of a page's counters.
  private mutating func request(valuesOf page: borrowing ScanPage, _ session: inout RedisSession) throws -> PageRequest
  {
    var request = PageRequest()
    for index in 0..<page.count {
      guard let name = page.key(at: index), let key = found.counter(named: name) else { continue }
      request.names.append(name)
      request.keys.append(key)
    }
    request.sampled = min(request.names.count, max(0, sample - report.matched))
    request.isRead = !request.names.isEmpty && (keyByKey || report.matched > 0 && carefulPages == 0)
    // Where one large value was found, there may be more.
    if found.longValues > knownLongValues, carefulPages > 0 { carefulPages = Self.carefulPages }
    knownLongValues = found.longValues
    if carefulPages > 0 { carefulPages -= 1 }
    found.report.scanned += page.count
    found.report.matched += request.names.count

    request.missed = try requestUnread(&session)
    if !request.isRead {
      postpone(request, of: page)
    } else if keyByKey {
      let (first, last) = (Self.lent("0"), Self.lent(CounterValue.lastByte))
      for name in request.names { try session.send(.getrange, lent: [name, first, last]) }
    } else {
      try session.send(.mget, lent: request.names)
    }
    for name in request.names.prefix(request.sampled) { try session.send(.ttl, lent: [name]) }
    try session.flush()
    return request
  }

  /// Leaves the counters of a page to be read one by one.
  ///
  /// The page is borrowed because the names are lent from it.
  private mutating func postpone(_ request: PageRequest, of page: borrowing ScanPage) {
    found.unread += request.names.map { [UInt8]($0) }
  }

  /// Takes the answers.
  ///
  /// The page is borrowed because the names are lent from it.
  private mutating func take(
    _ request: PageRequest, from page: borrowing ScanPage, _ session: inout RedisSession
  ) throws {
    for name in request.missed { try takeSecondLook(at: name, &session) }
    if !request.isRead {
      // The values are read later.
    } else if keyByKey {
      for index in request.names.indices {
        try found.take(request.keys[index], session.receiveValue(), of: request.names[index])
      }
    } else {
      let values = try session.receive(atMost: Self.mostBytes)
      for index in request.names.indices {
        found.take(request.keys[index], values.string(at: index), of: request.names[index])
      }
    }
    for _ in 0..<request.sampled where try session.receive().value.integer == -1 { found.report.keysWithoutTTL += 1 }
  }

  /// Requests the keys that the last page left unread.
  private mutating func requestUnread(_ session: inout RedisSession) throws -> [[UInt8]] {
    for command in found.unread.lazy.flatMap(CounterRows.questions) { try session.send(command) }
    defer { found.unread = [] }
    return found.unread
  }

  /// Takes a key that was not read with its page: gone by now, of another type, or unchanged.
  private mutating func takeSecondLook(at name: [UInt8], _ session: inout RedisSession) throws {
    let (before, value, after) = (try session.receiveValue(), try session.receiveValue(), try session.receiveValue())
    try found.take(name, value: value, type: CounterRows.type(before, after))
  }

  private static func lent(_ text: StaticString) -> LentBytes {
    LentBytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }
}

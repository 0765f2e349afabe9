import JobRuntime
import Redis

/// A few keys as `USAGE_KEY_FORMAT` parses them.
///
/// `--check` shows them, so that a mistake in the format is noticed before a run makes a dead letter of every key.
struct KeySample: Sendable {
  private let selection: CounterSelection
  private var looked = 0
  private var good: [JSON] = []
  private var refused: [JSON] = []

  /// How many of each are shown.
  private static let shown = 3
  /// How many pages of keys are read on each server, and how many keys a page has.
  private static let pages = 20
  private static let page = 1000

  init(of selection: CounterSelection) { self.selection = selection }

  func reading(_ session: inout RedisSession) throws -> KeySample {
    var sample = self
    var cursor = "0"
    for _ in 0..<Self.pages where !sample.isFull {
      try session.sendScan(cursor: cursor, match: selection.pattern, count: Self.page)
      let page = try session.receiveScanPage()
      for index in 0..<page.count {
        if let key = page.key(at: index) { sample.look(at: key) }
      }
      cursor = page.cursor
      if cursor == "0" { break }
    }
    return sample
  }

  private var isFull: Bool { good.count == Self.shown && refused.count == Self.shown }

  private mutating func look(at key: LentBytes) {
    guard !selection.isIgnored(key) else { return }
    looked += 1
    let name = JSON.string(ItemName.shown(LentBytes(rebasing: key.prefix(200))))
    switch selection.format.parse(key) {
    case .success(let counter) where good.count < Self.shown:
      var facts: [(String, JSON)] = [("key", name)]
      func add(_ part: String, _ bytes: LentBytes) {
        if !bytes.isEmpty { facts.append((part, .string(String(decoding: bytes.prefix(200), as: UTF8.self)))) }
      }
      add("merchant", counter.merchant)
      facts.append(("day", .string(counter.day.description)))
      if let hour = counter.hour { facts.append(("hour", .integer(Int64(hour)))) }
      add("metric", counter.metric)
      good.append(JSON(members: facts))
    case .failure(let problem) where refused.count < Self.shown:
      refused.append(["key": name, "because": .string(problem.message(of: selection.format))])
    case .success, .failure: break
    }
  }

  func report(to log: Log) {
    for facts in good { log.info("a counter, as its key is taken apart", facts) }
    for facts in refused { log.info("a key that names no counter", facts) }
    if looked == 0 {
      log.warning(
        "no key begins as the format does",
        [
          "format": .string(selection.format.text),
          "hint": "Check that this is the right Redis, and the right USAGE_KEY_FORMAT.",
        ])
    }
  }
}

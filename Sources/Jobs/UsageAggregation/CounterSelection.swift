import JobRuntime
import Redis

/// Which counters belong to a run.
struct CounterSelection: Sendable {
  let prefixText: String
  let prefix: [UInt8]
  /// The pattern for `SCAN … MATCH`.
  let pattern: String
  private let merchant: [UInt8]?
  private let shard: Shard
  private let firstDay: CalendarDay
  /// For each day from the first to the last: whether it is one of the run's.
  private let isWanted: [Bool]

  init(prefix: String, days: [CalendarDay], merchant: String?, shard: Shard) {
    prefixText = prefix
    self.prefix = Array(prefix.utf8)
    self.merchant = merchant.map { Array($0.utf8) }
    self.shard = shard
    pattern = Self.literal(prefix) + (merchant.map { Self.literal($0) + ":" } ?? "") + "*"
    let first = days.min() ?? CalendarDay(daysSince1970: 0)
    firstDay = first
    var isWanted = [Bool](repeating: false, count: days.max().map { $0 - first + 1 } ?? 0)
    for day in days { isWanted[day - first] = true }
    self.isWanted = isWanted
  }

  func contains(_ key: CounterKey) -> Bool {
    let index = key.day - firstDay
    guard isWanted.indices.contains(index), isWanted[index] else { return false }
    if let merchant, !key.merchant.elementsEqual(merchant) { return false }
    return isOurs(key.merchant)
  }

  /// Whether this shard is the one to report a key that names no counter.
  func isResponsible(for key: LentBytes) -> Bool { isOurs(key) }

  private func isOurs(_ bytes: LentBytes) -> Bool {
    shard.isWhole || Self.digest(bytes) % UInt64(shard.count) == UInt64(shard.index)
  }

  /// FNV-1a, 64 bits: the same in every process, unlike Swift's own hashing.
  /// Source: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm".
  private static func digest(_ bytes: LentBytes) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// A text that Redis' glob patterns take letter by letter.
  private static func literal(_ text: String) -> String {
    // By scalars: a star with a combining mark after it is one `Character`, and no star to a comparison.
    text.unicodeScalars.reduce(into: "") { $0 += "*?[]^-\\".unicodeScalars.contains($1) ? "\\\($1)" : String($1) }
  }
}

/// How a key's bytes are shown and kept as text, so that no two keys become one.
enum ItemName {
  /// Valid UTF-8 as it is; a backslash doubled; control letters and bytes that are no UTF-8 as `\xHH`.
  static func shown(_ bytes: LentBytes) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(where: { $0 < 0x20 || $0 == 0x5C }) {
      return text
    }
    var result = ""
    var rest = bytes[...]
    while let byte = rest.first {
      let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
      let letter = String(validating: rest.prefix(length), as: UTF8.self)
      if let letter, letter.unicodeScalars.count == 1, byte >= 0x20 {
        result += byte == 0x5C ? "\\\\" : letter
        rest = rest.dropFirst(length)
      } else {
        result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}

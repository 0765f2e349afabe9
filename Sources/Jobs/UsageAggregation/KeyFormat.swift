import JobRuntime
import Redis

/// The form of the keys of counters: `USAGE_KEY_FORMAT`, compiled.
///
/// One part, the merchant unless the format says otherwise (`{metric*}`), may contain the separators between the parts.
/// The parts before it are read from the left, and those after it from the right, so every key is parsed in one way
/// only.
struct KeyFormat: Sendable, Equatable {
  enum Part: Sendable, Equatable {
    case fixed([UInt8])
    case merchant
    case metric
    case time

    var isName: Bool { self == .merchant || self == .metric }
  }

  let parts: [Part]
  let time: TimePattern
  /// Where counters are the fields of hashes: the part that is the field's name, and so not in the key.
  let field: Part?
  /// Which of the parts may contain separators.
  private let open: Int
  let steps: Steps

  /// `USAGE_KEY_PREFIX`, the short form of the usual format.
  init(prefix: String) {
    self.init(
      [
        .fixed(Array(prefix.utf8)), .merchant, .fixed([UInt8(ascii: ":")]), .time, .fixed([UInt8(ascii: ":")]), .metric,
      ],
      time: .days, open: 1)
  }

  init(_ parts: [Part], time: TimePattern, open: Int) {
    (self.parts, self.time, self.open) = (parts, time, open)
    field = [Part.merchant, .metric].first { !parts.contains($0) }
    steps = Steps(parts, open: open)
  }

  /// The format in canonical form.
  var text: String {
    let usual = parts.firstIndex(of: .merchant) ?? parts.firstIndex(of: .metric)
    return parts.enumerated().map { index, part in
      let mark = index == open && open != usual ? "*" : ""
      return switch part {
      case .fixed(let bytes):
        String(decoding: bytes.flatMap { [0x7B, 0x7D].contains($0) ? [$0, $0] : [$0] }, as: UTF8.self)
      case .merchant: "{merchant\(mark)}"
      case .metric: "{metric\(mark)}"
      case .time: "{\(time.spelling)}"
      }
    }.joined()
  }

  /// Its name in the progress and in dead letters: the prefix where that is enough.
  var name: String {
    guard case .fixed(let bytes)? = parts.first else { return text }
    let prefix = String(decoding: bytes, as: UTF8.self)
    return self == KeyFormat(prefix: prefix) ? prefix : text
  }

  // MARK: Keys

  /// - Returns: the key of a counter.
  func key(merchant: String, day: CalendarDay, hour: Int? = nil, metric: String) -> String {
    parts.map { part in
      switch part {
      case .fixed(let bytes): String(decoding: bytes, as: UTF8.self)
      case .merchant: merchant
      case .metric: metric
      case .time: time.plainText(of: day, hour: hour)
      }
    }.joined()
  }

  /// Names a counter for a person and for a replay: its key, and the field if it is one.
  func item(merchant: String, day: CalendarDay, hour: Int? = nil, metric: String) -> String {
    let key = ItemName.shown(key(merchant: merchant, day: day, hour: hour, metric: metric))
    guard let field else { return key }
    return key + ItemName.beforeField + ItemName.shown(field == .metric ? metric : merchant)
  }

  /// The keys of a day, for people: `usage:*:2025-11-01:*`.
  func keys(of day: CalendarDay) -> String {
    parts.map { part in
      switch part {
      case .fixed(let bytes): String(decoding: bytes, as: UTF8.self)
      case .merchant, .metric: "*"
      case .time: time.plainText(of: day, hour: nil)
      }
    }.joined()
  }

  /// The pattern for `SCAN`.
  ///
  /// It matches every key with the format's beginning, so that a key with a mistake is found as well. Where the format
  /// has no fixed beginning, it matches only keys of the format's shape, or every other key would count as a mistake.
  func pattern(merchant: String?) -> String {
    func known(_ part: Part) -> String? {
      switch part {
      case .fixed(let bytes): Glob.literal(String(decoding: bytes, as: UTF8.self))
      case .merchant: merchant.map(Glob.literal)
      case .metric, .time: nil
      }
    }
    let start = parts.prefix { known($0) != nil }
    guard start.isEmpty else { return start.compactMap(known).joined() + "*" }
    return parts.map { part in known(part) ?? (part == .time ? time.glob : "*") }.joined()
  }

  /// Whether a key has the format's beginning.
  func begins(_ key: [UInt8]) -> Bool {
    guard case .fixed(let bytes)? = parts.first else { return true }
    return key.starts(with: bytes)
  }
}

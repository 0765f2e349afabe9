/// The name of the work that a run does, out of the settings that select it and differ from their defaults:
/// `pending`, `weekly,monthly`, `prefix-eu_-3b1fa04c52`.
///
/// It consists of letters, digits, commas, `-` and `_`, and is short and readable. Different work never has the same
/// name: a value that does not fit unchanged is followed by a digest. The name can be parsed again, because parts stand
/// in the order of the declarations, tags and words hold no `-`, and no tag is another setting's word.
enum Variant {
  struct Part: Sendable, Equatable {
    /// The prefix of the value.
    var tag: String?
    var words: [String]
    /// Whether values have a fixed form, so that even without a digest no two values become the same text.
    var isFixed: Bool
    /// See `Selection.once(as:isFixed:)`.
    var isOnce = false

    var text: String {
      let value = words.joined(separator: ",")
      let safe = Variant.safe(value, allowingDash: isFixed)
      let isPlain = isFixed || words.allSatisfy(Variant.isPlain)
      let isShort = safe.utf8.count <= Variant.longestValue
      let shown = isShort ? safe : String(safe.prefix(Variant.longestValue - 8))
      let start = tag.map { words.isEmpty ? $0 : "\($0)-" } ?? ""
      return start + shown + (isPlain && isShort ? "" : "-" + Variant.digest(words))
    }
  }

  private static let longestValue = 48
  /// The longest variant; Postgres and Prometheus would take more, but nobody could read it.
  private static let longest = 120

  static func text(of parts: [Part]) -> String {
    let text = parts.map(\.text).joined(separator: "-")
    guard text.utf8.count > longest else { return text }
    return String(text.prefix(longest - 16)) + "-" + digest(parts.flatMap { [$0.tag ?? ""] + $0.words })
  }

  /// The value with `_` for each character that a variant does not take.
  private static func safe(_ text: String, allowingDash: Bool) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          switch scalar {
          case "a"..."z", "A"..."Z", "0"..."9", "_", ",": scalar
          case "-" where allowingDash: scalar
          default: "_"
          }
        }))
  }

  /// Whether a word may stand as it is: no comma, which separates words, and no `-`, which separates parts.
  private static func isPlain(_ word: String) -> Bool {
    !word.isEmpty && !word.utf8.contains(UInt8(ascii: ",")) && areSame([word], [safe(word, allowingDash: false)])
  }

  /// Digests the exact texts to ten hexadecimal digits: FNV-1a, mixed once more so that all bits count.
  ///
  /// Source: Appleby, MurmurHash3, `fmix64`.
  static func digest(_ words: [String]) -> String {
    // Each with its length, so that ["a,b"] is not ["a", "b"].
    let bytes = words.flatMap { Array("\($0.utf8.count):\($0)".utf8) }
    var hash = bytes.withUnsafeBytes { FNV1a.digest($0) }
    for factor: UInt64 in [0xFF51_AFD7_ED55_8CCD, 0xC4CE_B9FE_1A85_EC53] { hash = (hash ^ (hash >> 33)) &* factor }
    let digits = String((hash ^ (hash >> 33)) >> 24, radix: 16)
    return String(repeating: "0", count: 10 - digits.count) + digits
  }

  static func areSame(_ left: [String], _ right: [String]) -> Bool {
    left.map(ExactName.init) == right.map(ExactName.init)
  }
}

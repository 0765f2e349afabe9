import Foundation
import JobRuntime
import Testing

/// A generator that gives the same numbers in every run, so that a failure can be seen again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Reads a moment that is well-formed.
func moment(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Timestamp {
  try #require(Timestamp(rfc3339: text), sourceLocation: sourceLocation)
}

/// Texts that break careless writers of JSON, SQL and logs.
let hostileTexts = [
  "", "plain", #"quote " and back\slash"#, "line\nfeed\r\ttab", "nul \0 bell \u{7} delete \u{7f}", "\u{1}\u{1f}",
  "😀 e\u{301} \u{2028}\u{2029}\u{feff}", "\"\u{301}", "\\\u{301}", "</script>", "'; drop table x; --", "\\u0000",
  "a" + String(repeating: "\u{301}", count: 5000), String(repeating: "\"\0", count: 5000),
  String(repeating: "👨‍👩‍👧‍👦", count: 2000),
]

/// What Foundation's parser makes of a text: the proof that it is JSON.
func parsedJSON(_ text: String) throws -> Any {
  try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
}

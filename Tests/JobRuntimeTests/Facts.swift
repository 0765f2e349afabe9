import Foundation
import JobRuntime
import Testing

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

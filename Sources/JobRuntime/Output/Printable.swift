/// A text from the ledger, from Redis or from an application, with everything in it visible and nothing acted upon.
///
/// Control characters, characters that no web page may hold, marks that change the direction of writing, and invisible
/// characters are written as Swift escapes: `\u{1b}`. Whoever named the item may have wanted to clear the screen, or to
/// make one key look like another.
///
/// - Parameter keepingLines: whether line feeds may stay, for texts that have lines of their own.
package func printable(_ text: String, keepingLines: Bool = false) -> String {
  escaped(text) { scalar in
    switch scalar {
    case "\n": keepingLines ? "\n" : "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
  }
}

/// The same for a JSON document, which stays the same document: such characters stand only inside its strings.
package func printable(_ json: JSON) -> String {
  escaped(json.text) { scalar in
    scalar.utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }
}

private func escaped(_ text: String, _ escape: (Unicode.Scalar) -> String) -> String {
  var shown = ""
  var rest = Substring(text).unicodeScalars
  while let index = rest.firstIndex(where: { !isShownAsItIs($0) }) {
    // As strings: each append to a view of scalars copies what is there already.
    shown += Substring(rest[..<index])
    shown += escape(rest[index])
    rest = rest[rest.index(after: index)...]
  }
  shown += Substring(rest)
  return shown
}

private func isShownAsItIs(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
  if scalar.properties.isDefaultIgnorableCodePoint { return false }
  switch scalar.properties.generalCategory {
  // Format: marks of direction, joiners, tags. Private use and unassigned: what they show is unknown.
  case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
  default: return true
  }
}

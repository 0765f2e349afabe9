import JobRuntime

/// A text from the ledger, from Redis or from an application, so that a terminal only shows it.
///
/// What a terminal obeys, what turns the direction of what follows, and what cannot be seen is written as Swift would:
/// `\u{1b}`. Whoever named the item may have meant to clear the screen, or to make one key look like another.
///
/// - Parameter keepingLines: whether line feeds may stay, for texts that have lines of their own.
func printable(_ text: String, keepingLines: Bool = false) -> String {
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
func printable(_ json: JSON) -> String {
  escaped(json.text) { scalar in
    scalar.utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }
}

private func escaped(_ text: String, _ escape: (Unicode.Scalar) -> String) -> String {
  var shown = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    if isShownAsItIs(scalar) { shown.append(scalar) } else { shown += escape(scalar).unicodeScalars }
  }
  return String(shown)
}

private func isShownAsItIs(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
  if scalar.properties.isDefaultIgnorableCodePoint { return false }
  switch scalar.properties.generalCategory {
  // Format: marks of direction, joiners, tags. Private use and unassigned: nobody knows what is shown.
  case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
  default: return true
  }
}

extension String {
  /// How many columns of a terminal the text takes, once it is printable.
  var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }

  /// The beginning that fits into so many columns, with `…` where something is left out.
  func cut(to columns: Int) -> String {
    guard self.columns > columns else { return self }
    var (kept, left) = (String.UnicodeScalarView(), columns - 1)
    for scalar in unicodeScalars {
      left -= scalar.columns
      if left < 0 { break }
      kept.append(scalar)
    }
    return String(kept) + "…"
  }

  /// The text with spaces behind it, up to a width in columns.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - columns)) }
}

extension Unicode.Scalar {
  /// As terminals count: nothing for marks that stand upon a letter, two for what is wide (UAX 11: W and F).
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark: 0
    default: Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// The large blocks of what is wide. A character that is missing here shifts a column, and nothing else.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]
}

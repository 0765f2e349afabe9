extension String {
  /// How many columns of a terminal the text takes, once it is printable.
  var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }

  /// The beginning that fits into this many columns, with `…` where something is left out.
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

  /// The text with spaces after it, up to a width in columns.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - columns)) }
}

extension Unicode.Scalar {
  /// As terminals count: 0 for combining marks, 2 for wide characters (UAX 11: W and F).
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark: 0
    default: Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// The large blocks of wide characters.
  ///
  /// A character that is missing here only shifts a column.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]
}

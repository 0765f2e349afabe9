/// A text that only describes something: a message, a hint, what a run counted.
///
/// No database refuses it. A NUL, which Postgres stores nowhere, becomes U+FFFD. Where the database's encoding may lack
/// a character, one that it has takes its place as the value is sent, so that the record is not lost: `…` becomes `...`,
/// and what has no likeness becomes `[U+6771]`.
public struct DescriptiveText: PostgresEncodable, Sendable, Equatable {
  private let text: String

  /// - Parameter text: of any characters.
  public init(_ text: String) { self.text = text.withoutNUL }

  /// A text of the type that the server infers.
  public var postgresParameter: Parameter {
    var parameter = text.postgresParameter
    parameter.isDescription = true
    return parameter
  }
}

extension String {
  /// The text with U+FFFD in place of each NUL.
  package var withoutNUL: String {
    utf8.contains(0) ? String(String.UnicodeScalarView(unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 })) : self
  }
}

/// Which characters a database has for certain, by its encoding.
enum ServerEncoding {
  /// UTF-8; and SQL_ASCII, which takes bytes as they are.
  case all
  case latin1
  /// Any other: ASCII is in each of them (manual 24.3.1, server encodings).
  case ascii

  /// - Parameter name: as the server reports it in `server_encoding`.
  init(name: String) {
    self =
      switch name {
      case "UTF8", "SQL_ASCII": .all
      case "LATIN1": .latin1
      default: .ascii
      }
  }

  private func has(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .all: true
    case .latin1: scalar.value <= 0xFF
    case .ascii: scalar.isASCII
    }
  }

  /// No quote and no backslash: the text may be inside of an array literal or of JSON.
  private static let likenesses: [Unicode.Scalar: String] = [
    "…": "...", "«": "<", "»": ">", "–": "-", "—": "-", "‘": "'", "’": "'", "“": "'", "”": "'", "×": "x",
    "\u{A0}": " ",
  ]

  /// The text with others in place of characters that the database may lack.
  func describing(_ text: String) -> String {
    if case .all = self { return text }
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    return text.unicodeScalars.reduce(into: "") { all, scalar in
      all +=
        has(scalar)
        ? String(scalar) : Self.likenesses[scalar] ?? "[U+\(String(scalar.value, radix: 16, uppercase: true))]"
    }
  }
}

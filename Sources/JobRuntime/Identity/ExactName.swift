/// A name that equals only names of the same bytes, as in Postgres and in Redis.
///
/// `String` compares «é» as one character and «é» as a letter with an accent after it as equal: a set or a dictionary
/// of strings takes two members of a board, two ids or two keys for one.
public struct ExactName: Hashable, Sendable {
  /// The name, byte for byte as it was read.
  public let text: String

  /// - Parameter text: any text; it is not normalized.
  public init(_ text: String) { self.text = text }

  /// Compares bytes, not characters.
  public static func == (left: ExactName, right: ExactName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  /// Feeds the bytes, so that names which are equal as characters differ.
  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Whether the name ends with these bytes.
  public func hasSuffix(_ end: String) -> Bool { text.utf8.reversed().starts(with: end.utf8.reversed()) }
}

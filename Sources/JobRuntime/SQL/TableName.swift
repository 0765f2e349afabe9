public import Postgres

/// The name of a table: `posts`, `blog.posts`.
public struct TableName: Sendable, Equatable {
  /// As the setting has it: what events, dead letters and messages name.
  public let text: String
  private let parts: [String]

  /// - Returns: `nil` for what is no name, with or without its schema.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, parts.allSatisfy(Self.isName) else { return nil }
    (self.text, self.parts) = (text, parts)
  }

  /// A table without its schema.
  public init(plain name: String) { (text, parts) = (name, [name]) }

  /// Names between commas, without the blanks around them.
  public static func names(in text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { name in
      var name = name.drop { $0 == " " }
      while name.last == " " { name.removeLast() }
      return String(name)
    }
  }

  /// Whether Postgres would take a text as a name and keep all of it.
  public static func isName(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 63 && !text.utf8.contains(0) }

  /// As a statement has it.
  public var fragment: SQLFragment { .joined(parts.map(SQLFragment.identifier), by: ".") }

  /// As `to_regclass` and people read it: quoted only where it has to be.
  public var shown: String { parts.map(Self.shown).joined(separator: ".") }

  /// A name, quoted only where it has to be.
  public static func shown(_ name: String) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }
    let quoted: Statement = "\(identifier: name)"
    return name.utf8.allSatisfy(isPlain) && name.utf8.first.map { !(0x30...0x39).contains($0) } == true
      ? name : quoted.sql
  }
}

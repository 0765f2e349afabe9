import JobRuntime
import Postgres

/// The name of a table: `posts`, `blog.posts`.
struct TableName: Sendable, Equatable {
  /// As the setting has it: what events, dead letters and messages name.
  let text: String
  private let parts: [String]

  /// - Returns: `nil` for what is no name, with or without its schema.
  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, parts.allSatisfy(Self.isName) else { return nil }
    (self.text, self.parts) = (text, parts)
  }

  /// Names between commas, without the blanks around them.
  static func names(in text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { name in
      var name = name.drop { $0 == " " }
      while name.last == " " { name.removeLast() }
      return String(name)
    }
  }

  static func isName(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 63 && !text.utf8.contains(0) }

  /// As a statement has it.
  var fragment: SQLFragment { .joined(parts.map(SQLFragment.identifier), by: ".") }

  /// As `to_regclass` and people read it: quoted only where it has to be.
  var shown: String { parts.map(Self.shown).joined(separator: ".") }

  static func shown(_ name: String) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }
    let quoted: Statement = "\(identifier: name)"
    return name.utf8.allSatisfy(isPlain) && name.utf8.first.map { !(0x30...0x39).contains($0) } == true
      ? name : quoted.sql
  }
}

/// What the job needs of a table's columns.
struct Columns: Sendable, Equatable {
  var id: String
  var status: String
  var publishAt: String
  /// `nil` where the table keeps no time of publication.
  var publishedAt: String?

  /// Reads `id,status,publish_at,published_at`; the last may be missing.
  static func parse(_ text: String) -> Environment.Parsed<Columns> {
    let names = TableName.names(in: text)
    guard (3...4).contains(names.count), names.allSatisfy(TableName.isName),
      Set(names.map(ExactName.init)).count == names.count
    else {
      return .failure("is «\(text)», not four different names, or three, such as id,status,publish_at,published_at")
    }
    return .success(Columns(id: names[0], status: names[1], publishAt: names[2], publishedAt: names.dropFirst(3).first))
  }

  var names: [String] { [id, status, publishAt] + [publishedAt].compactMap(\.self) }
}

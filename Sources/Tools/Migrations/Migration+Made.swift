/// One thing that a migration's SQL makes, as its file says.
struct MadeObject: Sendable, Equatable {
  enum Kind: String, Sendable, CaseIterable {
    case table, view, function, procedure, index, trigger
  }

  var kind: Kind
  /// With its schema; without one it is made in the first schema of search_path.
  var name: String
  /// The table of an index or a trigger.
  var table: String?
  /// Whether one of this name that is there already is left as it is.
  var isOnlyIfMissing = false
  /// A table's columns, as its file declares them; empty for a partition.
  var columns: [(name: String, type: String)] = []

  static func == (left: MadeObject, right: MadeObject) -> Bool {
    (left.kind, left.name, left.table, left.isOnlyIfMissing) == (
      right.kind, right.name, right.table, right.isOnlyIfMissing
    )
      && left.columns.elementsEqual(right.columns, by: ==)
  }

  var isInOneshot: Bool { (table ?? name).hasPrefix("oneshot.") || name.hasPrefix("oneshot.") }

  /// The name without its schema.
  var plainName: String { String(name.split(separator: ".").last ?? "") }
}

/// Reads what a file makes. It knows the style of the files in `lines`, and no more of SQL: a statement that makes
/// something begins at the start of a line with `create`, and a table's columns stand on lines of their own, two spaces
/// in. A test compares what it reads with what Postgres then has.
extension Migration {
  var made: [MadeObject] {
    var objects: [MadeObject] = []
    let lines = sql.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for (index, line) in lines.enumerated() where line.hasPrefix("create ") {
      let rest = lines[index...]
      let end = rest.firstIndex { $0.hasSuffix(";") || $0.hasSuffix("as $$") } ?? rest.endIndex - 1
      guard var object = MadeObject(lines[index...end].joined(separator: " ")) else { continue }
      if object.kind == .table { object.columns = Self.columns(lines[index...end].dropFirst()) }
      objects.append(object)
    }
    return objects
  }

  /// The columns that it adds to tables that are there.
  ///
  /// One `add column` a line, behind the table's name on a line of its own.
  var added: [(table: String, columns: [(name: String, type: String)])] {
    let lines = sql.split(separator: "\n").map(String.init)
    return lines.indices.filter { lines[$0].hasPrefix("alter table ") }.compactMap { start in
      let rest = Array(lines[(start + 1)...])
      let end = rest.firstIndex { $0.hasSuffix(";") }.map { $0 + 1 } ?? rest.endIndex
      let added = rest[..<end].filter { $0.hasPrefix("  add column ") }
      guard let table = lines[start].split(separator: " ").dropFirst(2).first, !added.isEmpty else { return nil }
      let columns = added.map { "  " + $0.dropFirst("  add column ".count).filter { $0 != ";" } }
      return (String(table), Self.columns(columns))
    }
  }

  /// The functions and procedures that it puts in the place of those that are there.
  var replaced: [String] {
    let starts = ["function", "procedure"].map { "create or replace \($0) " }
    return sql.split(separator: "\n").compactMap { line in
      guard let start = starts.first(where: line.hasPrefix) else { return nil }
      return line.dropFirst(start.count).split(separator: "(").first.map(String.init)
    }
  }

  /// What `--plan` says besides: lines of the file that begin with `-- plan: `.
  var remarks: [String] {
    sql.split(separator: "\n").filter { $0.hasPrefix("-- plan: ") }.map { String($0.dropFirst("-- plan: ".count)) }
  }

  /// The tables of other migrations that it refers to.
  var references: Set<String> {
    let words = sql.split { $0 == " " || $0 == "\n" }.map(String.init)
    let own = Set(made.map(\.name))
    return Set(zip(words, words.dropFirst()).filter { $0.0 == "references" }.map(\.1)).subtracting(own)
  }

  private static func columns(_ lines: some Sequence<String>) -> [(name: String, type: String)] {
    let endsOfType: Set = ["collate", "not", "default", "primary", "check", "generated", "references", "unique"]
    let noColumns: Set = ["--", "primary", "check", "unique", "constraint", "foreign", "exclude"]
    var columns: [(name: String, type: String)] = []
    for line in lines {
      if line.hasPrefix(")") { break }
      guard line.hasPrefix("  "), !line.hasPrefix("   ") else { continue }
      let words = line.split { $0 == " " || $0 == "," }.map(String.init)
      guard let name = words.first, !noColumns.contains(name) else { continue }
      columns.append((name, words.dropFirst().prefix { !endsOfType.contains($0) }.joined(separator: " ")))
    }
    return columns
  }
}

extension MadeObject {
  /// - Parameter statement: on one line; `nil` comes of one that makes nothing that has a name in a schema.
  init?(_ statement: String) {
    var words = statement.split { $0 == " " || $0 == "(" || $0 == ";" }.map(String.init).dropFirst()
    if words.first == "unique" { words.removeFirst() }
    guard let kind = words.popFirst().flatMap(Kind.init) else { return nil }
    if words.first == "concurrently" { words.removeFirst() }
    let isOnlyIfMissing = words.starts(with: ["if", "not", "exists"])
    if isOnlyIfMissing { words.removeFirst(3) }
    guard let name = words.popFirst() else { return nil }
    var table: String?
    if kind == .index || kind == .trigger {
      table = words.firstIndex(of: "on").flatMap { words[$0...].dropFirst().first }
    }
    self.init(kind: kind, name: name, table: table, isOnlyIfMissing: isOnlyIfMissing)
  }
}

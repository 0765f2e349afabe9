/// docs/when-things-go-wrong.md, as far as it can be looked up: its sections, and the rows of their tables.
struct TroublePage: Sendable {
  struct Section: Sendable {
    /// `75: leadership or time lost`.
    var title: String
    /// The text between the tables.
    var paragraphs: [String] = []
    var entries: [Entry] = []

    /// The words before the colon: `75`, or `130` and `143`.
    var codes: [Substring] { title.prefix { $0 != ":" }.split { ", ".contains($0) } }
  }

  /// One row: what the operator sees, and what is known about it, each under the name of its column.
  struct Entry: Sendable, Equatable {
    /// What the first columns hold: words and beginnings of messages, in backticks.
    var seen: String
    /// The others, with their columns.
    var known: [Fact]

    struct Fact: Sendable, Equatable {
      var column: String
      var text: String
    }
  }

  var sections: [Section] = []

  /// - Parameter markdown: text, headings (`##`) and tables; a table that is not below such a heading is left out, as are
  ///   comments and code.
  init(markdown: String) {
    var (columns, isCode) = ([String](), false)
    for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") { isCode.toggle() }
      if line.hasPrefix("## ") { sections.append(Section(title: Self.plain(line.dropFirst(3)))) }
      guard !sections.isEmpty, !isCode, !["#", "```", "<!--"].contains(where: { line.hasPrefix($0) }) else { continue }
      let last = sections.endIndex - 1
      guard line.hasPrefix("|") else {
        columns = []
        sections[last].add(Self.plain(line))
        continue
      }
      let cells = Self.cells(of: line)
      if columns.isEmpty {
        columns = cells
      } else if !cells.allSatisfy({ $0.allSatisfy { "-:".contains($0) } }) {
        sections[last].entries.append(Entry(cells, in: columns))
      }
    }
    for index in sections.indices where sections[index].paragraphs.last == "" {
      sections[index].paragraphs.removeLast()
    }
  }

  private static func cells(of line: Substring) -> [String] {
    line.dropFirst().split(separator: "|").map { cell in
      plain(String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()))
    }
  }

  /// A text without links: of `[text](target)` the text.
  private static func plain(_ text: some StringProtocol) -> String {
    var (plain, rest) = ("", Substring(text))
    while let middle = rest.firstRange(of: "]("), let start = rest[..<middle.lowerBound].lastIndex(of: "["),
      let end = rest[middle.upperBound...].firstIndex(of: ")")
    {
      plain += rest[..<start]
      plain += rest[rest.index(after: start)..<middle.lowerBound]
      rest = rest[rest.index(after: end)...]
    }
    return plain + rest
  }
}

extension TroublePage.Section {
  /// Adds a line of text; an empty one ends the paragraph.
  fileprivate mutating func add(_ line: String) {
    guard !line.isEmpty else {
      if paragraphs.last.map({ !$0.isEmpty }) ?? false { paragraphs.append("") }
      return
    }
    if paragraphs.isEmpty { paragraphs.append("") }
    paragraphs[paragraphs.endIndex - 1] += (paragraphs.last == "" ? "" : " ") + line
  }
}

extension TroublePage.Entry {
  /// The names of the columns that hold what the operator sees.
  private static let seenColumns = [
    "job", "kind", "kind, message", "you see", "message", "message contains", "trouble",
  ]

  fileprivate init(_ cells: [String], in columns: [String]) {
    let named = zip(columns.map { $0.filter { $0 != "`" } }, cells)
    seen = named.filter { Self.seenColumns.contains($0.0) }.map(\.1).joined(separator: " ")
    known = named.filter { !Self.seenColumns.contains($0.0) }.map { Fact(column: $0.0, text: $0.1) }
  }
}

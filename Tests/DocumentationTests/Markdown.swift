import Foundation
import TestSupport

/// A page as a renderer reads it: what stands in fenced code is left out, because nothing there is a heading, a table or
/// a link.
struct Markdown {
  /// One heading: `anchor` is the name that links use.
  struct Heading: Equatable {
    let title: String
    let anchor: String
    /// The number of its line, from 0.
    let line: Int
  }

  /// From the project's root: `docs/operate.md`.
  let path: String
  /// The page's lines.
  private let source: [String]
  /// The same, but those of fenced code are empty.
  let lines: [String]

  init(_ path: String, _ text: String) {
    self.path = path
    var isCode = false
    source = text.components(separatedBy: "\n")
    lines = source.map { line in
      let isFence = line.drop { $0 == " " }.hasPrefix("```")
      if isFence { isCode.toggle() }
      return isCode || isFence ? "" : line
    }
  }

  /// README, the pages of docs/ and of findings/, from the project's root.
  static func all() throws -> [Markdown] {
    let inside = ["docs", "findings"].flatMap { folder in
      (FileManager.default.enumerator(atPath: Page.url(folder).path)?.compactMap { $0 as? String } ?? [])
        .filter { $0.hasSuffix(".md") }.map { "\(folder)/\($0)" }
    }
    return try (["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + inside.sorted()).map {
      try Markdown($0, Page($0).text)
    }
  }

  /// The anchors are made as GitHub makes them: lower case, no punctuation, `-` for each space, a number behind a name
  /// that is there already.
  var headings: [Heading] {
    var seen: [String: Int] = [:]
    return lines.enumerated().compactMap { number, line in
      guard let found = line.firstMatch(of: #/^#{1,6} +(.*)$/#) else { return nil }
      let title = String(found.1)
      let name = title.replacing(#/\]\([^)]*\)/#, with: "").lowercased()
        .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }.replacing(" ", with: "-")
      let before = seen[name, default: 0]
      seen[name] = before + 1
      return Heading(title: title, anchor: before == 0 ? name : "\(name)-\(before)", line: number)
    }
  }

  /// Where links and pictures lead: a path, an address or nothing for this page, and the anchor behind `#`.
  var links: [(target: String, anchor: String?)] {
    let text = lines.joined(separator: "\n").replacing(#/`[^`\n]*`/#, with: "")
    return text.matches(of: #/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/#).map { (String($0.1), $0.2.map(String.init)) }
      + text.matches(of: #/(?:src|srcset|href)="([^"#]*)"/#).map { (String($0.1), nil) }
  }

  /// What stands below each heading, code included, up to the next heading of any level.
  var sections: [(heading: Heading, text: String)] {
    let headings = headings
    return headings.indices.map { index in
      let end = index + 1 < headings.count ? headings[index + 1].line : lines.count
      return (headings[index], source[headings[index].line..<end].joined(separator: " "))
    }
  }

  /// What a renderer would not show as the table that was meant: rows without a head, or of another number of cells.
  var brokenTables: [String] {
    var faults: [String] = []
    for (number, line) in lines.enumerated() where line.hasPrefix("|") {
      let place = "\(path):\(number + 1)"
      guard number > 0, lines[number - 1].hasPrefix("|") else {
        let next = number + 1 < lines.count ? lines[number + 1] : ""
        if next.wholeMatch(of: #/\|(?: *:?-+:? *\|)+/#) == nil {
          faults.append("\(place) begins a table, and the line below it is no |---|")
        } else if Self.cells(line) != Self.cells(next) {
          faults.append("\(place) has \(Self.cells(line)) cells, the line below it \(Self.cells(next))")
        }
        continue
      }
      let above = Self.cells(lines[number - 1])
      if Self.cells(line) != above, !faults.contains(where: { $0.hasPrefix("\(path):\(number) ") }) {
        faults.append("\(place) has \(Self.cells(line)) cells, the row above it \(above)")
      }
      if !line.hasSuffix("|") { faults.append("\(place) does not end with |") }
    }
    return faults
  }

  /// Cells of a row: what `|` separates, unless a backslash stands before it.
  private static func cells(_ row: String) -> Int { row.replacing("\\|", with: "").count { $0 == "|" } - 1 }
}

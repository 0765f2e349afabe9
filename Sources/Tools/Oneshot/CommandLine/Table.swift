import JobRuntime

/// Rows for people: aligned columns under a heading.
///
/// Every cell is made printable here, so that no command forgets it.
struct Table {
  private let columns: [Column]
  private var rows: [[String]] = []

  /// A heading, and the side to which its cells are aligned.
  struct Column: ExpressibleByStringLiteral {
    var title: String
    var isNumber = false

    init(stringLiteral title: String) { self.title = title }

    /// A column whose cells are aligned to the right.
    static func number(_ title: String) -> Column {
      var column = Column(stringLiteral: title)
      column.isNumber = true
      return column
    }
  }

  /// - Parameter columns: the last one is for long texts.
  init(_ columns: Column...) { self.columns = columns }

  var isEmpty: Bool { rows.isEmpty }

  /// Adds a row, a cell for each column; one that is empty or missing is shown as `-`, so that tools can split lines
  /// into columns.
  mutating func add(_ cells: String?...) {
    rows.append(
      cells.enumerated().map { index, cell in
        guard let cell, !cell.isEmpty else { return "-" }
        return index < columns.count - 1 ? printable(cell).cut(to: Self.widest) : printable(cell)
      })
  }

  /// One cell widens its whole column, so longer cells are cut, except in the last column.
  private static let widest = 200

  /// The lines, each with its line feed.
  ///
  /// - Parameter width: the terminal's width, at which the last column is cut. Without it the last column is not cut: a
  ///   pager gets all of it.
  func text(width: Int?) -> String {
    let titles = columns.map { $0.title.uppercased() }
    let lines = [titles] + rows
    let widths = columns.indices.map { index in lines.map { $0[index].columns }.max() ?? 0 }
    // Ten at least: on a terminal that is too narrow its own line break is better than nothing at all.
    let last = width.map { max(10, $0 - widths.dropLast().reduce(0) { $0 + $1 + 2 }) }
    return lines.map { cells in
      var line = ""
      for (index, cell) in cells.dropLast().enumerated() {
        line += (columns[index].isNumber ? cell.aligned(right: widths[index]) : cell.padded(to: widths[index])) + "  "
      }
      let cell = cells.last ?? ""
      let end = columns.last?.isNumber == true ? cell.aligned(right: widths.last ?? 0) : cell
      return line + (last.map { end.cut(to: $0) } ?? end) + "\n"
    }.joined()
  }
}

/// Facts for people, one below the other: `name value`.
///
/// Every value is made printable here.
struct Sheet {
  private var facts: [(name: String, value: String)] = []

  /// - Parameter value: may have several lines; `nil` leaves the fact out.
  mutating func add(_ name: String, _ value: String?) {
    if let value { facts.append((name, printable(value, keepingLines: true))) }
  }

  /// The lines, each with its line feed.
  var text: String {
    let width = (facts.map(\.name.columns).max() ?? 0) + 2
    return facts.map { name, value in
      // By scalars: a line feed after a carriage return is one `Character` with it.
      let lines = value.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
      return name.padded(to: width) + lines.joined(separator: "\n" + String(repeating: " ", count: width)) + "\n"
    }.joined()
  }
}

extension String {
  fileprivate func aligned(right width: Int) -> String {
    String(repeating: " ", count: max(0, width - columns)) + self
  }
}

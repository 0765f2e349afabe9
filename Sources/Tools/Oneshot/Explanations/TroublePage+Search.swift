extension TroublePage {
  /// What was found of a word or a message.
  struct Found: Sendable {
    /// Sections that the word names as a whole.
    var sections: [Section] = []
    /// Rows of others, each with the title of its section.
    var entries: [(section: String, entry: Entry)] = []

    var isEmpty: Bool { sections.isEmpty && entries.isEmpty }
  }

  /// Looks up an exit code, a kind, a reason, a setting, or a message as it was printed.
  ///
  /// What is found as a whole word goes before what only contains it; the longest part of a message goes first.
  func search(_ text: String) -> Found {
    let wanted = text.lowercased()
    let named = sections.filter { section in
      section.codes.contains { $0.lowercased() == wanted } || section.title.lowercased().hasSuffix(": \(wanted)")
    }
    guard named.isEmpty else { return Found(sections: named) }
    let all = sections.flatMap { section in section.entries.map { (section: section.title, entry: $0) } }
    // How well a row fits; 0 is not at all.
    let ways: [(Entry) -> Int] = [
      { $0.patterns.contains { $0.lowercased() == wanted } ? 1 : 0 },
      { $0.patterns.map { Self.matches($0.lowercased(), wanted) ? $0.count : 0 }.max() ?? 0 },
      { $0.seen.lowercased().contains(wanted) ? 1 : 0 },
    ]
    for way in ways {
      let fitting = all.map { (row: $0, fit: way($0.entry)) }.filter { $0.fit > 0 }
      guard !fitting.isEmpty else { continue }
      return Found(entries: fitting.sorted { $0.fit > $1.fit }.map(\.row))
    }
    return Found()
  }

  /// Whether a message contains a pattern, in which `…` stands for any text.
  private static func matches(_ pattern: String, _ message: String) -> Bool {
    var rest = message[...]
    let parts = pattern.split(separator: "…").map { $0.filter { $0 != "«" && $0 != "»" } }
    // A pattern of a few letters would be found in anything.
    guard parts.reduce(0, { $0 + $1.count }) >= 5 else { return false }
    for part in parts {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return true
  }
}

extension TroublePage.Entry {
  /// The texts between backticks.
  var patterns: [String] {
    seen.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
  }
}

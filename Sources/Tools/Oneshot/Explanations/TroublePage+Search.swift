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
  /// What is found as a whole word goes before what only contains it.
  func search(_ text: String) -> Found {
    let wanted = text.lowercased()
    let named = sections.filter { section in
      section.codes.contains { $0.lowercased() == wanted } || section.title.lowercased().hasSuffix(": \(wanted)")
    }
    guard named.isEmpty else { return Found(sections: named) }
    let all = sections.flatMap { section in section.entries.map { (section: section.title, entry: $0) } }
    let ways: [(Entry) -> Bool] = [
      { $0.patterns.contains { $0.lowercased() == wanted } },
      { $0.patterns.contains { Self.matches($0.lowercased(), wanted) } },
      { $0.seen.lowercased().contains(wanted) },
    ]
    for way in ways {
      let entries = all.filter { way($0.entry) }
      if !entries.isEmpty { return Found(entries: entries) }
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

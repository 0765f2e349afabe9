import Foundation
import TestSupport
import Testing

/// Real prose, of many languages and all kinds of signs: the copyright files and manual pages of this machine.
@Suite(.timeLimit(.minutes(15))) struct ProseTests {
  private let catalogue: Catalogue
  private let texts: [String]

  init() async throws {
    catalogue = try await Catalogue()
    texts = try await Self.prose(25)
    try #require(texts.count > 20, "copyright files and manual pages, as any Debian has them")
  }

  @Test
  func `every run of letters or digits finds the documents that have it, so does every beginning, and nothing else`()
    async throws
  {
    for (number, text) in texts.enumerated() {
      try await catalogue.place.execute(
        "insert into assets (id, title, description) values (\(number), 'x', \(catalogue.literal(text)))")
    }
    // In this language a word has no other forms, so what is found is just what the model says.
    let run = try await catalogue.run([], ["REINDEX_ENTITIES": "asset", "REINDEX_LANGUAGE": "simple"])
    try #require(run.exitCode == 0 && run.count("inserted") == texts.count, "\(run.output)")

    let words = texts.map { Set(Self.words(of: $0)) }
    func expect(_ query: String, is match: (String) -> Bool) async throws {
      let wanted = words.indices.filter { words[$0].contains(where: match) }.map(String.init).joined(separator: " ")
      #expect(try await catalogue.found(query) == wanted, "\(query)")
    }
    var random = SeededGenerator(19)
    for some in words.map({ $0.sorted().shuffled(using: &random).prefix(8) }) {
      for word in some { try await expect(word) { $0 == word } }
      for word in some.filter({ $0.unicodeScalars.count > 2 }).prefix(4) {
        let scalars = word.unicodeScalars
        let beginning = String(
          String.UnicodeScalarView(scalars.prefix(Int.random(in: 3...scalars.count, using: &random))))
        try await expect(beginning + "*") { $0.unicodeScalars.starts(with: beginning.unicodeScalars) }
      }
    }
  }

  /// Runs of letters or digits as search() compares them, but for those of scripts without blanks.
  private static func words(of text: String) -> [String] {
    let seen = text.unicodeScalars.filter { !["\u{AD}", "\u{200B}", "\u{200E}", "\u{200F}", "\u{FEFF}"].contains($0) }
    let folded = String(String.UnicodeScalarView(seen)).precomposedStringWithCompatibilityMapping.lowercased()
      .replacing("ß", with: "ss").replacing("ς", with: "σ")
    return folded.unicodeScalars.split { !isOfWords($0) }.map { String(String.UnicodeScalarView($0)) }
      .filter { $0.utf8.count < 2000 }
  }

  private static func isOfWords(_ scalar: Unicode.Scalar) -> Bool {
    let isMark = [.nonspacingMark, .spacingMark, .enclosingMark].contains(scalar.properties.generalCategory)
    let hasBlanks = scalar.value < 0xE00 || 0x1E00..<0x3000 ~= scalar.value || 0xAC00..<0xD7A4 ~= scalar.value
    return hasBlanks && (isMark || scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
  }

  /// The first 20,000 bytes of files from everywhere among those that are there.
  private static func prose(_ count: Int) async throws -> [String] {
    func some(_ folder: String, _ ending: String) -> [String] {
      let paths = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
        .filter { $0.hasSuffix(ending) }.sorted()
      return stride(from: 0, to: paths.count, by: max(1, paths.count / count)).map { "\(folder)/\(paths[$0])" }
    }
    let script = "zcat -f \"$0\" | head -c 20000 | iconv -c -f utf-8 -t utf-8"
    var texts: [String] = []
    for path in some("/usr/share/doc", "/copyright") + some("/usr/share/man", ".gz") {
      let text = try await Binary(path: "/bin/sh").run(["-c", script, path]).output
      if words(of: text).count > 20 { texts.append(text) }
    }
    return texts
  }
}

import Foundation
import TestSupport
import Testing

/// What pages lead to.
@Suite struct LinkTests {
  /// README, the pages of docs/ and of findings/, from the package's folder.
  private static var pages: [String] {
    let folders = ["docs", "docs/jobs", "docs/decisions", "findings"]
    let inside = folders.flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: Page.url(folder).path)) ?? []).map { "\(folder)/\($0)" }
    }
    return (["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + inside.sorted()).filter { $0.hasSuffix(".md") }
  }

  @Test func `each link between files leads to one that is there, and to a heading that it has`() throws {
    var checked = 0
    for path in Self.pages {
      let text = try Page(path).text
      for link in text.matches(of: #/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/#) where !link.1.contains("://") {
        let page = Page.url(path)
        let target = link.1.isEmpty ? page : page.deletingLastPathComponent().appending(path: String(link.1))
        #expect(FileManager.default.fileExists(atPath: target.path), "\(path) leads to \(link.1), which is not there")
        if let heading = link.2, target.path.hasSuffix(".md"),
          let there = try? String(contentsOf: target, encoding: .utf8)
        {
          #expect(Self.anchors(of: there).contains(String(heading)), "\(path) leads to \(link.1)#\(heading)")
        }
        checked += 1
      }
    }
    #expect(checked > 100)
  }

  /// The names that headings are led to by, as GitHub makes them: small letters, no punctuation, `-` for each blank.
  private static func anchors(of text: String) -> Set<String> {
    var found: [String] = []
    for line in text.split(separator: "\n") where line.hasPrefix("#") {
      let title = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
      let kept = title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
      let name = kept.replacing(" ", with: "-")
      let before = found.count { $0 == name || $0.hasPrefix(name + "-") && Int($0.dropFirst(name.count + 1)) != nil }
      found.append(before == 0 ? name : "\(name)-\(before)")
    }
    return Set(found)
  }
}

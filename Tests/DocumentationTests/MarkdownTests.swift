import Foundation
import TestSupport
import Testing

/// What readers of README, docs/ and findings/ see: whole tables, links that lead somewhere, pages that can be found.
@Suite struct MarkdownTests {
  @Test func `each link between files leads to one that is there, and to a heading that it has`() throws {
    let pages = try Markdown.all()
    let headings = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, Set($0.headings.map(\.anchor))) })
    var checked = 0
    for page in pages {
      for link in page.links where !link.target.contains(":") {
        let path = Self.path(of: link.target, from: page)
        #expect(
          FileManager.default.fileExists(atPath: Page.url(path).path),
          "\(page.path) leads to \(link.target), which is not there")
        if let anchor = link.anchor, let there = headings[path] {
          #expect(there.contains(anchor), "\(page.path) leads to \(link.target)#\(anchor)")
        }
        checked += 1
      }
    }
    #expect(checked > 100)
  }

  @Test func `each table has a head, and as many cells in each row`() throws {
    for page in try Markdown.all() { #expect(page.brokenTables == []) }
  }

  @Test(arguments: [
    ("| a | b |\n|---|---|\n| 1 | 2 |\n", 0), ("| a | b |\n|---|---|\n\n| 1 | 2 |\n", 1),
    ("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n", 1), ("| a | b |\n|---|---|\n| 1 \\| 2 | 3 |\n", 0),
    ("| a | b |\n| 1 | 2 |\n", 1), ("| a |\n|---|---|\n", 1), ("| a | b |\n|---|---|\n| 1 | 2\n", 2),
    ("```\n| a |\n| b | c |\n```\n", 0),
  ]) func `a table without a head, and a row of other cells, are found`(text: String, faults: Int) {
    #expect(Markdown("page", text).brokenTables.count == faults)
  }

  @Test func `no two headings of a page are one to a reader`() throws {
    for page in try Markdown.all() {
      let names = page.headings.map { $0.title.lowercased() }
      #expect(names.filter { name in names.count { $0 == name } > 1 } == [], "\(page.path)")
      let anchors = page.headings.map(\.anchor)
      #expect(Set(anchors).count == anchors.count, "\(page.path): \(anchors)")
    }
  }

  @Test func `who follows links from README comes to every page`() throws {
    let pages = try Markdown.all()
    var found: Set<String> = []
    var next = ["README.md"]
    while let path = next.popLast() {
      guard found.insert(path).inserted, let page = pages.first(where: { $0.path == path }) else { continue }
      for link in page.links where !link.target.contains(":") {
        let target = Self.path(of: link.target, from: page)
        next += pages.map(\.path).filter { $0 == target || $0.hasPrefix(target + "/") && !target.isEmpty }
      }
    }
    #expect(Set(pages.map(\.path)).subtracting(found) == [])
  }

  @Test func `the README stays short`() throws {
    #expect(try Page("README.md").text.split(separator: "\n", omittingEmptySubsequences: false).count <= 151)
  }

  /// From the project's root; the page itself for a link that names its own heading alone.
  private static func path(of target: String, from page: Markdown) -> String {
    if target.isEmpty { return page.path }
    let root = Page.url("").standardizedFileURL.path
    let file = Page.url(page.path).deletingLastPathComponent().appending(path: target).standardizedFileURL.path
    guard file.hasPrefix(root) else { return "../" }
    return file.dropFirst(root.count).split(separator: "/").joined(separator: "/")
  }
}

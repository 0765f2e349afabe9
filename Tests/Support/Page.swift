package import Foundation

/// A page of the documentation: tests try what it has its readers copy, and hold its tables against the code.
package struct Page {
  private let url: URL
  package let text: String

  /// - Parameter path: from the project's root: `docs/jobs/reindex.md`.
  package init(_ path: String) throws {
    url = Self.url(path)
    text = try String(contentsOf: url, encoding: .utf8)
  }

  /// Where a file or folder of the project is.
  package static func url(_ path: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../\(path)").standardizedFileURL
  }

  /// The code block behind `<!-- name -->`.
  package func code(_ name: String, _ language: String = "sql") throws -> String {
    guard let start = text.range(of: "<!-- \(name) -->\n```\(language)\n")?.upperBound,
      let end = text.range(of: "```", range: start..<text.endIndex)?.lowerBound
    else { throw TestFailure("\(url.lastPathComponent) has no block «\(name)»") }
    return String(text[start..<end])
  }

  /// What stands between `<!-- name -->` and `<!-- end -->`.
  package func part(_ name: String) throws -> String { String(text[try range(of: name)]) }

  package func replacePart(_ name: String, with new: String) throws {
    try text.replacingCharacters(in: range(of: name), with: new).write(to: url, atomically: true, encoding: .utf8)
  }

  private func range(of name: String) throws -> Range<String.Index> {
    guard let start = text.range(of: "<!-- \(name) -->\n")?.upperBound,
      let end = text.range(of: "<!-- end -->", range: start..<text.endIndex)?.lowerBound
    else { throw TestFailure("\(url.lastPathComponent) has no part «\(name)»") }
    return start..<end
  }
}

extension Place {
  /// Creates the tables of an application that a job's page shows, where it shows any: `<!-- application -->`.
  package func createTables(of job: String) async throws {
    let page = try Page("docs/jobs/\(job).md")
    if page.text.contains("<!-- application -->") { try await execute(page.code("application")) }
  }
}

import Foundation
import TestSupport
import Testing

/// What `make lint` says about the words of pages, help and messages (`Tests/Lint/words.py`).
@Suite(.timeLimit(.minutes(1))) struct WordsTests {
  private func lint(_ root: String) async throws -> (exitCode: Int32, output: String) {
    let run = try await Binary(path: Page.url("Tests/Lint/words.py").path).run([root])
    return (run.exitCode, run.output + run.errors)
  }

  /// What is said of a project of one file.
  private func lint(_ text: String, as path: String) async throws -> (exitCode: Int32, output: String) {
    let folder = try TemporaryFolder()
    let file = URL(filePath: folder.path).appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
    return try await lint(folder.path)
  }

  @Test func `pages, help and messages have no word of the list, and no long line`() async throws {
    let found = try await lint(Page.url("").path)
    #expect(found.exitCode == 0, "\(found.output)")
  }

  @Test(arguments: [
    "It begins anew.", "a board of one's own", "a table of\nits own", "The log tells it.", "nobody is told",
    "Mend the key.", "at most 63 letters", "a passing failure", "The letters stay asked.",
  ]) func `each is found in a page and in a message, also over a line's end`(sentence: String) async throws {
    let page = try await lint("# A page\n\n\(sentence)\n", as: "docs/deep/page.md")
    #expect(page.exitCode == 1 && page.output.hasPrefix("docs/deep/page.md:3: «"), "\(page.output)")
    let literal = sentence.contains("\n") ? "\"\"\"\n  \(sentence)\n  \"\"\"" : "\"\(sentence)\""
    let message = try await lint("let hint =\n  \(literal)\n", as: "Sources/Some/File.swift")
    #expect(message.exitCode == 1 && message.output.hasPrefix("Sources/Some/File.swift:"), "\(message.output)")
  }

  @Test(arguments: [
    ("docs/page.md", "The kind `untold`.\n\n```\nhe tells anew\n```\n\n[again](told.md) for dead letters\n"),
    (
      "Sources/Some/File.swift",
      "let a = \"told.sql\"  // `told`, asked for by its own\nlet b = \"at \\(told) and {told}\"\n"
    ),
  ]) func `code, names and values are nobody's words`(path: String, text: String) async throws {
    let found = try await lint(text, as: path)
    #expect(found.exitCode == 0, "\(found.output)")
  }

  @Test func `each is found in comments of Swift and SQL, but for those that comments may have`() async throws {
    let swift = try await lint("/// Begins anew.\nlet a = 1\n", as: "Sources/Some/File.swift")
    #expect(swift.exitCode == 1 && swift.output.hasPrefix("Sources/Some/File.swift:1: «anew»"), "\(swift.output)")
    let sql = try await lint("select 1 -- tells it\n", as: "Sources/Jobs/Some/sql/a.sql")
    #expect(sql.exitCode == 1 && sql.output.hasPrefix("Sources/Jobs/Some/sql/a.sql:1: «tells»"), "\(sql.output)")
    let allowed = try await lint("// What was asked for has a thread of its own.\n", as: "Sources/Some/File.swift")
    #expect(allowed.exitCode == 0, "\(allowed.output)")
  }

  @Test func `a long line is found, but not a row of a table or what cannot be broken`() async throws {
    let (words, word) = (String(repeating: "word ", count: 30), String(repeating: "x", count: 130))
    #expect(try await lint("\(words)\n", as: "README.md").output.hasPrefix("README.md:1: 150 characters"))
    let allowed = "| \(words) |\n|---|\n\n`\(words)`\n\n\(word)\n"
    let found = try await lint(allowed, as: "README.md")
    #expect(found.exitCode == 0, "\(found.output)")
  }
}

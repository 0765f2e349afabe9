import Foundation
import Testing

@testable import JobRuntime

@Suite struct SmallFileTests {
  /// A folder of a test's own.
  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "small-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func `a file is replaced by another one, not written over`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "a.prom").path
      try SmallFile.replace(path, with: "first, and longer")
      let old = try FileHandle(forReadingFrom: URL(filePath: path))
      try SmallFile.replace(path, with: "second")
      // Who has the old one open still sees it whole.
      #expect(try old.readToEnd() == Data("first, and longer".utf8))
      #expect(try SmallFile.read(path) == "second")
      #expect(try names(in: folder) == ["a.prom"])
    }
  }

  @Test func `two drafts of one file in one process are two: none takes away the other's, and leftovers go in time`()
    throws
  {
    try inFolder { folder in
      let path = folder.appending(path: "a.html").path
      let (one, other) = (try FileDraft(of: path, "one"), try FileDraft(of: path, "other"))
      one.discard()
      try other.publish()
      #expect(try SmallFile.read(path) == "other")
      #expect(try names(in: folder) == ["a.html"])
      let killed = try FileDraft(of: path, "killed")
      FileDraft.removeLeftovers(of: path)
      #expect(try names(in: folder).count == 2)
      FileDraft.removeLeftovers(of: path, olderThan: -2)
      #expect(try names(in: folder) == ["a.html"])
      killed.discard()
    }
  }

  @Test func `what cannot be replaced stays, and nothing is left beside it`() throws {
    try inFolder { folder in
      try FileManager.default.createDirectory(at: folder.appending(path: "a.prom"), withIntermediateDirectories: false)
      #expect(throws: SmallFile.Failure.self) {
        try SmallFile.replace(folder.appending(path: "a.prom").path, with: "x")
      }
      #expect(throws: SmallFile.Failure.self) {
        try SmallFile.replace(folder.appending(path: "no/b.prom").path, with: "x")
      }
      #expect(try names(in: folder) == ["a.prom"])
    }
    #expect(throws: SmallFile.Failure.self) { try SmallFile.replace("/dev/null", with: "x") }
    var facts = stat()
    #expect(stat("/dev/null", &facts) == 0 && facts.st_mode & S_IFMT == S_IFCHR)
  }
}

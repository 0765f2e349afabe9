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

  /// As in a transaction that is repeated, because its connection was lost during COMMIT.
  @Test func `a draft that is published once more stays, and over another one it is not`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "a.html").path
      let one = try FileDraft(of: path, "one")
      try one.publish()
      try one.publish()
      #expect(try SmallFile.read(path) == "one")
      #expect(try names(in: folder) == ["a.html"])
      try FileDraft(of: path, "other").publish()
      #expect(throws: SmallFile.Failure.self) { try one.publish() }
      #expect(try SmallFile.read(path) == "other")
    }
  }

  @Test func `a symbolic link is not followed, and stays`() throws {
    try inFolder { folder in
      let (link, target) = (folder.appending(path: "a.prom").path, folder.appending(path: "secret").path)
      try "kept".write(toFile: target, atomically: true, encoding: .utf8)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
      for write in [SmallFile.write, { text, path in try SmallFile.replace(path, with: text) }] {
        let failure = try #require(throws: SmallFile.Failure.self) { try write("x", link) }
        #expect(failure == .symbolicLink)
      }
      #expect(try SmallFile.read(target) == "kept")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
      #expect(try names(in: folder) == ["a.prom", "secret"])
    }
  }

  @Test func `what is written is replaced where it can be, and written over where it is a pipe`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "result").path
      try SmallFile.write("first, and longer", to: path)
      let old = try FileHandle(forReadingFrom: URL(filePath: path))
      try SmallFile.write("second", to: path)
      #expect(try old.readToEnd() == Data("first, and longer".utf8) && SmallFile.read(path) == "second")
      let pipe = folder.appending(path: "pipe").path
      #expect(mkfifo(pipe, 0o600) == 0)
      let reader = open(pipe, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      try SmallFile.write("third", to: pipe)
      var bytes = [UInt8](repeating: 0, count: 10)
      #expect(Foundation.read(reader, &bytes, bytes.count) == 5)
      #expect(try names(in: folder) == ["pipe", "result"])
    }
  }

  @Test func `a pipe is read to its end, and one that nobody writes to is an error`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "pipe").path
      #expect(mkfifo(path, 0o600) == 0)
      let failure = try #require(throws: SmallFile.Failure.self) { try SmallFile.read(path) }
      #expect("\(failure)".contains("it is a pipe"))
      Thread.detachNewThread {
        // Waits for the reader.
        let writer = open(path, O_WRONLY)
        for piece in ["one, ", "two"] { writeAll(piece, to: writer) }
        close(writer)
      }
      #expect(try SmallFile.read(path) == "one, two")
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

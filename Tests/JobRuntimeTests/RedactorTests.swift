import Foundation
import Testing

@testable import JobRuntime

@Suite struct RedactorTests {
  @Test(arguments: ["p@ss/w%rd é", "p%40ss%2Fw%25rd%20%C3%A9", "p%40ss/w%25rd+%c3%a9", "%70@ss%2fw%rd é"])
  func `a secret is found as it is, and in whatever way a URL may hold it`(text: String) {
    #expect(Redactor(["p@ss/w%rd é"]).redact("a \(text), \(text)") == "a ***, ***")
  }

  @Test(arguments: ["p%41ss%2Fw%25rd%20%C3%A9", "p%40ss%2Fw%25rd%20%C3", "p%4", "%"])
  func `what is another text in a URL stays`(text: String) {
    #expect(Redactor(["p@ss/w%rd é"]).redact(text) == text)
  }

  @Test(arguments: [
    ("is hunter2.", "is ***."), ("hunter2", "***"), ("hunter2hunter2", "******"),
    ("hunterr2 hunter", "hunterr2 hunter"),
    ("hhunter2", "h***"), ("postgresql://u:hunter2@h", "***"), ("", ""), ("\0hunter2\n", "\0***\n"),
    ("hunter2\u{301}", "***\u{301}"),
  ])
  func `a secret is taken out wherever it stands`(text: String, wanted: String) {
    let redactor = Redactor(["hunter2", "postgresql://u:hunter2@h"])
    #expect(Array(redactor.redact(text).utf8) == Array(wanted.utf8))
  }

  @Test func `short secrets are not looked for`() {
    #expect(Redactor(["a", "abc", ""]).redact("abc a") == "abc a")
  }

  @Test func `a secret is taken out of every text of a JSON value`() {
    let redactor = Redactor(["hunter2"])
    let value: JSON = ["a": "x hunter2", "b": ["hunter2", ["c": "hunter2"], 5]]
    #expect(redactor.redact(value) == ["a": "x ***", "b": ["***", ["c": "***"], 5]])
  }

  /// What a log writes into a file.
  private func logged(_ format: Log.Format, _ secret: String) throws -> String {
    let path = FileManager.default.temporaryDirectory.appending(path: "oneshot-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    let file = try #require(FileHandle(forWritingAtPath: path))
    let log = Log(
      to: Terminal(descriptor: file.fileDescriptor), format: format, level: .debug, job: "job", runID: "id",
      redactor: Redactor([secret]), now: { Timestamp(seconds: 0) })
    log.info("message \(secret)", ["fact": .string("fact \(secret)"), "list": [.string(secret)]])
    try file.close()
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test(arguments: ["hunter2", #"hun"ter\2"#, "hun\tter\n2", "hün😀ter"])
  func `a secret reaches no log whatever its letters`(secret: String) throws {
    for format in [Log.Format.json, .text] {
      let text = try logged(format, secret)
      #expect(text.contains("***"))
      #expect(!text.contains(secret))
      #expect(!text.contains(JSON.string(secret).text.dropFirst().dropLast()))
      #expect(text.split(separator: "***", omittingEmptySubsequences: false).count == 4)
      #expect(text.count { $0 == "\n" } == 1)
    }
  }
}

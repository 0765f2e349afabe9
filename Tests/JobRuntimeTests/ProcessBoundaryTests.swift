import Foundation
import Testing

/// What a run is given, it is given by its surroundings.
@Suite struct ProcessBoundaryTests {
  @Test func `only one folder touches the process`() throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources").standardized
    let touching =
      /\b_?exit\(|CommandLine\.arguments|\benviron\b|\bSTD(IN|OUT|ERR)_FILENO\b|makeSignalSource|\bsignal\(\w+, SIG|\bgetpid\(|\bget(e?uid|pwuid|env)\(|\bgethostname\(|\bCLOCK_REALTIME\b|\breadLine\(/
    let files = try #require(FileManager.default.enumerator(atPath: sources.path)).compactMap { $0 as? String }
    let swift = files.filter { $0.hasSuffix(".swift") }
    #expect(swift.count > 100)
    let found = try swift.filter { file in
      try String(contentsOf: sources.appending(path: file), encoding: .utf8).contains(touching)
    }
    // A child gets the bytes that this process got, which the surroundings have as texts.
    let passingOn = "ChildProcess/Program+Running.swift"
    #expect(found.filter { !$0.hasPrefix("JobRuntime/Process/") } == [passingOn])
    #expect(!found.isEmpty)
    // Who asks that folder is what starts a binary.
    let asking = try swift.filter { file in
      try String(contentsOf: sources.appending(path: file), encoding: .utf8).contains(/\bThisProcess\.\w/)
    }
    #expect(asking.filter { !$0.hasPrefix("JobRuntime/Process/") } == ["Tools/Oneshot/Oneshot.swift"])
  }
}

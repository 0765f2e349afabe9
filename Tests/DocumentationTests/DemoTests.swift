import Foundation
import TestSupport
import Testing

/// What `make demo` shows, on the binaries of the tests.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isOutboxBuilt)) struct DemoTests {
  @Test func `the demo runs to its end: a killed run's events count once, and of a dead relay's mails one is in doubt`()
    async throws
  {
    let folder = try TemporaryFolder()
    let servers = Binary(path: "\(Compiler.root)/Tests/Support/private-servers.sh")
    let binaries = [TraitBuild.outbox, Binary("oneshot")].map { $0.url.deletingLastPathComponent().path }
    let demo = try await servers.run(["\(Compiler.root)/Tests/Demo/demo.sh"] + binaries, ["TMPDIR": folder.path])
    #expect(demo.exitCode == 0, "\(demo.output.suffix(3000))\n\(demo.errors.suffix(3000))")
    #expect(demo.output.contains("12000 | 12000000"))
    #expect(demo.output.contains("queued |        6 |        1"), "one message is in doubt")
    #expect(demo.output.contains("11 messages arrived, 1 of them twice:"))
    #expect(demo.output.contains("delivered |      10"))
    #expect(demo.output.contains("holiday  | made") && demo.output.contains("diary    | impossible"))
    #expect(demo.output.components(separatedBy: "TAG:location=").count == 2, "the source says where it was made")
    #expect(demo.output.contains("That was all."))
    let page = try String(contentsOfFile: "\(folder.path)/oneshot-report.html", encoding: .utf8)
    #expect(page.contains("the demo"))
  }
}

import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct AlertsTests {
  @Test func `the README's alerts are rules to Prometheus`() async throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../README.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let rules = try #require(text.firstMatch(of: /(?s)<!-- alerts -->\n```yaml\n(.*?)```/)).output.1
    let path = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID()).yml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try String(rules).write(toFile: path, atomically: true, encoding: .utf8)
    let check = try await Binary(path: "/usr/bin/promtool").run(["check", "rules", path])
    #expect(check.exitCode == 0 && check.output.contains("2 rules found"), "\(check.output)\(check.errors)")
  }
}

import Foundation
import TestSupport
import Testing

/// The tools of Tests/Support/python-tools.txt, and the scripts of Tests/Deploy, which they run.
enum DeployTools {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
  private static var python: String { root.appending(path: ".build/python/bin/python").path }

  /// Whether they are installed; says so when they are not.
  static func areThere(for what: String) -> Bool {
    if FileManager.default.isExecutableFile(atPath: python) { return true }
    skipped(what, because: "the tools in .build/python are missing (Tests/Support/python-tools.sh makes them)")
    return false
  }

  /// The folder where the built binaries lie.
  static var binaries: String { Binary("oneshot").url.deletingLastPathComponent().path }

  static func run(_ script: String, _ arguments: [String] = [], _ settings: [String: String] = [:]) async throws
    -> Binary.Outcome
  {
    // Some of them keep something there.
    let home = try TemporaryFolder()
    return try await Binary(path: python).run(
      [root.appending(path: script).path] + arguments,
      [
        "HOME": home.path, "ONESHOT_BINARIES": binaries, "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": root.appending(path: "k8s").path,
      ].merging(settings) { $1 })
  }

  /// Expects of a file of Python tests that it ran some, and that all passed.
  static func expectPassed(_ tests: Binary.Outcome) {
    #expect(tests.exitCode == 0, "\(tests.output)\(tests.errors)")
    #expect(tests.errors.contains(/Ran [1-9][0-9]* tests? in/), "\(tests.errors)")
  }
}

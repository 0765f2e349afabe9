import Foundation
import TestSupport

/// A run whose log can be read while it goes on.
final class LoggedRun: Sendable {
  let process: Binary.Running
  private let path: String

  init(_ environment: [String: String], _ arguments: [String] = []) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "oneshot-log-\(UUID())").path
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { throw TestFailure("no file for the log") }
    process = try Usage.binary.start(arguments, environment, stderr: file)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var log: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

  /// Waits until a line of the log says this.
  func until(logs text: String) async throws {
    try await eventually {
      if log.contains(text) { return true }
      guard process.isRunning else {
        throw TestFailure("the run ended before it logged «\(text)»: \(await process.outcome().output)\(log)")
      }
      return false
    }
  }

  /// Waits for the end.
  func outcome() async -> Binary.Outcome {
    var outcome = await process.outcome()
    outcome.errors = log
    return outcome
  }
}

import Foundation
import TestSupport

/// A place where programs run under `job-exec`.
struct Executed: Sendable {
  let place: Place
  let folder: TemporaryFolder

  /// - Parameter servers: a test's own; without them the ones that all share.
  init(on servers: PrivateServers? = nil) async throws {
    place = try await Place(on: servers)
    folder = try TemporaryFolder()
  }

  /// Starts a line of shell; `$WORK` is a folder of the test's own.
  func start(
    _ script: String, name: String = "nightly-export", _ settings: [String: String] = [:]
  ) throws -> Binary.Running {
    try start(["sh", "-c", script], name: name, settings)
  }

  func start(
    _ command: [String], name: String = "nightly-export", _ settings: [String: String] = [:]
  ) throws -> Binary.Running {
    let environment = place.environment.merging(["WORK": folder.path, "JOB_BACKOFF_MAX": "1ms"]) { $1 }
    return try Binary("job-exec").start(
      ["--name", name, "--"] + command, environment.merging(settings) { $1 })
  }

  func run(
    _ script: String, name: String = "nightly-export", _ settings: [String: String] = [:]
  ) async throws -> Binary.Outcome {
    try await start(script, name: name, settings).outcome()
  }

  /// What a program has written into a file; empty before it is there.
  func text(_ file: String) -> String {
    (try? String(contentsOfFile: "\(folder.path)/\(file)", encoding: .utf8)) ?? ""
  }

  /// Waits until a program has written a whole line into a file.
  func line(_ file: String) async throws -> String {
    try await eventually { text(file).hasSuffix("\n") }
    return text(file).trimmingCharacters(in: .newlines)
  }

  /// Waits for a process to be gone; one that nobody has taken the end of counts as gone.
  func gone(_ process: String) async throws {
    try await eventually {
      guard let facts = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
      return facts.split(separator: ")").last?.hasPrefix(" Z") ?? true
    }
  }
}

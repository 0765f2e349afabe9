import Foundation
import TestSupport

/// Somebody with a ledger and the command `oneshot`.
struct Operator: Sendable {
  static let oneshot = Binary("oneshot")

  let place: Place

  init(at place: Place? = nil) async throws {
    if let place { self.place = place } else { self.place = try await Place() }
  }

  func run(_ words: String..., settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await Self.oneshot.run(words, place.environment.merging(settings) { $1 })
  }

  /// Writes a run into the ledger.
  ///
  /// - Parameters:
  ///   - number: the id's last digits; the ids of numbers under a hundred have the same beginning.
  ///   - values: SQL for columns that are not as usual.
  @discardableResult
  func add(_ number: Int, job: String = "reindex", _ values: [String: String] = [:]) async throws -> String {
    let id = "01a1ff42-bc8d-7131-b048-0000000000" + (number < 10 ? "0" : "") + "\(number)"
    let columns = [
      "run_id": "'\(id)'", "job": "'\(job)'", "shard": "0", "shard_count": "1", "scheduled_at": "now()",
      "scheduled_by": "'clock'", "forced": "false", "status": "'succeeded'", "attempt": "1", "fence": "\(number)",
      "started_at": "now() - interval '\(number) minutes'",
      "finished_at": "now() - interval '\(number) minutes' + interval '2500 milliseconds'", "errors_total": "0",
      "host": "'host'", "version": "'1'",
    ].merging(values) { $1 }
    try await place.execute(
      """
      insert into oneshot.job_runs (\(columns.keys.sorted().joined(separator: ", ")))
      values (\(columns.sorted { $0.key < $1.key }.map(\.value).joined(separator: ", ")))
      """)
    return id
  }

  /// Texts that would move the cursor, set a title, or turn the direction, as SQL.
  static let hostile = #"E'\x1b[2J\x1b]0;owned\x07 \u202Eback\u2066 \u009b31m\r\nforged'"#

  /// Whether a text holds nothing that a terminal obeys.
  static func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n"
        || (scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
          && !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value))
    }
  }
}

/// `oneshot`, or a job, in a terminal, with somebody who reads and types: `script` makes one.
final class TypedCommand: Sendable {
  private let process: Binary.Running
  private let input = Pipe()
  private let folder: TemporaryFolder

  init(
    _ words: [String], _ environment: [String: String], columns: Int = 80, of binary: Binary = Operator.oneshot
  ) throws {
    folder = try TemporaryFolder()
    let line = "stty cols \(columns); exec " + ([binary.url.path] + words).joined(separator: " ")
    process = try Binary(path: "/usr/bin/script").start(
      ["-qefc", line, "\(folder.path)/typescript"], environment.merging(["SHELL": "/bin/sh", "TERM": "xterm"]) { $1 },
      input: input)
  }

  /// What the terminal shows so far.
  var screen: String { (try? String(contentsOfFile: "\(folder.path)/typescript", encoding: .utf8)) ?? "" }

  /// Waits until the terminal shows something.
  func until(shows text: String) async throws {
    try await eventually {
      if screen.contains(text) { return true }
      guard process.isRunning else { throw TestFailure("it ended without showing «\(text)»: \(screen)") }
      return false
    }
  }

  func type(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

  func outcome() async throws -> Binary.Outcome { try await process.outcome(within: .seconds(180)) }

  deinit { input.fileHandleForWriting.closeFile() }
}

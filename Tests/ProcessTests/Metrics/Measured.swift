import Foundation
import TestSupport

/// Runs of the real binary that write their metrics to a file.
struct Measured {
  let place: Place
  let folder: URL
  private let job: Binary

  init(_ job: Binary = Binary("usage-aggregation")) async throws {
    self.job = job
    place = try await Place()
    folder = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Also node_exporter, which may be another user.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  var file: String { folder.appending(path: "job.prom").path }

  var environment: [String: String] { place.environment.merging(["JOB_METRICS_FILE": file]) { $1 } }

  @discardableResult
  func run(_ settings: [String: String] = [:], _ arguments: [String] = []) async throws -> Binary.Outcome {
    try await job.run(arguments, environment.merging(settings) { $1 })
  }

  /// A run that stands still; see `BlockedRun`.
  func blockedRun(_ settings: [String: String] = [:]) async throws -> BlockedRun {
    try await BlockedRun(at: .planning, in: place, ["JOB_METRICS_FILE": file].merging(settings) { $1 }, job)
  }

  func text() throws -> String { try String(contentsOfFile: file, encoding: .utf8) }

  /// Each sample's value, without the labels that all have: `["job_health": "1", "job_runs_total failed": "0"]`.
  func samples() throws -> [String: String] {
    let lines = try text().split(separator: "\n").filter { !$0.hasPrefix("#") }
    return Dictionary(
      uniqueKeysWithValues: lines.map { line in
        let parts = line.split(separator: " ")
        let name = parts[0].replacing("job_name=\"usage-aggregation\"", with: "")
          .replacing(#/,?(variant|server)="[^"]*"/#, with: "")
          .replacing(#/\{,?(status=")?([^"}]*)"?\}/#) { $0.output.2.isEmpty ? "" : " " + $0.output.2 }
        return (String(name), String(parts[1]))
      })
  }

  /// How runs ended, as succeeded, partial, failed, interrupted, and how many failed in a row.
  func counts() throws -> [Int] {
    let samples = try samples()
    let names = ["succeeded", "partial", "failed", "interrupted"].map { "job_runs_total \($0)" }
    return (names + ["job_consecutive_failures"]).map { samples[$0].flatMap { Int($0) } ?? -1 }
  }
}

/// What Prometheus' own checker says; empty when all is well.
func complaint(ofPromtool text: String) async throws -> String {
  let path = FileManager.default.temporaryDirectory.appending(path: "promtool-\(UUID())").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try text.write(toFile: path, atomically: true, encoding: .utf8)
  let check = try await Binary(path: "/bin/sh").run(["-c", "promtool check metrics < \"$0\"", path])
  return check.exitCode == 0 ? check.output + check.errors : "\(check.exitCode): \(check.output)\(check.errors)"
}

import Foundation

/// Two schedules of one binary in the same minute that do different work: both do it, whether one comes after the other or
/// both come at once, and each does it once.
package struct Twins: Sendable {
  package let place: Place
  let binary: Binary
  let slot: String
  let settings: [[String: String]]

  package init(_ place: Place, _ binary: Binary, at slot: String, _ first: [String: String], _ second: [String: String])
  {
    (self.place, self.binary, self.slot, settings) = (place, binary, slot, [first, second])
  }

  package func run(_ index: Int) async throws -> Binary.Outcome {
    try await binary.run(
      [],
      place.environment.merging(["JOB_SCHEDULED_AT": slot, "JOB_LOG_LEVEL": "warning"]) { $1 }
        .merging(settings[index]) { $1 })
  }

  /// Runs both.
  ///
  /// - Throws: what is wrong where one does not succeed, or where a third run of one is no duplicate.
  package func run(atOnce: Bool) async throws {
    if atOnce {
      async let first = run(0)
      async let second = run(1)
      for run in try await [first, second] { try Self.expect(run, run.result["status"].string == "succeeded") }
    } else {
      for index in 0...1 {
        let run = try await run(index)
        try Self.expect(run, run.result["status"].string == "succeeded")
      }
    }
    for index in 0...1 {
      let third = try await run(index)
      try Self.expect(third, third.exitCode == 0 && third.result["reason"].string == "already_done")
    }
  }

  private static func expect(_ run: Binary.Outcome, _ isSo: Bool) throws {
    if !isSo { throw TestFailure("\(run.output)\(run.errors)") }
  }

  /// What `oneshot health` lists.
  package func health(_ expected: String = "") async throws -> [String] {
    let settings = ["HEALTH_EXPECT": expected.isEmpty ? "none=366d" : expected]
    let run = try await Binary("oneshot").run(["health"], place.environment.merging(settings) { $1 })
    return run.output.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().prefix { !$0.isEmpty }
      .compactMap { line in
        line.components(separatedBy: "  ").first { !$0.isEmpty }
      }
  }
}

import TestSupport

@testable import MetricsRollups

/// The model is a plain query over the raw events.
extension Rollups: ModelledJob {
  typealias TestedJob = MetricsRollups

  static let ways = [["ROLLUPS_MODE": "incremental"], ["ROLLUPS_MODE": "rebuild"]]

  static func make(on servers: PrivateServers?) async throws -> Rollups {
    let rollups = try await Rollups(on: servers)
    try await rollups.add(1)
    return rollups
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.execute(
      """
      delete from metric_rollups; delete from oneshot.rollup_positions; delete from oneshot.rollup_queue;
      delete from oneshot.rollup_progress
      """)
  }

  func change(using random: inout SeededGenerator) async throws {
    try await add(
      Int.random(in: 1...40, using: &random), every: "\(Int.random(in: 1...300, using: &random)) minutes")
    let gone = Int.random(in: 0...9, using: &random)
    try await place.execute(
      """
      delete from metric_events where ctid = (select ctid from metric_events order by occurred_at offset \(gone) limit 1)
      """)
  }

  func mistakes() async throws -> [String] { try await differences() }
}

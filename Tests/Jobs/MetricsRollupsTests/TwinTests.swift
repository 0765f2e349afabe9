import Foundation
import TestSupport
import Testing

/// Schedules of one minute that differ in their work alone: other levels, modes, sources.
@Suite(.timeLimit(.minutes(10))) struct TwinTests {
  @Test(
    arguments: [false, true],
    [
      (["ROLLUPS_GRANULARITIES": "daily,weekly,monthly"], "daily,weekly,monthly"),
      (["ROLLUPS_MODE": "rebuild"], "rebuild"), (["ROLLUPS_LOOKBACK": "30d"], "lookback-30d"),
    ])
  func `other levels, a rebuild, a longer look back`(atOnce: Bool, second: ([String: String], String)) async throws {
    let rollups = try await Rollups()
    try await rollups.add(2000)
    let twins = Twins(rollups.place, Rollups.binary, at: Rollups.now, [:], second.0)
    try await twins.run(atOnce: atOnce)
    #expect(try await rollups.differences() == [])
    #expect(
      try await twins.health("metrics-rollups=366d") == ["metrics-rollups", "metrics-rollups:\(second.1)"])
  }

  @Test(arguments: [false, true])
  func `another source`(atOnce: Bool) async throws {
    let rollups = try await Rollups()
    try await rollups.add(500)
    let folder = try TemporaryFolder()
    let source = """
      select metric, entity_type, entity_id, value * 2 as value, occurred_at from metric_events
      where occurred_at >= :window_start and occurred_at < :window_end
      """
    try source.write(toFile: folder.path + "/mirror.sql", atomically: true, encoding: .utf8)
    let twins = Twins(
      rollups.place, Rollups.binary, at: Rollups.now, [:],
      ["ROLLUPS_SOURCES_DIR": folder.path, "ROLLUPS_SOURCES": "mirror", "ROLLUPS_LOOKBACK": "366d"])
    try await twins.run(atOnce: atOnce)
    #expect(try await rollups.differences() == [])
    #expect(
      try await rollups.place.value(
        "select sum(sum) filter (where source = 'mirror') = 2 * sum(sum) filter (where source = 'metric_events') from metric_rollups where granularity = 'daily'"
      ) == "true")
    #expect(try await twins.health() == ["metrics-rollups", "metrics-rollups:of-mirror-lookback-366d"])
  }
}

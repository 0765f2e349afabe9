import Foundation
import TestSupport

/// A place with raw events, and a folder of sources beside them.
struct RollupSources {
  let rollups: Rollups
  private let folder: TemporaryFolder

  init(zone: String = "UTC", on servers: PrivateServers? = nil) async throws {
    rollups = try await Rollups(zone: zone, on: servers)
    folder = try TemporaryFolder()
  }

  /// Writes the texts of sources, each under its name.
  func write(_ texts: [String: String]) throws {
    for (name, text) in texts { try text.write(toFile: path(name), atomically: true, encoding: .utf8) }
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  private func path(_ name: String) -> String { "\(folder.path)/\(name).sql" }

  func run(_ settings: [String: String] = [:], _ arguments: [String] = []) async throws -> Binary.Outcome {
    try await rollups.run(arguments, ["ROLLUPS_SOURCES_DIR": folder.path].merging(settings) { $1 })
  }

  /// What is stored of a source, in few words.
  func stored(_ source: String, _ level: String = "daily") async throws -> [String] {
    try await rollups.place.rows(
      """
      select concat_ws(' ', bucket_start::date, metric, entity_type, entity_id, count, sum) as a from metric_rollups
      where source = '\(source)' and granularity = '\(level)' order by bucket_start, metric, entity_id
      """
    ).map { $0[0] }
  }
}

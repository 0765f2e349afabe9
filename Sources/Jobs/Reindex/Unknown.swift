import JobRuntime
import Postgres

/// An entity with an unknown change, because a trigger could not queue it.
///
/// A pass that reads all of it settles what was noted before it began; what is noted during the pass is left to the
/// next.
struct Unknown: Sendable {
  let entity: String
  let reason: String

  static func noted(_ run: JobRun) async throws -> [Unknown] {
    let noted = try Statement(
      file: "unknown.sql", PackageResources.unknown_sql,
      binding: ["shard": run.shard.index, "shards": run.shard.count])
    return try await run.read(noted).map { row in
      Unknown(entity: try row.value("entity"), reason: try row.value("reason"))
    }
  }

  func warn(_ message: String, _ run: JobRun) {
    run.log.warning(message, ["entity": .string(entity), "reason": .string(String(reason.prefix(200)))])
  }
}

extension Reindex {
  /// Reads every document of entities of which something unknown has changed.
  ///
  /// - Returns: the names of those that could not be read to their end.
  func readUnknown(_ entities: [Entity], _ progress: Progress, _ run: JobRun) async throws -> Set<String> {
    let noted = try await Unknown.noted(run)
    for unknown in noted where !settings.known.contains(unknown.entity) {
      unknown.warn("something unknown has changed in an entity that this run does not index", run)
    }
    let unknown = entities.filter { entity in noted.contains { $0.entity == entity.name } }
    for unknown in noted where entities.contains(where: { $0.name == unknown.entity }) {
      unknown.warn("something unknown has changed in an entity, so all of it is read", run)
    }
    guard !unknown.isEmpty else { return [] }
    return Set(try await readAll(unknown, progress, run).failed.map(\.name))
  }
}

extension Pass {
  /// Assigns the notes on an entity to this pass, which has read nothing of it yet.
  func take(_ entity: Entity) throws -> Statement {
    try unknown("unknown_taken.sql", PackageResources.unknown_taken_sql, entity)
  }

  /// Removes what this pass has taken: it has read all of the entity.
  func settle(_ entity: Entity) throws -> Statement {
    try unknown("unknown_settled.sql", PackageResources.unknown_settled_sql, entity)
  }

  private func unknown(_ file: String, _ text: [UInt8], _ entity: Entity) throws -> Statement {
    try Statement(
      file: file, text,
      binding: [
        "entity": entity.name, "shard": shard.index, "shards": shard.count,
        "pass": "\(key) \(start(of: entity).rfc3339)",
      ])
  }
}

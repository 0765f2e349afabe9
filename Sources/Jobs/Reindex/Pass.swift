import JobRuntime
import Postgres

/// One way through all documents of all entities, which a run that is stopped leaves to the next one of its mode.
struct Pass: Sendable {
  /// A part of an entity's documents that one connection reads, and how far it has got.
  struct Lane: Sendable {
    /// The lane of what has vanished from its source.
    static let ofVanished = -1

    let entity: String
    let number: Int
    var after: String?
    let upto: String?
    var isDone: Bool
    /// How many documents of the source are in the index, of those that were read.
    var present: Int

    init(_ row: Row) throws {
      entity = try row.value("entity")
      number = try row.value("lane")
      after = try row.optional("after_id")
      upto = try row.optional("upto_id")
      isDone = try row.value("is_done")
      present = try row.value("present")
    }
  }

  let mode: Mode
  let shard: Shard
  /// Whether another run has begun it.
  let isResumed: Bool
  let startedAt: Timestamp
  var lanes: [Lane]

  /// Takes up what is left of an earlier pass, or begins one: freezes how far each entity is read and divides it.
  static func begin(
    _ mode: Mode, _ entities: [Entity], parallel: Int, language: String, _ run: JobRun
  ) async throws -> Pass {
    var pass = try await run.isDryRun ? Pass(mode, run) : resume(mode, entities, language: language, run)
    for entity in entities where !pass.lanes.contains(where: { $0.entity == entity.name }) {
      let plan = try entity.statement(
        [PackageResources.lanes_sql], run.isDryRun ? PackageResources.plan_only_sql : PackageResources.plan_sql,
        binding: [
          "mode": mode.rawValue, "entity": entity.name, "shard": run.shard.index, "shards": run.shard.count,
          "source": source(of: entity, language), "started_at": pass.startedAt,
          "fractions": (1...parallel).map { Double($0) / Double(parallel) },
        ]
      ).limited(to: run.timeLeft)
      pass.lanes += try await run.transaction { session in try session.query(plan).map(Lane.init) }
    }
    return pass
  }

  private init(_ mode: Mode, _ run: JobRun, isResumed: Bool = false, startedAt: Timestamp? = nil, lanes: [Lane] = []) {
    self.mode = mode
    shard = run.shard
    self.isResumed = isResumed
    self.startedAt = startedAt ?? run.startedAt
    self.lanes = lanes
  }

  private static func resume(
    _ mode: Mode, _ entities: [Entity], language: String, _ run: JobRun
  ) async throws -> Pass {
    let statement = try Statement(
      file: PackageResources.resume_sql,
      binding: [
        "mode": mode.rawValue, "shard": run.shard.index, "shards": run.shard.count, "entities": entities.map(\.name),
        "sources": entities.map { source(of: $0, language) },
      ])
    let (lanes, startedAt) = try await run.transaction { session in
      let rows = try session.query(statement)
      return (try rows.map(Lane.init), try rows.first?.value("started_at", as: Timestamp.self))
    }
    if !lanes.isEmpty { run.log.info("goes on where an earlier run was stopped") }
    return Pass(mode, run, isResumed: !lanes.isEmpty, startedAt: startedAt, lanes: lanes)
  }

  /// What tells one way of reading an entity from another.
  private static func source(of entity: Entity, _ language: String) -> String {
    language + "\n" + String(decoding: entity.file.text, as: UTF8.self)
  }

  func lanes(of entity: Entity) -> [Lane] { lanes.filter { $0.entity == entity.name && $0.number >= 0 } }

  /// The lane that is done when the entity is.
  func lastLane(of entity: Entity) -> Lane? {
    lanes.first { $0.entity == entity.name && $0.number == Lane.ofVanished }
  }

  /// Where a lane stands, for the statements that move it.
  func names(of lane: Lane) -> [String: any PostgresEncodable] {
    [
      "mode": mode.rawValue, "entity": lane.entity, "shard": shard.index, "shards": shard.count, "lane": lane.number,
      "after": lane.after, "upto": lane.upto,
    ]
  }

  /// Forgets it: the next one begins anew.
  func end(_ run: JobRun) async throws {
    guard !run.isDryRun else { return }
    let statement: Statement = """
      delete from oneshot.reindex_cursors where mode = \(mode.rawValue) and shard = \(shard.index)
      """
    try await run.transaction { session in try session.execute(statement) }
  }
}

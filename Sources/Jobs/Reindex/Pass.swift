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
  /// What its cursors are stored under.
  let key: String
  let action: Action
  let shard: Shard
  /// Since when each entity is read that another run has begun with.
  let resumed: [String: Timestamp]
  private let startedAt: Timestamp
  private let names: [String]
  var lanes: [Lane]

  /// Takes up what is left of an earlier pass, or begins one.
  static func open(
    _ mode: Mode, _ entities: [Entity], _ settings: Reindex.Settings, _ run: JobRun
  ) async throws -> Pass {
    guard Action(mode, isDryRun: run.isDryRun).keepsCursor else { return Pass(mode, entities, run) }
    let resumption = try resumption(mode, entities, language: settings.language, run)
    let (lanes, resumed) = try await run.transaction { tx in
      let rows = try tx.query(resumption)
      let starts = try rows.map {
        (try $0.value("entity", as: String.self), try $0.value("started_at", as: Timestamp.self))
      }
      return (try rows.map(Lane.init), Dictionary(starts) { first, _ in first })
    }
    if !lanes.isEmpty { run.log.info("resuming where an earlier run was stopped") }
    return Pass(mode, entities, run, resumed: resumed, lanes: lanes)
  }

  /// When the entity's first document was read, or will be.
  func start(of entity: Entity) -> Timestamp { resumed[entity.name] ?? startedAt }

  /// Whether what was read first of an entity has since had so long to change that this pass is none of now.
  func isOld(_ entity: Entity) -> Bool { start(of: entity) < startedAt - Self.longest }

  /// A nightly pass that the next night ends is older than this; one that continues after a deploy or a crash is not.
  private static let longest = Duration.hours(12)

  /// Freezes how far an entity is read, and divides it; unless an earlier run has done so.
  mutating func plan(_ entity: Entity, _ settings: Reindex.Settings, _ run: JobRun) async throws {
    guard !lanes.contains(where: { $0.entity == entity.name }) else { return }
    let plan = try entity.statement(
      [.lanes], action.keepsCursor ? .plan : .planOnly,
      binding: [
        "mode": key, "entity": entity.name, "shard": shard.index, "shards": shard.count,
        "source": Self.source(of: entity, settings.language), "started_at": startedAt,
        "lanes": settings.parallel, "fractions": Self.fractions(settings.parallel), "batch": settings.batch,
      ]
    ).limited(to: run.timeLeft)
    let taking = try action.keepsCursor ? take(entity) : nil
    lanes += try await entity.owning(errorsIn: plan) {
      try await run.transaction { tx in
        if let taking { try tx.execute(taking) }
        let rows = try tx.session.read([plan], of: entity.file)[0]
        let nameless: Int = try rows.first?.value("nameless") ?? 0
        guard nameless == 0 else {
          throw SQLFile.Failure("\(entity.file.place): in \(nameless) of its rows the id is null")
        }
        return try rows.map(Lane.init)
      }
    }
  }

  /// Where an entity may be divided: into sixteen parts for each connection, so that one which is fast takes more of them.
  private static func fractions(_ parallel: Int) -> [Double] {
    let most = parallel == 1 ? 1 : parallel * 16
    return (1...most).map { Double($0) / Double(most) }
  }

  private init(
    _ mode: Mode, _ entities: [Entity], _ run: JobRun, resumed: [String: Timestamp] = [:], lanes: [Lane] = []
  ) {
    self.mode = mode
    key = Self.key(mode, run)
    action = Action(mode, isDryRun: run.isDryRun)
    shard = run.shard
    self.resumed = resumed
    startedAt = run.startedAt
    names = entities.map(\.name)
    self.lanes = lanes
  }

  /// Forgets what is of no use any more, and reads what an earlier run of this mode has left to do.
  static func resumption(
    _ mode: Mode, _ entities: [Entity], language: String, _ run: JobRun
  ) throws -> Statement {
    try Statement(
      file: "resume.sql", PackageResources.resume_sql,
      binding: [
        "mode": key(mode, run), "shard": run.shard.index, "shards": run.shard.count, "entities": entities.map(\.name),
        "sources": entities.map { source(of: $0, language) },
      ])
  }

  /// The name under which its cursors are stored: each installation reads the documents at its own pace.
  ///
  /// The table that a rebuild makes is shared by all.
  private static func key(_ mode: Mode, _ run: JobRun) -> String {
    run.instance.isEmpty || mode == .rebuild ? mode.rawValue : "\(run.instance)/\(mode.rawValue)"
  }

  /// What distinguishes one way of reading an entity, and of making documents, from another.
  private static func source(of entity: Entity, _ language: String) -> String {
    "recipe \(Entity.recipe), \(language)\n" + String(decoding: entity.file.text, as: UTF8.self)
  }

  func lanes(of entity: Entity) -> [Lane] { lanes.filter { $0.entity == entity.name && $0.number >= 0 } }

  /// The lane that is done when the entity is.
  func lastLane(of entity: Entity) -> Lane? {
    lanes.first { $0.entity == entity.name && $0.number == Lane.ofVanished }
  }

  /// Where a lane stands, for the statements that move it.
  func names(of lane: Lane) -> [String: any PostgresEncodable] {
    [
      "mode": key, "entity": lane.entity, "shard": shard.index, "shards": shard.count, "lane": lane.number,
      "after": lane.after, "upto": lane.upto,
    ]
  }

  /// Reads where a lane stands; and lets the transaction be committed before it is on the disk.
  func cursor(of lane: Lane) -> Statement {
    """
    select entity, lane, after_id, upto_id, is_done, present, set_config('synchronous_commit', 'off', true)
    from oneshot.reindex_cursors
    where mode = \(key) and entity = \(lane.entity) and shard = \(shard.index) and lane = \(lane.number)
    """
  }

  /// A crash of the server has undone pages that were committed and not on its disk yet.
  struct LostPages: Error {
    /// Where its cursor stands.
    let lane: Lane
  }

  /// Forgets it: the next one begins from scratch.
  func end(_ run: JobRun) async throws {
    guard action.keepsCursor else { return }
    let statement: Statement = """
      delete from oneshot.reindex_cursors
      where mode = \(key) and shard = \(shard.index) and entity = any (\(names)::text[])
      """
    try await run.transaction { tx in try tx.execute(statement) }
  }
}

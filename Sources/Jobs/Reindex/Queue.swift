import JobRuntime
import Postgres

/// What waits in `search_pending`, up to what was there when the run looked first: so the run ends.
struct Queue: Sendable {
  let entity: Entity
  let shard: Shard
  private var after: Int64
  private let upto: Int64

  /// - Returns: `nil` when nothing waits.
  init?(_ entity: Entity, _ run: JobRun) async throws {
    let newest: Statement = "select max(id) as id from search_pending where entity = \(entity.name)"
    guard let id = try await run.read(newest).only().optional("id", as: Int64.self) else {
      return nil
    }
    (self.entity, shard, after, upto) = (entity, run.shard, 0, id)
  }

  /// The next that wait, the oldest first; none when this is the end.
  mutating func next(_ limit: Int, _ run: JobRun) async throws -> [Listing.Item] {
    let statement: Statement = """
      select id, entity_id from search_pending
      where entity = \(entity.name) and id > \(after) and id <= \(upto)
        and (\(shard.count) = 1 or (hashtext(entity_id) & 2147483647) % \(shard.count) = \(shard.index))
      order by id limit \(limit)
      """
    var items: [Listing.Item] = []
    var places: [ExactName: Int] = [:]
    for row in try await run.read(statement) {
      let id: String = try row.value("entity_id")
      after = try row.value("id")
      if let place = places[ExactName(id)] {
        items[place].queued.append(after)
      } else {
        places[ExactName(id)] = items.count
        items.append(Listing.Item(id: id, queued: [after]))
      }
    }
    return items
  }

  /// How many of those that it looked for still wait: what came while the run went on is for the next.
  func left(_ run: JobRun) async throws -> Int {
    let left: Statement = """
      select count(*) as documents from search_pending
      where entity = \(entity.name) and id <= \(upto)
        and (\(shard.count) = 1 or (hashtext(entity_id) & 2147483647) % \(shard.count) = \(shard.index))
      """
    return try await run.read(left).only().value("documents")
  }

  /// How many wait of each of the entities; of none where none do.
  static func waiting(of names: [String], _ run: JobRun) async throws -> [String: Int] {
    let waiting: Statement = """
      select entity, count(*) as documents from search_pending
      where entity = any (\(names)::text[])
        and (\(run.shard.count) = 1 or (hashtext(entity_id) & 2147483647) % \(run.shard.count) = \(run.shard.index))
      group by 1
      """
    let rows = try await run.reading {
      try $0.query(waiting).map { (try $0.value("entity", as: String.self), try $0.value("documents", as: Int.self)) }
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }

  /// Warns of rows that no entity of this run will take.
  static func warnOfOthers(than names: [String], _ run: JobRun) async throws {
    let others: Statement = """
      select entity, count(*) as documents from search_pending where entity <> all (\(names)::text[]) group by 1 limit 20
      """
    for row in try await run.read(others) {
      run.log.warning(
        "documents wait in search_pending of an entity that this run does not index",
        ["entity": .string(try row.value("entity")), "documents": .integer(try row.value("documents"))])
    }
  }
}

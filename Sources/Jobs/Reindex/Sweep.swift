import JobRuntime
import Postgres

/// Takes out of the index what its source no longer has.
struct Sweep: Sendable {
  let entity: Entity
  let pass: Pass
  let batch: Int
  let progress: Progress

  /// - Parameter present: how many documents of the source are in the index, when all of them were read just now.
  ///   If there are as many as the index has, none is too many.
  func carryOut(_ lane: Pass.Lane, present: Int?, _ run: JobRun) async throws {
    var lane = lane
    if pass.action == .load {
      lane.isDone = true  // What is gone was not loaded.
    } else if let present, try await present == count(lane, run) {
      lane.isDone = true
    }
    while !lane.isDone {
      try Task.checkCancellation()
      let ids = try await next(lane, run)
      guard let last = ids.last else { break }
      let gone = try await remove(ids, run)
      progress.add(pass.action == .verify ? Tally(orphaned: gone) : Tally(removed: gone), to: entity)
      try run.checkpoint(progress.report)
      lane.after = last
      try await move(lane, run)
    }
    lane.isDone = true
    try await move(lane, run)
  }

  private func count(_ lane: Pass.Lane, _ run: JobRun) async throws -> Int {
    let statement = try Statement(
      file: "count_stored.sql", PackageResources.count_stored_sql, binding: pass.names(of: lane)
    )
    .limited(to: run.timeLeft)
    return try await run.read(statement).only().value("documents")
  }

  private func next(_ lane: Pass.Lane, _ run: JobRun) async throws -> [String] {
    let statement = try Statement(
      file: "next_stored.sql", PackageResources.next_stored_sql,
      binding: pass.names(of: lane).merging(["limit": batch]) { $1 }
    ).limited(to: run.timeLeft)
    return try await run.read(statement).map { try $0.value("entity_id") }
  }

  private func remove(_ ids: [String], _ run: JobRun) async throws -> Int {
    do {
      return try await remove(ids, run, listed: .listedIDs)
    } catch PostgresError.server(let error) where error.state.isOfAValue {
      // Ids that the source could not have, since those it has are of another type.
      return try await remove(ids, run, listed: .listedAsText)
    }
  }

  private func remove(_ ids: [String], _ run: JobRun, listed: SQLFragment) async throws -> Int {
    let removal: [SQLFragment] = pass.action == .write ? [.goneRemoved] : []
    let statement = try entity.statement(
      [listed, .gone] + removal, .goneIDs,
      binding: ["entity": entity.name, "ids": ids]
    ).limited(to: run.timeLeft)
    return try await entity.owning(errorsIn: statement, but: \.isOfAValue) {
      try await run.transaction { tx in
        let gone = try tx.session.read([statement], of: entity.file)[0].map {
          try $0.value("entity_id", as: String.self)
        }
        if pass.action == .verify { try tx.reject(gone.map { .orphaned($0, in: entity) }) }
        return gone.count
      }
    }
  }

  private func move(_ lane: Pass.Lane, _ run: JobRun) async throws {
    guard pass.action.keepsCursor else { return }
    let statement: Statement = """
      update oneshot.reindex_cursors set after_id = \(lane.after), is_done = \(lane.isDone), moved_at = now()
      where mode = \(pass.key) and entity = \(entity.name) and shard = \(pass.shard.index)
        and lane = \(lane.number)
      """
    try await run.transaction { tx in try tx.execute(statement) }
  }
}

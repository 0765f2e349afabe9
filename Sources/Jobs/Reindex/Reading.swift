import JobRuntime
import Postgres

/// Reads a lane to its end, a page in each transaction. A page that fails is read again in halves, until the document is
/// found that it fails for.
struct Reading: Sendable {
  let entity: Entity
  let pass: Pass
  let settings: Reindex.Settings
  let pace: Pace
  let progress: Progress

  /// - Returns: how many documents of the lane's sources are in the index.
  func read(_ lane: Pass.Lane, _ run: JobRun) async throws -> Int {
    var (lane, size) = (lane, settings.batch)
    while !lane.isDone {
      try Task.checkCancellation()
      let limit = try await pace.next(size, run)
      do {
        try await read(limit, of: &lane, run)
        size = min(settings.batch, size * 2)
      } catch let PostgresError.server(error) where error.state.isOfOneDocument {
        guard limit == 1 else {
          size = limit / 2
          continue
        }
        try await setAside(error, of: &lane, run)
      }
      try run.checkpoint(progress.report())
      run.log.progress("read", progress.read)
    }
    return lane.present
  }

  private func read(_ limit: Int, of lane: inout Pass.Lane, _ run: JobRun) async throws {
    let statement = try (run.isDryRun ? look(limit, at: lane) : write(limit, of: lane)).limited(to: run.timeLeft)
    let batch = try await run.transaction { session in
      let batch = try Batch(session.pipeline([Self.relaxed, statement])[1], of: entity)
      try run.reject(batch.failures, in: session)
      return batch
    }
    progress.add(batch.tally, to: entity.name)
    lane.present += batch.present
    lane.after = batch.last ?? lane.after
    lane.isDone = batch.tally.read < limit
  }

  /// A server that crashes may lose the last batches together with their cursor; the next run does them again.
  private static let relaxed: Statement = "set local synchronous_commit = off"

  private func values(_ limit: Int, _ lane: Pass.Lane) -> [String: any PostgresEncodable] {
    pass.names(of: lane).merging(["limit": limit, "language": settings.language]) { $1 }
  }

  private func look(_ limit: Int, at lane: Pass.Lane) throws -> Statement {
    try entity.statement(
      [PackageResources.page_sql, PackageResources.compared_sql], PackageResources.tally_sql,
      binding: values(limit, lane))
  }

  private func write(_ limit: Int, of lane: Pass.Lane) throws -> Statement {
    try entity.statement(
      [
        PackageResources.page_sql, PackageResources.compared_sql, PackageResources.documents_sql,
        PackageResources.written_sql, PackageResources.moved_sql,
      ], PackageResources.tally_sql, binding: values(limit, lane))
  }

  /// Makes a dead letter of the next document, and passes it by.
  private func setAside(
    _ error: PostgresError.ServerError, of lane: inout Pass.Lane, _ run: JobRun
  ) async throws {
    let next = try entity.statement(
      [PackageResources.page_sql], PackageResources.next_id_sql, binding: values(1, lane))
    let (after, isPresent) = try await run.transaction { [lane] session in
      let id: String
      do { id = try session.query(next).only().value("id") } catch PostgresError.server(let reason) {
        // Not even its id can be read: it is the file that fails.
        throw SQLFile.Failure(entity.describe(reason, in: next))
      }
      let isPresent: Bool = try session.query(
        """
        select exists (select from search_documents where entity = \(entity.name) and entity_id = \(id)) as is_present
        """
      ).only().value("is_present")
      if !run.isDryRun {
        try session.execute(
          """
          update oneshot.reindex_cursors
          set after_id = \(id), present = present + \(isPresent)::integer, moved_at = now()
          where mode = \(pass.mode.rawValue) and entity = \(entity.name) and shard = \(pass.shard.index)
            and lane = \(lane.number)
          """)
      }
      try run.reject([.unindexable(id, in: entity, error)], in: session)
      return (id, isPresent)
    }
    progress.add(Tally(read: 1, failed: 1), to: entity.name)
    lane.after = after
    lane.present += isPresent ? 1 : 0
  }
}

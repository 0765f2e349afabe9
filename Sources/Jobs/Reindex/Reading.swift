import JobRuntime
import Postgres

/// Reads lanes to their end, a page in each transaction.
///
/// A page that fails is read again in halves, until the document is found that it fails for.
///
/// No page but a lane's last one waits until it is on the server's disk: a server that crashes may lose the last pages,
/// each with the move of the cursor. So each transaction looks whether the cursor stands where the page before left it.
struct Reading: Sendable {
  let entity: Entity
  let pass: Pass
  let settings: Reindex.Settings
  let pace: Pace
  let progress: Progress

  /// - Returns: how many documents of the lane's sources are in the index.
  func read(_ lane: Pass.Lane, _ run: JobRun) async throws -> Int {
    var (lane, size, byIds) = (lane, settings.batch, false)
    while !lane.isDone {
      try Task.checkCancellation()
      let limit = try await pace.next(size, run)
      do {
        if try await read(limit, of: &lane, byIds: byIds, run) {
          size = min(settings.batch, size * 2)
        } else {
          (size, byIds) = (max(1, limit / 2), true)
        }
      } catch let lost as Pass.LostPages {
        run.log.warning(
          "the server has lost pages that were not on its disk yet; they are read again",
          ["entity": .string(entity.name), "lane": .integer(Int64(lane.number))])
        lane = lost.lane
      }
      let report = progress.report
      try run.checkpoint(report)
      run.log.progress("read", report.tally.read)
    }
    return lane.present
  }

  /// - Returns: whether the page is done; if not, a document in it fails.
  private func read(_ limit: Int, of lane: inout Pass.Lane, byIds: Bool, _ run: JobRun) async throws -> Bool {
    do {
      try await readPage(limit, of: &lane, byIds: byIds, run)
    } catch let PostgresError.server(error) where error.state.isOfOneDocument {
      guard byIds, limit == 1 else { return false }
      try await setAside(error, of: &lane, run)
    }
    return true
  }

  private func readPage(_ limit: Int, of lane: inout Pass.Lane, byIds: Bool, _ run: JobRun) async throws {
    let (parts, last) = pass.action.parts(byIds: byIds)
    let statement = try entity.statement(parts, last, binding: values(limit, lane)).limited(to: run.timeLeft)
    let batch = try await entity.owning(errorsIn: statement, but: \.isOfOneDocument) {
      try await run.transaction { [lane] tx in
        let batch = try Batch(answer(to: statement, lane, tx.session), of: entity, pass.action)
        try tx.reject(batch.failures)
        if batch.tally.read < limit, pass.action.keepsCursor {
          try tx.query("set local synchronous_commit to default")
        }
        return batch
      }
    }
    progress.add(batch.tally, to: entity)
    lane.present += batch.present
    lane.after = batch.last ?? lane.after
    lane.isDone = batch.tally.read < limit
  }

  /// The rows of a statement that continues at the lane's cursor.
  ///
  /// - Throws: `Pass.LostPages` when it stands elsewhere.
  private func answer(to statement: Statement, _ lane: Pass.Lane, _ session: borrowing Session) throws -> Rows {
    guard pass.action.keepsCursor else { return try session.read([statement], of: entity.file)[0] }
    let answers = try session.read([pass.cursor(of: lane), statement], of: entity.file)
    guard let row = answers[0].first else {
      throw JobFailure(
        .failover, "the server has lost the position of this pass over \(entity.name)",
        hint: "A failover to a replica that had not received it, or a restore. The next run starts from scratch.")
    }
    let stored = try Pass.Lane(row)
    guard stored.after.map(ExactName.init) == lane.after.map(ExactName.init) else { throw Pass.LostPages(lane: stored) }
    return answers[1]
  }

  private func values(_ limit: Int, _ lane: Pass.Lane) -> [String: any PostgresEncodable] {
    pass.names(of: lane).merging([
      "limit": limit, "language": settings.language, "compares": pass.action != .load,
    ]) { $1 }
  }

  /// Makes a dead letter of the next document, and passes it by.
  private func setAside(
    _ error: PostgresError.ServerError, of lane: inout Pass.Lane, _ run: JobRun
  ) async throws {
    let next = try entity.statement(
      [.pageByIDs], .firstID, binding: values(1, lane))
    let (id, isPresent) = try await run.transaction { [lane] tx in
      let id: String
      do { id = try answer(to: next, lane, tx.session).only().value("id") } catch PostgresError.server(let reason) {
        // Not even its id can be read: it is the file that fails.
        throw SQLFile.Failure(entity.describe(reason, in: next))
      }
      let stored: Statement =
        pass.action == .load
        ? """
        with carried as (
          insert into search_documents_new
          select * from search_documents where entity = \(entity.name) and entity_id = \(id) returning 1)
        select exists (select from carried) as is_present
        """
        : """
        select exists (select from search_documents where entity = \(entity.name) and entity_id = \(id)) as is_present
        """
      let isPresent: Bool = try tx.query(stored).only().value("is_present")
      if pass.action.keepsCursor {
        try tx.execute(
          """
          update oneshot.reindex_cursors
          set after_id = \(id), present = present + \(isPresent)::integer, moved_at = now()
          where mode = \(pass.key) and entity = \(entity.name) and shard = \(pass.shard.index)
            and lane = \(lane.number)
          """)
      }
      try tx.reject([.unindexable(id, in: entity, error)])
      return (id, isPresent)
    }
    progress.add(Tally(read: 1, failed: 1), to: entity)
    lane.after = id
    lane.present += isPresent ? 1 : 0
  }
}

import JobRuntime
import Postgres

/// Indexes documents that are known by their ids: queued ones, or those that a person names.
struct Listing: Sendable {
  struct Item: Sendable {
    let id: String
    /// The rows of the queue that end with it.
    var queued: [Int64] = []
  }

  let entity: Entity
  let language: String
  let progress: Progress

  /// Halves what fails, until the document is found that it fails for.
  func index(_ items: [Item], _ run: JobRun) async throws {
    guard let first = items.first else { return }
    try Task.checkCancellation()
    do {
      try await write(items, run)
    } catch let PostgresError.server(error) where error.state.isOfOneDocument {
      guard items.count > 1 else { return try await setAside(first, error, run) }
      let middle = items.count / 2
      try await index(Array(items[..<middle]), run)
      try await index(Array(items[middle...]), run)
    }
    try run.checkpoint(progress.report)
  }

  private func write(_ items: [Item], _ run: JobRun) async throws {
    let statement = try statement(items, isDryRun: run.isDryRun).limited(to: run.timeLeft)
    let batch = try await entity.owning(errorsIn: statement, but: \.isOfOneDocument) {
      try await run.transaction { tx in
        try finish(items, run, tx)
        let rows = try tx.session.read([statement], of: entity.file)[0]
        let batch = try Batch(rows, of: entity, Action(.ids, isDryRun: run.isDryRun))
        try tx.resolve(items.map { ItemFailure.item($0.id, in: entity) })
        try tx.reject(batch.failures)
        return batch
      }
    }
    progress.add(batch.tally, to: entity)
  }

  private func statement(_ items: [Item], isDryRun: Bool) throws -> Statement {
    try entity.statement(
      Self.parts(isDryRun: isDryRun), .tallyListed,
      binding: ["entity": entity.name, "ids": items.map(\.id), "language": language, "compares": true])
  }

  static func parts(isDryRun: Bool) -> [SQLFragment] {
    [.listed, .done, .compared, .gone] + (isDryRun ? [] : [.documents, .written, .goneRemoved])
  }

  /// Takes the items out of the queue.
  ///
  /// What is queued from now on, for a change that this transaction may not see, stays.
  private func finish(_ items: [Item], _ run: JobRun, _ tx: borrowing Transaction) throws {
    let queued = items.flatMap(\.queued)
    guard !queued.isEmpty, !run.isDryRun else { return }
    try tx.execute(
      "delete from search_pending where entity = \(entity.name) and id = any (\(queued)::bigint[])")
  }

  private func setAside(_ item: Item, _ error: PostgresError.ServerError, _ run: JobRun) async throws {
    try await run.transaction { tx in
      try finish([item], run, tx)
      try tx.reject([.unindexable(item.id, in: entity, error)])
    }
    progress.add(Tally(read: 1, failed: 1), to: entity)
  }

  /// Those ids that are none of this entity: its source has ids of another type.
  func impossible(_ ids: [String], _ run: JobRun) async throws -> [String] {
    var impossible: [String] = []
    for id in ids {
      let question = try entity.statement(
        [.listedIDs], .noRow, binding: ["ids": [id]])
      do {
        try await entity.owning(errorsIn: question, but: \.isOfAValue) {
          try await run.reading { session in _ = try session.query(question) }
        }
      } catch PostgresError.server(let error) where error.state.isOfAValue {
        impossible.append(id)
      }
    }
    return impossible
  }
}

import JobRuntime
import Postgres
import Redis

/// Keeps Postgres full-text search documents true to their sources.
///
/// - Reads and writes: the entities' tables; `search_documents` and what belongs to it.
/// - Safe to run twice: only a document that differs from its source is written.
/// - Safe to stop halfway: each batch is its own transaction, in which the cursor moves; the next run continues there.
/// - If it is late: search finds what was there when it last ran.
@main
struct Reindex: Job {
  static let facts = JobFacts(
    name: "reindex",
    summary: "keeps full-text search documents true to their sources",
    schema: [MigrationNeed("search", 10)],
    tables: [
      TableNeed(
        "search_documents", columns: ["entity", "entity_id", "document", "source_hash", "language", "indexed_at"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed("search_languages", columns: ["language"], privileges: [.select, .insert]),
      TableNeed("search_words", columns: ["language", "word", "stems"], privileges: [.select, .insert, .delete]),
      TableNeed("oneshot.search_gone", columns: ["language", "word"], privileges: [.select, .insert, .delete]),
      TableNeed("oneshot.reindex_sharding", columns: ["shard_count"], privileges: [.select, .update]),
      TableNeed("oneshot.search_tracked", columns: ["entity", "relation", "seen"], privileges: [.select, .update]),
      TableNeed(
        "oneshot.search_unknown", columns: ["id", "entity", "reason", "shard", "shards", "pass"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed("search_pending", columns: ["id", "entity", "entity_id"], privileges: [.select, .delete]),
      TableNeed(
        "oneshot.reindex_cursors", columns: ["mode", "entity", "shard", "lane", "after_id", "upto_id"],
        privileges: [.select, .insert, .update, .delete]),
    ],
    functions: [
      FunctionNeed("oneshot.search_flush()"), FunctionNeed("oneshot.search_rebuild_abandon()"),
      FunctionNeed("oneshot.search_rebuild_start()"), FunctionNeed("oneshot.search_rebuild_index(boolean)"),
      FunctionNeed("oneshot.search_rebuild_ready()"), FunctionNeed("oneshot.search_rebuild_swap()"),
    ],
    letterKinds: [.unindexable, .unknownLanguage, .entityFailed, .untracked, .missing, .stale, .orphaned])

  let settings: Settings

  var writes: Bool { settings.mode != .verify }

  func run(_ run: JobRun) async throws -> Report {
    let inUse = try await partsInUse(run)
    var narrowed = settings
    narrowed.entities.removeAll { !inUse.isOn($0.name) }
    let settled = inUse.newlyOff
    if !settled.isEmpty, writes { try await run.transaction { tx in try tx.resolve(settled) } }
    return try await Reindex(settings: narrowed).index(run)
  }

  private func index(_ run: JobRun) async throws -> Report {
    let progress = Progress(settings.mode)
    let run = run.isDryRun || !writes ? run : try await run.keepingOtherShardCountsOut(by: "reindex_sharding")
    if let complaint = try await complaintAboutLanguage(run) { throw complaint }
    let entities = try await readable(progress, run)
    let untracked = try await Untracked.find(among: settings.entities, run)
    try await Untracked.report(untracked, among: settings.entities, run)
    if writes && !run.isDryRun { try await Untracked.noteUnseen(settings.entities, run) }
    switch settings.mode {
    case .changed:
      try await Rebuild.abandon(run)
      try await readChanged(entities, progress, run)
    case .verify:
      try await readAll(entities, progress, run)
      try await verifyLanguages(progress, run)
      try await verifyIndexes(progress, run)
      try await warnOfOthers(run)
    case .rebuild: try await rebuild(entities, progress, run)
    case .pending:
      try await Rebuild.abandon(run)
      let failed = try await readUnknown(entities, progress, run)
      try await indexQueued(entities.filter { !failed.contains($0.name) }, progress, run)
    case .ids:
      try await Rebuild.abandon(run)
      try await indexListed(entities, progress, run)
    }
    try await flush(progress, run)
    return progress.report
  }

  // MARK: Before

  /// The entities whose files can be read; the others fail alone.
  private func readable(_ progress: Progress, _ run: JobRun) async throws -> [Entity] {
    var readable: [Entity] = []
    for entity in settings.entities {
      if let failure = try await failure(reading: entity, run) {
        try await fail(entity, failure, progress, run)
      } else {
        readable.append(entity)
      }
    }
    return readable
  }

  private func fail(
    _ entity: Entity, _ failure: SQLFile.Failure, _ progress: Progress, _ run: JobRun
  ) async throws {
    run.log.warning(
      "an entity failed; the run continues with the others",
      ["entity": .string(entity.name), "error": .string(failure.description)])
    try await run.transaction { tx in
      try tx.reject([.entityFailed(entity, failure.description)])
    }
    progress.add(Tally(failed: 1), to: entity)
  }

  // MARK: Modes

  /// Reads every document of the entities, or what an earlier run has left of them.
  ///
  /// - Returns: the entities that could not be read to their end, those of which the first were read long ago, and how far
  ///   the pass is.
  @discardableResult
  func readAll(
    _ entities: [Entity], _ progress: Progress, _ run: JobRun
  ) async throws -> (failed: [Entity], old: [Entity], pass: Pass) {
    var pass = try await Pass.open(settings.mode, entities, settings, run)
    progress.noteResumption(from: pass.resumed.values.min())
    let pace = Pace(rate: settings.rate)
    var failures: [(entity: Entity, failure: SQLFile.Failure)] = []
    for entity in entities {
      do { try await pass.plan(entity, settings, run) } catch let failure as SQLFile.Failure {
        failures.append((entity, failure))
      }
    }
    for entity in entities {
      guard let last = pass.lastLane(of: entity), !last.isDone else { continue }
      let reading = Reading(entity: entity, pass: pass, settings: settings, pace: pace, progress: progress)
      let sweep = Sweep(entity: entity, pass: pass, batch: settings.batch, progress: progress)
      do {
        let present = try await run.inLanes(settings.parallel, over: pass.lanes(of: entity)) { lane, run in
          try await reading.read(lane, run)
        }.reduce(0, +)
        try await sweep.carryOut(last, present: pass.resumed[entity.name] == nil ? present : nil, run)
        if pass.action == .write { try await settle(entity, pass, run) }
      } catch let failure as SQLFile.Failure {
        failures.append((entity, failure))
      }
    }
    for (entity, failure) in failures { try await fail(entity, failure, progress, run) }
    if pass.action == .write { try await pass.end(run) }
    let failed = Set(failures.map(\.entity.name))
    return (failures.map(\.entity), entities.filter { pass.isOld($0) && !failed.contains($0.name) }, pass)
  }

  /// Reads every document; and all of an entity once more, if an earlier run had begun with it so long ago that what it
  /// read is old.
  private func readChanged(_ entities: [Entity], _ progress: Progress, _ run: JobRun) async throws {
    let old = try await readAll(entities, progress, run).old
    guard !old.isEmpty else { return }
    run.log.info("what an earlier run had read is old, so all is read again")
    try await readAll(old, progress, run)
  }

  /// Resolves the dead letters of documents that did not fail again in this pass, and removes what was noted of the entity.
  private func settle(_ entity: Entity, _ pass: Pass, _ run: JobRun) async throws {
    let old = SQLFragment(
      "old_failures.sql", PackageResources.old_failures_sql,
      [
        "entity": entity.name, "since": pass.start(of: entity), "shard": run.shard.index, "shards": run.shard.count,
      ])
    let settled = try pass.settle(entity)
    try await run.transaction { tx in
      try tx.resolve(where: old)
      try tx.execute(settled)
    }
  }

  /// Looks for languages of documents that search() does not know of.
  private func verifyLanguages(_ progress: Progress, _ run: JobRun) async throws {
    let missing: Statement = """
      select language from search_documents except select language from search_languages order by 1
      """
    let count = try await run.transaction { tx in
      let languages = try tx.query(missing.limited(to: run.timeLeft)).map {
        try $0.value("language", as: String.self)
      }
      try tx.reject(languages.map { .missingLanguage($0) })
      return languages.count
    }
    progress.noteMissing(count)
  }

  /// Looks for what the table of documents itself needs.
  private func verifyIndexes(_ progress: Progress, _ run: JobRun) async throws {
    let missing = try Statement(file: "missing_indexes.sql", PackageResources.missing_indexes_sql)
    let count = try await run.transaction { tx in
      let indexes = try tx.query(missing).map { try $0.value("what", as: String.self) }
      try tx.reject(indexes.map { .missingIndex($0) })
      return indexes.count
    }
    progress.noteMissing(count)
  }

  /// Warns of documents that search() finds and no run of these settings looks at.
  private func warnOfOthers(_ run: JobRun) async throws {
    let others: Statement = """
      select distinct entity from search_documents where entity <> all (\(settings.known)::text[]) order by 1 limit 20
      """
    for row in try await run.read(others.limited(to: run.timeLeft)) {
      run.log.warning(
        "the index has documents of an entity that this run does not know", ["entity": .string(try row.value("entity"))]
      )
    }
  }

  private func rebuild(_ entities: [Entity], _ progress: Progress, _ run: JobRun) async throws {
    guard run.shard.isWhole else {
      throw JobFailure(
        .misconfigured, "REINDEX_MODE is rebuild, and JOB_SHARD_COUNT is \(run.shard.count)",
        hint: "One process rebuilds; REINDEX_PARALLEL lets it use several connections.")
    }
    if let complaint = try await Rebuild.complaint(run) { throw complaint }
    if !run.isDryRun { try await Rebuild.start(entities, settings, run) }
    let (failed, _, pass) = try await readAll(entities, progress, run)
    guard !run.isDryRun else { return }
    for entity in failed { try await Rebuild.forget(entity, run) }
    let failedNames = Set(failed.map(\.name))
    let read = entities.filter { !failedNames.contains($0.name) }
    try await Rebuild.finish(read, settings, progress, run)
    // Not before: until the swap nothing of it is found, and what a later run drops would be missing for ever.
    run.log.debug("resolving what was rebuilt")
    for entity in read { try await settle(entity, pass, run) }
  }

  private func indexQueued(_ entities: [Entity], _ progress: Progress, _ run: JobRun) async throws {
    let waiting = try await Queue.waiting(of: settings.entities.map(\.name), run)
    for (entity, count) in waiting { progress.noteLeft(count, of: entity) }
    let pace = Pace(rate: settings.rate)
    for entity in entities {
      guard var left = waiting[entity.name], var queue = try await Queue(entity, run) else { continue }
      let listing = Listing(entity: entity, language: settings.language, progress: progress)
      do {
        while true {
          try Task.checkCancellation()
          let items = try await queue.next(pace.next(settings.batch, run), run)
          guard !items.isEmpty else { break }
          try await listing.index(items, run)
          left -= items.reduce(0) { $0 + $1.queued.count }
          progress.noteLeft(max(0, left), of: entity.name)
          try run.checkpoint(progress.report)
        }
      } catch let failure as SQLFile.Failure {
        try await fail(entity, failure, progress, run)
      }
      progress.noteLeft(try await queue.left(run), of: entity.name)
    }
    try await Queue.warnOfOthers(than: settings.known, run)
  }

  private func indexListed(_ entities: [Entity], _ progress: Progress, _ run: JobRun) async throws {
    guard let entity = entities.first else { return }
    let listing = Listing(entity: entity, language: settings.language, progress: progress)
    do {
      let impossible = try await listing.impossible(settings.ids, run)
      guard impossible.isEmpty else {
        throw JobFailure(
          .misconfigured,
          "REINDEX_IDS names something that is not an id of \(entity.name): "
            + impossible.map { "«\($0)»" }.joined(separator: ", "),
          hint: "Nothing was written.")
      }
      for start in stride(from: 0, to: settings.ids.count, by: settings.batch) {
        let ids = settings.ids[start..<min(start + settings.batch, settings.ids.count)]
        try await listing.index(ids.map { Listing.Item(id: $0) }, run)
      }
    } catch let failure as SQLFile.Failure {
      try await fail(entity, failure, progress, run)
    }
  }

  // MARK: After

  func flush(_ progress: Progress, _ run: JobRun) async throws {
    guard !run.isDryRun, writes, settings.mode != .rebuild, progress.report.tally.hasWritten else { return }
    let flush: Statement = "select oneshot.search_flush()"
    try await run.transaction { tx in try tx.query(flush.limited(to: run.timeLeft)) }
  }
}

import JobRuntime
import Postgres
import Redis

/// Keeps Postgres full-text search documents true to their sources.
///
/// - Reads and writes: the entities' tables; `search_documents` and what belongs to it.
/// - Safe to run twice: only a document that differs from its source is written.
/// - Safe to stop halfway: each batch is its own transaction, in which the cursor moves; the next run goes on there.
/// - If it is late: search finds what was there when it last ran.
@main
struct Reindex: Job {
  static let name = "reindex"
  static let summary = "keeps full-text search documents true to their sources"
  static let neededSchema = 7
  static let tables = [
    TableNeed(
      "search_documents", columns: ["entity", "entity_id", "document", "source_hash", "language", "indexed_at"],
      privileges: [.select, .insert, .update, .delete]),
    TableNeed("search_languages", columns: ["language"], privileges: [.select, .insert]),
    TableNeed("search_words", columns: ["language", "word"], privileges: [.select, .insert, .delete]),
    TableNeed("search_pending", columns: ["id", "entity", "entity_id"], privileges: [.select, .update, .delete]),
    TableNeed(
      "oneshot.reindex_cursors", columns: ["mode", "entity", "shard", "lane", "after_id", "upto_id"],
      privileges: [.select, .insert, .update, .delete]),
  ]

  struct Report: JobReport {
    let read: Int
    let inserted: Int
    let updated: Int
    let unchanged: Int
    let removed: Int
    let failed: Int
    /// The same of each entity.
    let entities: JSON

    var itemsProcessed: Int { read }

    init(_ tally: Tally, entities: JSON) {
      (read, failed) = (tally.read, tally.failed)
      (inserted, updated, unchanged, removed) = (tally.inserted, tally.updated, tally.unchanged, tally.removed)
      self.entities = entities
    }
  }

  let settings: Settings

  var variant: String { settings.mode.rawValue }

  var redisTrials: [RedisCommand] { [RedisCommand("GET", Pace.key)] }

  func run(_ run: JobRun) async throws -> Report {
    let progress = Progress()
    try await checkLanguage(run)
    let entities = try await readable(progress, run)
    switch settings.mode {
    case .changed: try await indexChanged(entities, progress, run)
    }
    return try progress.report()
  }

  private func checkLanguage(_ run: JobRun) async throws {
    let language = settings.language
    let isKnown = try await run.session { session in
      try session.query(
        """
        select exists (
          select from pg_ts_config where cfgname = \(language) and pg_ts_config_is_visible(oid)) as is_known
        """
      ).only().value("is_known", as: Bool.self)
    }
    guard !isKnown else { return }
    throw JobFailure(
      .misconfigured, "REINDEX_LANGUAGE is «\(language)», which is no text search configuration of this database",
      hint: "select cfgname from pg_ts_config lists them.")
  }

  /// The entities whose files can be read; the others fail alone.
  private func readable(_ progress: Progress, _ run: JobRun) async throws -> [Entity] {
    var readable: [Entity] = []
    for entity in settings.entities {
      do {
        let description = try entity.description()
        do { try await run.session { session in try session.query(description) } } catch PostgresError.server(let error)
          where !error.state.isTransient && error.state != .queryCanceled
        {
          throw SQLFile.Failure(entity.describe(error, in: description))
        }
        readable.append(entity)
      } catch let failure as SQLFile.Failure {
        try await fail(entity, failure, progress, run)
      }
    }
    return readable
  }

  private func fail(
    _ entity: Entity, _ failure: SQLFile.Failure, _ progress: Progress, _ run: JobRun
  ) async throws {
    run.log.warning(
      "an entity failed; what search() finds of it stays as it was",
      ["entity": .string(entity.name), "error": .string(failure.description)])
    try await run.transaction { session in
      try run.reject([.entityFailed(entity, failure.description)], in: session)
    }
    progress.add(Tally(failed: 1), to: entity.name)
  }

  // MARK: changed

  private func indexChanged(_ entities: [Entity], _ progress: Progress, _ run: JobRun) async throws {
    let pass = try await Pass.begin(
      settings.mode, entities, parallel: settings.parallel, language: settings.language, run)
    let pace = Pace(rate: settings.rate)
    for entity in entities {
      guard let last = pass.lastLane(of: entity), !last.isDone else { continue }
      let reading = Reading(entity: entity, pass: pass, settings: settings, pace: pace, progress: progress)
      do {
        let lanes = pass.lanes(of: entity)
        let count = min(settings.parallel, lanes.count)
        let present = try await run.inLanes(count) { number, run in
          var present = 0
          for index in stride(from: number, to: lanes.count, by: count) {
            present += try await reading.read(lanes[index], run)
          }
          return present
        }
        try await Sweep(entity: entity, pass: pass, batch: settings.batch, progress: progress)
          .carryOut(last, present: pass.isResumed ? nil : present.reduce(0, +), run)
        if !run.isDryRun { try await resolveOld(entity, since: pass.startedAt, run) }
      } catch let failure as SQLFile.Failure {
        try await fail(entity, failure, progress, run)
      }
    }
    try await pass.end(run)
  }

  /// Resolves the dead letters of documents that did not fail again in this pass.
  private func resolveOld(_ entity: Entity, since start: Timestamp, _ run: JobRun) async throws {
    let old = try Statement(
      file: PackageResources.old_failures_sql,
      binding: [
        "job": Self.name, "entity": entity.name, "since": start, "shard": run.shard.index, "shards": run.shard.count,
      ])
    try await run.transaction { session in
      try run.resolve(try session.query(old).map { try $0.value("item", as: String.self) }, in: session)
    }
  }
}

import JobRuntime
import Postgres

/// The table that a rebuild makes beside the one that is searched, until the one takes the other's place.
struct Rebuild: Sendable {
  /// Why there can be no rebuild: what it would lose.
  static func complaint(_ run: JobRun) async throws -> JobFailure? {
    let question: Statement = "select oneshot.search_rebuild_loses() as lost"
    let lost = try await run.read(question).only().optional("lost", as: String.self)
    return lost.map {
      JobFailure(
        .misconfigured, "a rebuild puts another table in the place of search_documents, and would lose: \($0)",
        hint: "Remove it for the time of the rebuild, or use REINDEX_MODE=changed instead.")
    }
  }

  /// Makes the table, unless an earlier run was stopped that was filling it for the same entities.
  static func start(_ entities: [Entity], _ settings: Reindex.Settings, _ run: JobRun) async throws {
    try await keepOutOfTheWay(rebuilding: true, run)
    let resume = try Pass.resumption(.rebuild, entities, language: settings.language, run)
    let resumable = try Statement(
      file: "resumable.sql", PackageResources.resumable_sql, binding: ["entities": entities.map(\.name)])
    let unaccounted: Statement = """
      delete from search_documents_new
      where entity not in (select entity from oneshot.reindex_cursors where mode = 'rebuild')
      """
    let count: Statement = "select count(*) as cursors from oneshot.reindex_cursors where mode = 'rebuild'"
    try await run.transaction { tx in
      let cursors: Int = try tx.query(count).only().value("cursors")
      // What it forgets has been filled in already, so all is done from scratch.
      let left = try tx.query(resume).count
      let state = try tx.query(resumable).only()
      guard try left > 0 && left == cursors && state.value("is_resumable") else {
        try tx.query("select oneshot.search_rebuild_start()")
        return
      }
      // Of entities that failed, or that were carried over: they are read, or carried over, again.
      if try !state.value("is_indexed") { try tx.execute(unaccounted.limited(to: run.timeLeft)) }
    }
  }

  /// Takes out again what was loaded of an entity that failed: who resumes this rebuild reads it from its beginning.
  static func forget(_ entity: Entity, _ run: JobRun) async throws {
    let loaded: Statement = "delete from search_documents_new where entity = \(entity.name)"
    let cursors: Statement = """
      delete from oneshot.reindex_cursors where mode = 'rebuild' and entity = \(entity.name)
      """
    try await run.transaction { tx in
      try tx.execute(loaded.limited(to: run.timeLeft))
      try tx.execute(cursors)
    }
  }

  /// Makes the indexes and the words of what was loaded, and puts it in the place of the old.
  ///
  /// - Parameter read: entities that were read to their end. Of all others the old documents stay.
  static func finish(
    _ read: [Entity], _ settings: Reindex.Settings, _ progress: Progress, _ run: JobRun
  ) async throws {
    let names = read.map(\.name).sorted()
    let carryOver = try Statement(file: "carry_over.sql", PackageResources.carry_over_sql, binding: ["entities": names])
    let isIndexed: Statement = """
      select exists (select from pg_index where indrelid = 'search_documents_new'::regclass) as is_indexed
      """
    try await run.transaction { tx in
      let isDone: Bool = try tx.query(isIndexed).only().value("is_indexed")
      if !isDone { try tx.execute(carryOver.limited(to: run.timeLeft)) }
    }
    run.log.debug("making the indexes")
    // The GIN index takes as long as the others together.
    let parts: [@Sendable (JobRun) async throws -> [Changes]] = [
      { run in try await makeIndexes(gin: true, settings, run) },
      { run in try await collectWords(run) },
      { run in try await makeIndexes(gin: false, settings, run) },
      { run in try await changes(names, run) },
    ]
    let counted = try await run.inLanes(min(settings.parallel, 2), over: parts) { part, run in try await part(run) }
    let ready: Statement = "select oneshot.search_rebuild_ready()"
    try await run.transaction { tx in try tx.query(ready.limited(to: run.timeLeft)) }
    run.log.debug("swapping")
    try await swap(names, run)
    // Not before: a run that ends while it waits for the swap has changed nothing.
    for change in counted.joined() {
      for entity in read where entity.name == change.entity { progress.add(change.tally, to: entity) }
    }
    try run.checkpoint(progress.report)
  }

  /// Ends this run while another installation that shares these tables does work that cannot go on beside it.
  ///
  /// Lock and fence belong to one installation each, and what one writes would be missing in the table that the other
  /// swaps in.
  ///
  /// The row of each run is in the ledger before it looks, so of two runs at least one sees the other.
  private static func keepOutOfTheWay(rebuilding isRebuilding: Bool, _ run: JobRun) async throws {
    let others = try Statement(
      file: "others_at_work.sql", PackageResources.others_at_work_sql,
      binding: ["instance": run.instance, "is_rebuilding": isRebuilding, "dead_since": run.startedAt - .minutes(1)])
    guard let other = try await run.read(others).first else { return }
    let (part, id): (String, String) = (try other.value("part"), try other.value("run_id"))
    throw JobFailure(
      .busy, "\(part), another installation with the same search tables, is at work: run \(id)",
      hint: isRebuilding
        ? "Nothing was done. A rebuild starts when no other reindex is running; let one installation keep the tables."
        : "Nothing was done. Until its rebuild has ended, what this run writes would be lost; let one installation keep the tables."
    )
  }

  private static func makeIndexes(
    gin isGIN: Bool, _ settings: Reindex.Settings, _ run: JobRun
  ) async throws -> [Changes] {
    let memory: Statement = "select set_config('maintenance_work_mem', \("\(settings.memory)MB"), true)"
    let index: Statement = "select oneshot.search_rebuild_index(\(isGIN))"
    try await run.transaction { tx in
      // Once, not for each of the connections.
      if isGIN { try tx.query(memory) }
      try tx.query(index.limited(to: run.timeLeft))
    }
    run.log.debug(isGIN ? "made the GIN index" : "made the other indexes")
    return []
  }

  private static func collectWords(_ run: JobRun) async throws -> [Changes] {
    let words = try Statement(file: "new_words.sql", PackageResources.new_words_sql).limited(to: run.timeLeft)
    try await run.transaction { tx in
      // Of an earlier run that was stopped.
      try tx.execute("delete from oneshot.search_gone")
      // Of other dictionaries: they are put in again. A stem is what the dictionaries of its time made of it.
      try tx.execute(
        "delete from search_words where stems is distinct from oneshot.search_stems(language, word)")
      try tx.execute(words)
    }
    run.log.debug("collected the words")
    return []
  }

  /// What the swap changes: of all that was loaded, by this run and by those that were stopped.
  private static func changes(_ names: [String], _ run: JobRun) async throws -> [Changes] {
    let comparison = try Statement(file: "rebuilt.sql", PackageResources.rebuilt_sql, binding: ["entities": names])
      .limited(to: run.timeLeft)
    let changes = try await run.transaction { tx in try tx.query(comparison).map(Changes.init) }
    run.log.debug("counted what changes")
    return changes
  }

  private struct Changes: Sendable {
    let entity: String
    let tally: Tally

    init(_ row: Row) throws {
      entity = try row.value("entity")
      tally = Tally(
        inserted: try row.value("inserted"), updated: try row.value("updated"), unchanged: try row.value("unchanged"),
        removed: try row.value("removed"))
    }
  }

  /// Waits for a moment in which no search is in the way: shortly, so as not to be in the way of searches, and again.
  private static func swap(_ names: [String], _ run: JobRun) async throws {
    var attempt = 1
    while try await !swap(names, run, attempt) {
      // The first time, and about once a minute.
      if attempt % 100 == 1 {
        run.log.warning(
          "searches block the swap; trying again", ["pids": .string(try await pidsInTheWay(run))])
      }
      attempt += 1
      try await Task.sleep(for: .milliseconds(Int64.random(in: 100...500)))
    }
  }

  private static func pidsInTheWay(_ run: JobRun) async throws -> String {
    let holders: Statement = """
      select coalesce(string_agg(distinct pid::text, ' ' order by pid::text), 'none any more') as pids from pg_locks
      join pg_database on pg_database.oid = database and datname = current_database()
      where granted and relation = 'search_documents'::regclass and pid <> pg_backend_pid()
      """
    return try await run.read(holders).only().value("pids")
  }

  private static func swap(_ names: [String], _ run: JobRun, _ attempt: Int) async throws -> Bool {
    // What this run knows that it has read must be read in this database, too; the rest the function looks at.
    let unread = try Statement(file: "unread.sql", PackageResources.unread_sql, binding: ["entities": names])
    // Each fifth time longer than deadlock_timeout, after which an autovacuum of the table gives way.
    let patience: Statement = """
      select set_config('lock_timeout', case when \(attempt % 5 == 0) then setting::integer + 500 else 300 end::text, true)
      from pg_settings where name = 'deadlock_timeout'
      """
    return try await run.transaction { tx in
      let lost = try tx.query(unread).map { try $0.value("entity", as: String.self) }
      guard lost.isEmpty else { throw failover("its table has not all documents of \(lost.joined(separator: ", "))") }
      do {
        try tx.pipeline(["savepoint swap", patience, "select oneshot.search_rebuild_swap()"])
        return true
      } catch PostgresError.server(let error) where error.state == .lockNotAvailable {
        try tx.query("rollback to savepoint swap")
        return false
      } catch PostgresError.server(let error) where error.state == .objectNotInPrerequisiteState {
        throw failover(error.message)
      }
    }
  }

  /// Why the table is not swapped in: not all that this run has made is in this database.
  private static func failover(_ what: String) -> JobFailure {
    JobFailure(
      .failover, "the rebuild is incomplete in this database, and search_documents stays as it was: \(what)",
      hint:
        "Start the rebuild again: it continues from what is there. After a failover to a replica that lagged, or a restore, that is less than this run had made."
    )
  }

  /// Drops the table of a rebuild that was stopped: it would be older than what this run writes.
  ///
  /// A rebuild of another installation that is still running is not touched.
  static func abandon(_ run: JobRun) async throws {
    let isThere: Statement = "select to_regclass('search_documents_new') is not null as is_there"
    guard !run.isDryRun else { return }
    try await keepOutOfTheWay(rebuilding: false, run)
    guard try await run.read(isThere).only().value("is_there", as: Bool.self) else { return }
    run.log.warning("dropping what a stopped rebuild has left")
    try await run.transaction { tx in try tx.query("select oneshot.search_rebuild_abandon()") }
  }
}

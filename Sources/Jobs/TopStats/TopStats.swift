import Feeds
import JobRuntime
import Postgres
import Redis

/// Recalculates leaderboards and publishes them as sorted sets, of which an API reads pages with `ZREVRANGE`.
///
/// - Reads and writes: the application's tables; keys `top:{board}`, `top:meta:{board}`; `top_stats_history`.
/// - Safe to run twice: a board is replaced as a whole, and a slot's history is written over.
/// - Safe to stop halfway: each board is published in one step; those that are not keep their old contents.
/// - If it is late: boards end at the moment the run was for, not at the moment it runs.
@main
struct TopStats: Job {
  static let facts = JobFacts(
    name: "top-stats",
    summary: "publishes leaderboards from Postgres in Redis",
    keepsDataInRedis: true,
    schema: [MigrationNeed("boards", 2)],
    tables: Preparation.tables(of: Preparation.allCases) + [history],
    letterKinds: [.boardFailed])

  static let history = TableNeed(
    "top_stats_history",
    columns: ["instance", "server", "key_prefix", "board", "computed_at", "rank", "member", "score"],
    privileges: [.select, .insert, .update, .delete])

  struct Report: JobReport {
    var published = 0
    /// How many of the published boards have no members.
    var emptied = 0
    var failed = 0
    var members = 0
    var historyRows = 0
    var historyRemoved = 0
    var boards: [PublishedBoard] = []

    var itemsProcessed: Int { published + failed }
  }

  struct PublishedBoard: Encodable, Sendable {
    var key: String
    var members: Int
  }

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    let inUse = try await partsInUse(run)
    let share = boards(for: run.shard)
    let boards = share.filter { inUse.isOn($0.name) }
    let windows = settings.windows
    if let widest = windows.first {
      run.setWindow(Window(start: widest.start(before: run.scheduledAt), end: run.scheduledAt))
    }
    // From now on an earlier run that was paused cannot publish over this run's results.
    try await run.claim(boards.flatMap { board in windows.map { settings.key(board.name, $0) } })
    let calculations = calculation(of: boards, run).split(into: settings.parallel)
    let calculated = try await run.snapshot(for: calculations) { calculation, session in
      try calculation.carryOut(session)
    }
    let results = boards.flatMap { board in calculated.joined().filter { $0.board == board.name } }
    run.log.debug("calculated the boards")

    var report = Report()
    for result in results {
      if let ranking = result.ranking { try await publish(result, ranking, &report, run) }
    }
    let settled = share.map(\.name).filter(inUse.newlyOff.contains)
    try await keep(results, settling: settled, &report, run)
    try await removeOldHistory(&report, run)
    return report
  }

  func calculation(of boards: [Board], _ run: JobRun) -> Calculation {
    Calculation(
      boards: boards, windows: settings.windows, moment: run.scheduledAt, limit: settings.limit,
      workMemory: settings.workMemory, boardTimeout: settings.boardTimeout, timeLeft: run.timeLeft)
  }

  private func publish(
    _ result: BoardResult, _ ranking: Ranking, _ report: inout Report, _ run: JobRun
  ) async throws {
    let (key, members) = (settings.key(result.board, result.window), ranking.members)
    try await run.publish(
      [
        Replacement(key, .sortedSet(members.map { ($0.id, $0.score) })),
        Replacement(
          settings.metaKey(result.board, result.window),
          .hash([
            ("computed_at", run.scheduledAt.rfc3339), ("window", result.window.text),
            ("window_start", result.window.start(before: run.scheduledAt).rfc3339),
            ("members", "\(members.count)"), ("run_id", run.id.description),
          ])),
      ], timeToLive: settings.timeToLive)
    report.published += 1
    report.members += members.count
    report.boards.append(PublishedBoard(key: key, members: members.count))
    if members.isEmpty {
      report.emptied += 1
      run.log.info("the board is empty: nothing happened in its window", ["key": .string(key)])
    }
    if let merging = ranking.merging { warn(of: merging, key, run) }
    try run.checkpoint(report)
  }

  private func warn(of merging: Ranking.Merging, _ key: String, _ run: JobRun) {
    run.log.warning(
      "different scores of a board are one number in Redis, which keeps doubles; these members stand by their ids",
      [
        "key": .string(key), "scores": .array(merging.scores.map { .string(String($0.prefix(60))) }),
        "number": .string(merging.number), "members": .integer(Int64(merging.members)),
      ])
  }

  /// Writes durable data: history, and which boards failed.
  ///
  /// - Parameter off: boards that are off from now on: nothing is wrong with them.
  private func keep(
    _ results: [BoardResult], settling off: [String], _ report: inout Report, _ run: JobRun
  ) async throws {
    let settings = settings
    let failures = results.compactMap { result in
      result.failure.map {
        ItemFailure(
          item: settings.item(result.board, result.window), kind: .boardFailed, message: $0,
          payload: ["board": .string(result.board), "window": .string(result.window.text)])
      }
    }
    for failure in failures {
      run.log.warning(
        "a board failed and keeps its old contents",
        ["board": .string(failure.item), "error": .string(failure.message)])
    }
    let settled =
      results.filter { $0.failure == nil }.map { settings.item($0.board, $0.window) }
      + off.flatMap { board in settings.windows.map { settings.item(board, $0) } }
    report.historyRows = try await run.transaction { tx in
      try tx.reject(failures)
      try tx.resolve(settled)
      guard settings.keepsHistory, !run.isDryRun else { return 0 }
      var written = 0
      for result in results {
        guard let members = result.ranking?.members else { continue }
        written += try tx.execute(
          Statement(
            file: "write_history.sql", PackageResources.write_history_sql,
            binding: [
              "instance": run.instance, "server": run.server, "key_prefix": settings.keyPrefix,
              "board": settings.label(result.board, result.window), "computed_at": run.scheduledAt,
              "members": members.count, "member_list": members.map(\.id), "score_list": members.map(\.score),
            ]))
      }
      return written
    }
    report.failed = failures.count
  }

  private static let historyBatch = 10_000

  private func removeOldHistory(_ report: inout Report, _ run: JobRun) async throws {
    guard let age = settings.historyKeep, !run.isDryRun else { return }
    let statement = try Statement(
      file: "remove_history.sql", PackageResources.remove_history_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.keyPrefix,
        "moment": min(run.scheduledAt, run.startedAt),
        "age_seconds": Double(age.inMilliseconds) / 1000, "batch": Self.historyBatch,
      ])
    var removed = Self.historyBatch
    while removed == Self.historyBatch {
      removed = try await run.transaction { tx in try tx.execute(statement) }
      report.historyRemoved += removed
      try run.checkpoint(report)
    }
    try await warnOfOtherServers(olderThan: age, run)
  }

  /// Warns of old rows of other Redis servers; their runs may keep them for longer.
  ///
  /// The rows of an address that is no longer used are never removed by a run.
  private func warnOfOtherServers(olderThan age: Duration, _ run: JobRun) async throws {
    let statement = try Statement(
      file: "other_servers.sql", PackageResources.other_servers_sql,
      binding: [
        "instance": run.instance, "server": run.server, "key_prefix": settings.keyPrefix,
        "moment": min(run.scheduledAt, run.startedAt), "age_seconds": Double(age.inMilliseconds) / 1000,
      ])
    for row in try await run.read(statement) {
      let remedy: String = try row.value("remedy")
      run.log.warning(
        "top_stats_history has rows of another Redis that are older than TOP_STATS_HISTORY_KEEP. If no run publishes there any more: \(remedy)"
      )
    }
  }

  /// The boards of this process's share.
  private func boards(for shard: Shard) -> [Board] {
    settings.boards.enumerated().filter { $0.offset % shard.count == shard.index }.map(\.element)
  }
}

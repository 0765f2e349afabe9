import Feeds
import JobRuntime
import Postgres
import Redis

/// Ranks the posts that are hot now and publishes the best of each window as a sorted set; the older an event is, the
/// less it counts.
///
/// - Reads and writes: the application's tables; keys `trending:{window}`, `trending:meta:{window}`.
/// - Safe to run twice: a list is replaced as a whole, and one moment has one list.
/// - Safe to stop halfway: each window is published in one step; those that are not keep their old list.
/// - If it is late: windows end at the moment the run was for, not at the moment it runs.
@main
struct Trending: Job {
  static let facts = JobFacts(
    name: "trending",
    summary: "publishes the posts that are trending now to Redis",
    keepsDataInRedis: true,
    tables: LiveRelation.allCases.map { $0.need(otherwise: "do not schedule this job") },
    letterKinds: [.sourceFailed, .scoreTooLarge])

  struct Report: JobReport {
    var published = 0
    /// How many of the published lists have no members.
    var emptied = 0
    var members = 0
    /// How many events are in the widest window.
    var events = 0
    /// How many of them have no user, where others of their source have.
    var anonymous = 0
    /// How many events of the posts that were looked at are beyond `TRENDING_PER_USER`.
    var capped = 0
    var rounds = 0
    /// How many windows could not be calculated.
    var failed = 0
    var lists: [PublishedList] = []

    var itemsProcessed: Int { published + failed }
  }

  struct PublishedList: Encodable, Sendable {
    var key: String
    var members: Int
  }

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    let windows = windows(for: run.shard)
    guard let widest = windows.first else { return Report() }
    run.setWindow(Window(start: widest.start(before: run.scheduledAt), end: run.scheduledAt))
    let sources = sourcesInUse(try await partsInUse(run))
    // What was published stays as it is.
    guard !sources.isEmpty else { return Report() }
    // From now on an earlier run that was paused cannot publish over this run's lists.
    try await run.claim(windows.map(settings.key))
    let calculation = calculation(of: windows, sources, run)
    let (results, reading) = try await run.snapshot { session in try calculation.carryOut(session) }
    run.log.debug("calculated the lists")

    var report = Report(
      events: reading.events, anonymous: reading.anonymous, capped: reading.capped, rounds: reading.rounds)
    for result in results where result.failures.isEmpty { try await publish(result, &report, run) }
    try await keep(results, &report, run)
    return report
  }

  func calculation(of windows: [TrendingWindow], _ sources: [Source], _ run: JobRun) -> Calculation {
    Calculation(
      sources: sources, settings: settings, windows: windows, moment: run.scheduledAt, timeLeft: run.timeLeft)
  }

  private func publish(_ result: WindowResult, _ report: inout Report, _ run: JobRun) async throws {
    let (window, key) = (result.window, settings.key(result.window))
    try await run.publish(
      [
        Replacement(key, .sortedSet(result.list.map { ($0.post, $0.scoreText) })),
        Replacement(
          settings.metaKey(window),
          .hash([
            ("computed_at", run.scheduledAt.rfc3339),
            ("window_start", window.start(before: run.scheduledAt).rfc3339), ("decay", window.decay.text),
            ("weights", settings.weights.text), ("members", "\(result.list.count)"), ("run_id", run.id.description),
          ])),
      ], timeToLive: settings.timeToLive)
    report.published += 1
    report.members += result.list.count
    report.lists.append(PublishedList(key: key, members: result.list.count))
    if result.list.isEmpty {
      report.emptied += 1
      run.log.info("the list is empty: nothing trends in its window", ["key": .string(key)])
    }
    try run.checkpoint(report)
  }

  /// Writes durable data: which windows and posts failed.
  private func keep(_ results: [WindowResult], _ report: inout Report, _ run: JobRun) async throws {
    let failures = results.flatMap { self.failures(of: $0) }
    let done = results.filter(\.failures.isEmpty).flatMap { self.done(in: $0) }
    for failure in failures {
      run.log.warning(
        "a window or a post failed", ["item": .string(failure.item), "error": .string(failure.message)])
    }
    report.failed = results.count { !$0.failures.isEmpty }
    try await run.transaction { tx in
      try tx.reject(failures)
      try tx.resolve(done)
    }
  }

  private func failures(of result: WindowResult) -> [ItemFailure] {
    let window = result.window.label
    return result.failures.map {
      ItemFailure(
        item: settings.item($0.source, result.window), kind: .sourceFailed, message: $0.message,
        payload: ["source": .string($0.source), "window": .string(window)])
    }
      + result.tooLarge.map {
        ItemFailure(
          item: settings.item("post \($0)", result.window), kind: .scoreTooLarge,
          message: "the score is above 4,000,000,000 points",
          payload: ["post": .string($0), "window": .string(window)])
      }
  }

  /// The items of which a published list shows that nothing is wrong with them.
  private func done(in result: WindowResult) -> [String] {
    let names = settings.sources.map(\.name) + [Pass.allSources] + result.list.map { "post \($0.post)" }
    return names.map { settings.item($0, result.window) }
  }

  /// The windows of this process's share.
  private func windows(for shard: Shard) -> [TrendingWindow] {
    settings.windows.enumerated().filter { $0.offset % shard.count == shard.index }.map(\.element)
  }
}

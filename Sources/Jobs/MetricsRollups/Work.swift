import JobRuntime
import Postgres

/// A run's way through its sources and levels.
struct Work {
  let settings: MetricsRollups.Settings
  let run: JobRun
  private var sources: [Source]
  private var kinds: [String: Source.Kind] = [:]
  private var positions: [String: Position]
  private(set) var report = MetricsRollups.Report()
  private var covered: Window?

  /// Looks at sources, time zone and positions, before anything is written.
  init(_ settings: MetricsRollups.Settings, _ run: JobRun) async throws {
    (self.settings, self.run) = (settings, run)
    let own = settings.sources.enumerated().filter { $0.offset % run.shard.count == run.shard.index }.map(\.element)
    positions = try await run.session { session in
      try Position.read(own.map(\.name), timezone: settings.timezone, session)
    }
    if settings.mode == .incremental {
      for source in own { try positions[source.name]?.check(source.name, timezone: settings.timezone) }
    }
    sources = own
    try await learnKinds()
  }

  /// Asks what each source is. One of one's own that has a mistake in it is left out, and told.
  private mutating func learnKinds() async throws {
    let (run, asked) = (run, sources)
    let (kinds, failures) = try await run.transaction { session in
      var kinds: [String: Source.Kind] = [:]
      var failures: [ItemFailure] = []
      for source in asked {
        do { kinds[source.name] = try source.kind(session) } catch let failure as SQLFile.Failure {
          failures.append(ItemFailure(item: source.name, kind: "source_failed", message: failure.description))
        }
      }
      try run.reject(failures, in: session)
      try run.resolve(kinds.keys.sorted(), in: session)
      return (kinds, failures)
    }
    self.kinds = kinds
    sources = asked.filter { kinds[$0.name] != nil }
    report.failed += failures.count
  }

  // MARK: What is to be done

  /// Finds and queues what was touched since the last run.
  mutating func notice() async throws {
    for source in sources {
      guard let position = positions[source.name], let kind = kinds[source.name] else { continue }
      try Task.checkCancellation()
      let noticing = Noticing(
        source: source, kind: kind, position: position, timezone: settings.timezone, limit: run.timeLeft)
      let scope = Noticing.Scope.new(until: run.scheduledAt, lookback: settings.lookback)
      let run = run
      let (found, failures) = try await run.transaction { session in
        do {
          let found = try noticing.carryOut(scope, isPlan: run.isDryRun, session)
          let failures = noticing.failures(found)
          try run.reject(failures, in: session)
          return (found, failures)
        } catch let failure as SQLFile.Failure {
          let failures = [ItemFailure(item: source.name, kind: "source_failed", message: failure.description)]
          try run.reject(failures, in: session)
          return (Noticing.Found(), failures)
        }
      }
      report.touchedHours += found.hours
      report.noticed += found.events
      report.failed += failures.count
      try run.checkpoint(report)
    }
  }

  // MARK: Doing it

  /// Calculates what is queued of a level, a day of it in a transaction.
  mutating func recalculate(_ granularity: Granularity) async throws {
    for source in sources {
      guard let position = positions[source.name] else { continue }
      let recalculation = Recalculation(
        source: source, granularity: granularity, timezone: settings.timezone, grid: position.grid,
        workMemory: settings.workMemory, newestFirst: settings.mode == .rebuild, limit: run.timeLeft)
      var left = try await queued(source, granularity)
      var range = Bucket(start: Source.start, end: Source.end)
      while left > 0, let step = try await self.step(recalculation, in: range) {
        report.add(step, of: granularity)
        left -= step.buckets.count
        // What failed is queued still, and not tried again by this run.
        if recalculation.newestFirst { range.end = step.span.start } else { range.start = step.span.end }
        if let period = step.period { cover(period) }
        try run.checkpoint(report)
        run.log.progress("\(granularity.rawValue) buckets left:", left)
        try Task.checkCancellation()
      }
    }
    try await tell(granularity, isDone: true)
  }

  private func step(_ recalculation: Recalculation, in range: Bucket) async throws -> Recalculation.Step? {
    let (run, mode) = (run, settings.mode)
    return try await run.transaction { session in
      guard let step = try recalculation.step(in: range, session) else { return nil }
      let failed = Set(step.failures.map(\.item))
      try run.reject(step.failures, in: session)
      try run.resolve(step.buckets.map(recalculation.item).filter { !failed.contains($0) }, in: session)
      try session.execute(
        Progress(run.id, mode, recalculation.granularity, isDone: false, step: step).statement())
      return step
    }
  }

  private func queued(_ source: Source, _ granularity: Granularity) async throws -> Int {
    try await run.session { session in
      try session.query(
        """
        select count(*) as queued from oneshot.rollup_queue
        where source = \(source.name) and granularity = \(granularity.rawValue)
        """
      ).only().value("queued")
    }
  }

  /// Keeps a level's line of the log.
  private func tell(_ granularity: Granularity, isDone: Bool) async throws {
    let progress = Progress(run.id, settings.mode, granularity, isDone: isDone, step: nil)
    try await run.transaction { session in try session.execute(progress.statement()) }
  }

  private mutating func cover(_ period: Window) {
    covered = Window(
      start: min(covered?.start ?? period.start, period.start), end: max(covered?.end ?? period.end, period.end))
    run.covers(covered)
  }
}

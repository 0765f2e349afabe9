import JobRuntime
import Postgres

extension RollupPass {
  /// Calculates the queued buckets of a level: in one transaction one day of them, or several days with little to read.
  mutating func recalculate(_ granularity: Granularity) async throws {
    try await writeProgress(granularity, isDone: false)
    for known in sources {
      let calculated = CalculatedRollups(
        source: known.source, granularity: granularity, limit: run.timeLeft)
      var recalculation = Recalculation(
        calculated: calculated, timezone: settings.timezone, workMemory: settings.workMemory,
        newestFirst: settings.mode == .rebuild, keepsEmptied: settings.onEmptied == .keep)
      var range = range.buckets(of: granularity)
      var left = try await queued(known.source, granularity)
      while left > 0, let step = try await self.step(recalculation, in: range) {
        report.add(step, of: granularity)
        left -= step.buckets.count
        // A failed bucket is still queued, and this run does not try it again.
        range = recalculation.rest(of: range, after: step)
        recalculation.adapt(to: step)
        if let period = step.period { cover(period) }
        try run.checkpoint(report)
        run.log.progress("\(granularity.rawValue) buckets left:", left)
        try Task.checkCancellation()
      }
    }
    try await writeProgress(granularity, isDone: true)
  }

  private func step(_ recalculation: Recalculation, in range: Bucket) async throws -> Recalculation.Step? {
    let (run, mode) = (run, settings.mode)
    return try await run.transaction { tx in
      guard let step = try recalculation.step(in: range, tx) else { return nil }
      try tx.reject(step.failures)
      try tx.resolve(where: recalculation.wereCalculated(by: step))
      // Only a rebuild calculates all hours of a day.
      if mode == .rebuild, recalculation.granularity == .hourly {
        try tx.resolve(where: recalculation.wereEmptied(but: step))
      }
      try tx.reject(step.kept.map(recalculation.source.emptied))
      let progress = Progress(run.id, mode, recalculation.granularity, isDone: false, step: step)
      try tx.execute(progress.statement())
      return step
    }
  }

  private func queued(_ source: Source, _ granularity: Granularity) async throws -> Int {
    try await run.read(
      """
      select count(*) as queued from oneshot.rollup_queue
      where source = \(source.name) and granularity = \(granularity.rawValue)
      """
    ).only().value("queued")
  }

  /// Counts what is still queued: of all levels, and of those that this run does.
  mutating func countQueued() async throws {
    let names = sources.map(\.source.name)
    let levels = settings.levels.map(\.rawValue)
    let counts = try await run.read(
      """
      select count(*) as queued, count(*) filter (where granularity = any (\(levels)::text[])) as behind
      from oneshot.rollup_queue where source = any (\(names)::text[])
      """
    ).only()
    (report.queued, report.behind) = (try counts.value("queued"), try counts.value("behind"))
  }

  /// Begins or ends a level's line in the log of rollups.
  private func writeProgress(_ granularity: Granularity, isDone: Bool) async throws {
    let progress = Progress(run.id, settings.mode, granularity, isDone: isDone, step: nil)
    try await run.transaction { tx in
      try tx.pipeline([Recalculation.withoutWaiting, progress.statement()])
    }
  }
}

import JobRuntime
import Postgres

extension RollupPass {
  /// Compares every bucket with its parts, and reports each that differs.
  mutating func verify() async throws {
    for known in sources {
      let (run, range, levels) = (run, range, settings.granularities)
      let (lookback, known) = (settings.lookback, known)
      let noticing = noticing(known)
      let verification: Verification
      let windows: [(granularity: Granularity, window: Bucket)]
      do {
        (verification, windows) = try await run.snapshot { session in
          let noticing = try noticing.withZoneRules(session)
          return (
            Verification(noticing: noticing, lookback: lookback), try noticing.list(range.events, levels, session)
          )
        }
      } catch let failure as SQLFile.Failure {
        try await reject([Self.failure(of: known.source, failure)])
        continue
      }
      for (done, (granularity, window)) in windows.enumerated() {
        try Task.checkCancellation()
        let finding: Verification.Finding
        do {
          finding = try await run.snapshot { session in try verification.compare(granularity, window, session) }
        } catch let failure as SQLFile.Failure {
          try await reject([
            ItemFailure(
              item: "\(known.source.name) \(granularity.rawValue) \(window.start)", kind: .bucketFailed,
              message: failure.description)
          ])
          continue
        }
        report.compared += finding.compared
        report.pending += finding.pending
        report.differences += finding.differences
        try await reject(finding.named)
        try run.checkpoint(report)
        run.log.progress("buckets compared:", done + 1, of: windows.count)
      }
    }
  }

  mutating func reject(_ failures: [ItemFailure]) async throws {
    guard !failures.isEmpty else { return }
    let run = run
    try await run.transaction { tx in try tx.reject(failures) }
    report.failed += failures.count
  }
}

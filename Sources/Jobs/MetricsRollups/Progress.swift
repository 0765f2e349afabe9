import JobRuntime
import Postgres

/// A line in the log of rollups: what a run has done for a level.
///
/// Each transaction that does some of it adds to the line.
struct Progress: Sendable {
  let run: RunID
  let mode: Mode
  let granularity: Granularity
  let isDone: Bool
  let step: Recalculation.Step?
  private var failures: [ItemFailure]

  init(
    _ run: RunID, _ mode: Mode, _ granularity: Granularity, isDone: Bool, step: Recalculation.Step? = nil
  ) {
    (self.run, self.mode, self.granularity, self.isDone, self.step) = (run, mode, granularity, isDone, step)
    failures = step?.failures ?? []
  }

  /// The same with failures outside of a step.
  func adding(_ failures: [ItemFailure]) -> Progress {
    var progress = self
    progress.failures += failures
    return progress
  }

  func statement() throws -> Statement {
    try Statement(
      file: "progress.sql", PackageResources.progress_sql,
      binding: [
        "run_id": run.description, "granularity": granularity.rawValue, "mode": mode.rawValue, "is_done": isDone,
        "period_start": step?.period?.start, "period_end": step?.period?.end, "records": step?.records ?? 0,
        "errors": failures.count, "error_message": failures.first?.message,
      ])
  }
}

/// How a run ended, as a result.
extension JobRunner {
  func succeeded(_ report: J.Report) throws -> RunResult {
    try record.count(report)
    let failed = record.rejected.summary.total
    let isWithinBudget =
      !report.exceedsBudget && settings.errorBudget.allows(failed: failed, of: report.itemsProcessed)
    return result(isWithinBudget ? .succeeded : .partial)
  }

  /// The result when the process has to end now: how the run ended, if it has.
  func lastWord(_ reason: PreparedRun.LastWord) -> RunResult {
    if let ending = record.ending { return ending }
    return switch reason {
    case .signal: result(.interrupted)
    case .deadline: result(.failed, timeIsUp)
    }
  }

  /// The result of a run that does nothing, because somebody has paused its job.
  func skipped(by pause: Ledger.Pause) -> RunResult {
    log.info(
      "the job is paused",
      [
        "until": .string(pause.until.rfc3339), "by": .string(pause.by),
        "hint": .string("End the pause: oneshot resume \(identity.job). Run once all the same: JOB_FORCE=true."),
      ])
    var result = self.result(.skipped)
    result.reason = "paused"
    result.details = [
      "paused_until": .string(pause.until.rfc3339), "paused_by": .string(pause.by),
      "pause_reason": pause.reason.map { .string($0) } ?? .null,
    ]
    return result
  }

  /// The result of a run that threw.
  func result(of error: any Error) -> RunResult {
    if surroundings.stop.signal != nil { return result(.interrupted) }
    return result(.failed, JobFailure(classifying: error))
  }

  func result(_ status: RunStatus, _ failure: JobFailure? = nil) -> RunResult {
    var result = RunResult(
      identity: identity, version: oneshotVersion, runID: runID.description, status: status,
      exitCode: exitCode(status: status, failure: failure?.kind, signal: surroundings.stop.signal),
      logicalTime: logicalTime, startedAt: startedAt)
    if let opening = record.opening { (result.fence, result.attempt) = (opening.fence, opening.attempt) }
    result.window = record.window
    result.duration = ContinuousClock.now - started
    result.isDryRun = settings.isDryRun
    (result.counts, result.details) = record.counted
    for (key, value) in record.parts?.members ?? [] { result.details = result.details.adding(key, value) }
    if let replayed = record.replayed { result.details = result.details.adding("replayed", replayed.json) }
    result.errors = record.rejected.summary.shown
    result.errorsTotal = record.rejected.summary.total
    result.error = failure
    return result
  }
}

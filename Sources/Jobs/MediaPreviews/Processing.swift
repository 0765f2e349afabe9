import JobRuntime
import Postgres

/// One run of the modes that make previews.
struct Processing: Sendable {
  let settings: MediaPreviews.Settings
  let making: Making
  let queue: Queue

  /// Makes what is due, several at once, until nothing is left that can be done within the time of the run.
  func work(_ run: JobRun) async throws -> MediaPreviews.Report {
    var report = MediaPreviews.Report()
    var place = Queue.Place.start
    let whole = run.timeLeft
    while let found = place {
      try Task.checkCancellation()
      let items = try await queue.page(settings.mode, after: found, run)
      if report.due == 0, !items.isEmpty { try await making.programs.prove() }
      let parts = try await run.inLanes(settings.parallel, over: items) { item, run in
        // Whatever is begun can be finished.
        let reserve = settings.reserve(transfers: item.transfers)
        guard run.timeLeft > reserve else {
          // Else it would wait for ever, and nobody would know.
          try Self.checkTime(whole, for: reserve)
          return MediaPreviews.Report?.none
        }
        return try await carryOut(item, run)
      }
      for part in parts { if let part { report.add(part) } }
      try run.checkpoint(report)
      run.log.progress("previews", report.due)
      place = parts.contains(where: { $0 == nil }) ? nil : queue.next(items)
    }
    return report
  }

  /// - Throws: where no item can be done within the time of the run.
  static func checkTime(_ settings: MediaPreviews.Settings, _ run: JobRun) throws(JobFailure) {
    try checkTime(run.timeLeft, for: settings.reserve(transfers: 0))
  }

  private static func checkTime(_ whole: Duration, for reserve: Duration) throws(JobFailure) {
    guard whole <= reserve else { return }
    throw JobFailure(
      .misconfigured, "JOB_TIMEOUT leaves no time for one preview, which may take \(DurationText.format(reserve))",
      hint: "Raise JOB_TIMEOUT, or lower PREVIEWS_ITEM_TIMEOUT; for presigned addresses, PREVIEWS_TRANSFER_TIMEOUT.")
  }

  private func carryOut(_ item: Item, _ run: JobRun) async throws -> MediaPreviews.Report {
    var report = MediaPreviews.Report()
    report.due = 1
    let recording = Recording(settings: settings, targets: making.targets, run: run)
    let outcome: Outcome
    do {
      let (preview, seconds) = try await making.make(item)
      report.ffmpegSeconds = seconds
      outcome = .made(preview)
    } catch let reason as Unmade {
      switch reason {
      case .impossible(let text): outcome = .impossible(text)
      case .failed(let kind, let message): outcome = .failed(kind, message)
      case .fullDisk:
        try await recording.fullDisk(item)
        throw JobFailure(
          .internal, "there is no room left in \(making.targets.path), which PREVIEWS_TARGET_DIR names",
          hint: "Make room; what is not made is still due, and the next run makes it.")
      }
    }
    guard try await recording.record(outcome, of: item) else {
      report.skippedChanged = 1
      return report
    }
    switch outcome {
    case .made(let preview):
      report.made = 1
      report.damaged = preview.isDamaged ? 1 : 0
      report.bytes = preview.bytes
    case .impossible(let reason):
      report.impossible = 1
      run.log.info("no preview is possible", ["item": .string(item.name), "reason": .string(reason)])
    case .failed(.timedOut, _): report.timedOut = 1
    case .failed: report.failed = 1
    }
    return report
  }
}
